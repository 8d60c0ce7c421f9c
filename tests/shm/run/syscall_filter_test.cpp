// The filter of system calls that features, models and risk run under: each test forks a child that
// installs the real one and then tries something.
#include "shm/run/syscall_filter.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shm/ring/park.h"
#include "shm/run/process.h"

namespace pinstripe {
namespace {

constexpr int kNoFilter = 77;

struct ChildReport {
  int status = 0;       // as waitpid gives it
  std::string written;  // to standard error
  bool died_of(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  bool ended(int exit) const { return WIFEXITED(status) && WEXITSTATUS(status) == exit; }
};

/// Runs `body` in a child; its result is the child's exit status.
ChildReport in_child(const std::function<int()>& body) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    _exit(body());
  }
  close(ends[1]);
  ChildReport report;
  std::array<char, 512> text{};
  for (ssize_t n = 0; (n = read(ends[0], text.data(), text.size())) > 0;) {
    report.written.append(text.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  waitpid(pid, &report.status, 0);
  return report;
}

/// The same behind the filter.
ChildReport behind_filter(const std::function<int()>& body) {
  return in_child([&] { return filter_system_calls().empty() ? body() : kNoFilter; });
}

/// A call that must end the process, with arguments with which it would succeed or do no harm.
struct RefusedCall {
  const char* name;
  long number;
  std::array<long, 6> arguments;
  bool named = true;  // the last words name it
};

long pointer(const void* p) { return reinterpret_cast<long>(p); }

std::vector<RefusedCall> refused_calls() {
  static const char* const kNoArguments[] = {nullptr};
  static char page[4096];
  const long self = pointer("/proc/self/exe");
  const long null = pointer("/dev/null");
  return {
      {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
      {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, pointer(page)}},
      {"connect", SYS_connect, {2, pointer(page), 16}},
      {"bind", SYS_bind, {2, pointer(page), 16}},
      {"sendto", SYS_sendto, {2, pointer(page), 1}},
      {"sendmsg", SYS_sendmsg, {2, pointer(page), 0}},
      {"recvmsg", SYS_recvmsg, {2, pointer(page), 0}},
      {"openat", SYS_openat, {-100, null, 0}},
      {"openat2", SYS_openat2, {-100, null, pointer(page), 24}},
      {"memfd_create", SYS_memfd_create, {pointer("x"), 0}},
      {"execve", SYS_execve, {self, pointer(kNoArguments), pointer(kNoArguments)}},
      {"execveat", SYS_execveat, {-100, self, pointer(kNoArguments), pointer(kNoArguments), 0}},
      {"ptrace", SYS_ptrace, {0}},
      {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0, 0, 0, 0}},
      {"process_vm_writev", SYS_process_vm_writev, {1, 0, 0, 0, 0, 0}},
      {"io_uring_setup", SYS_io_uring_setup, {1, pointer(page)}},
      {"io_uring_enter", SYS_io_uring_enter, {0}, false},
      {"bpf", SYS_bpf, {0, pointer(page), 0}},
      {"clone", SYS_clone, {SIGCHLD}},
      {"clone3", SYS_clone3, {pointer(page), 64}},
      {"userfaultfd", SYS_userfaultfd, {0}},
      {"kill", SYS_kill, {1, 0}},
      {"pidfd_open", SYS_pidfd_open, {1, 0}},
      {"pidfd_getfd", SYS_pidfd_getfd, {0}, false},
      {"unlinkat", SYS_unlinkat, {-100, pointer("/nothing"), 0}},
      {"prctl", SYS_prctl, {PR_GET_DUMPABLE}},
      {"seccomp", SYS_seccomp, {SECCOMP_GET_ACTION_AVAIL, 0, pointer(page)}, false},
      {"read", SYS_read, {0, pointer(page), 0}},
      {"mmap of code", SYS_mmap,
       {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}, false},
      {"mprotect to code", SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC}, false},
      {"rt_sigaction of SIGSYS", SYS_rt_sigaction, {SIGSYS, 0, 0, 8}, false},
      {"tgkill of init", SYS_tgkill, {1, 1, SIGABRT}, false},
      {"a call that no kernel has yet", 4000, {}, false},
#if defined(__x86_64__)
      {"open", SYS_open, {null, 0}},
      {"creat", SYS_creat, {null, 0}},
      {"fork", SYS_fork, {}},
      {"vfork", SYS_vfork, {}},
      {"unlink", SYS_unlink, {pointer("/nothing")}},
      {"socket by its x32 number", 0x40000000 | SYS_socket, {AF_INET, SOCK_STREAM, 0}, false},
#endif
  };
}

class SyscallFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!syscall_filter_built_in()) GTEST_SKIP() << "a sanitizer build has no filter";
    const std::string missing = syscall_filter_missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
};

TEST_F(SyscallFilterTest, EachForbiddenCallEndsTheProcessAndIsNamed) {
  for (const RefusedCall& call : refused_calls()) {
    SCOPED_TRACE(call.name);
    const auto& a = call.arguments;
    const ChildReport child = behind_filter([&] {
      syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
      return 0;
    });
    EXPECT_TRUE(child.died_of(SIGSYS)) << "status " << child.status;
    const std::string words = "refused call " + std::to_string(call.number);
    EXPECT_NE(child.written.find(words), std::string::npos) << child.written;
    if (!call.named) continue;
    EXPECT_NE(child.written.find("(" + std::string(call.name) + ")"), std::string::npos)
        << child.written;
  }
}

TEST_F(SyscallFilterTest, WithoutTheFilterTheHarmlessOfThemEndNothing) {
  const ChildReport child = in_child([] {
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    const long opened = syscall(SYS_openat, -100, "/dev/null", 0);
    return s >= 0 && opened >= 0 ? 0 : 1;
  });
  EXPECT_TRUE(child.ended(0)) << "otherwise the test above proves nothing; status " << child.status;
}

#if defined(__x86_64__)
TEST_F(SyscallFilterTest, TheOldGateOfThirtyTwoBitProgramsIsShutToo) {
  const ChildReport child = behind_filter([] {
    long result = 359;  // socket by its number there
    asm volatile("int $0x80" : "+a"(result) : "b"(AF_INET), "c"(SOCK_STREAM), "d"(0) : "memory");
    return 0;
  });
  // A kernel without that gate faults instead.
  EXPECT_TRUE(child.died_of(SIGSYS) || child.died_of(SIGSEGV)) << "status " << child.status;
}
#endif

TEST_F(SyscallFilterTest, BlockingTheSignalSavesNobody) {
  const ChildReport child = behind_filter([] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return 0;
  });
  EXPECT_TRUE(child.died_of(SIGSYS)) << "status " << child.status;
}

TEST_F(SyscallFilterTest, WhatTheLoopAndAnOrderlyEndNeedIsAllowed) {
  const ChildReport child = behind_filter([] {
    ParkWord word;
    park(word, [] { return false; }, TimeNs(kNsPerMs));
    wake_always(word);
    sched_yield();
    const timespec moment{0, 1000};
    nanosleep(&moment, nullptr);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const KernelCounts counts = kernel_counts();
    // Large enough that malloc maps, extends and gives it back.
    std::vector<std::unique_ptr<char[]>> blocks;
    for (std::size_t bytes = 16; bytes < (std::size_t{64} << 20); bytes *= 4) {
      blocks.push_back(std::make_unique<char[]>(bytes));
    }
    void* grown = std::realloc(std::malloc(std::size_t{8} << 20), std::size_t{32} << 20);
    std::free(grown);
    blocks.clear();
    std::fprintf(stderr, "last words\n");
    return getppid() > 0 && counts.minor_faults >= 0 && now.tv_sec > 0 ? 0 : 1;
  });
  EXPECT_TRUE(child.ended(0)) << "status " << child.status << " " << child.written;
  EXPECT_EQ(child.written, "last words\n");
}

TEST_F(SyscallFilterTest, AFailedCheckStillEndsByItsOwnSignal) {
  const ChildReport child = behind_filter([]() -> int { std::abort(); });
  EXPECT_TRUE(child.died_of(SIGABRT)) << "status " << child.status << " " << child.written;
}

TEST_F(SyscallFilterTest, AnOrderlyStopBySignalStillWorks) {
  const ChildReport stopped = in_child([] {
    install_stop_signals();
    const pid_t self = getpid();
    const pid_t helper = fork();
    if (helper == 0) {
      usleep(20'000);
      kill(self, SIGTERM);
      _exit(0);
    }
    if (!filter_system_calls().empty()) return kNoFilter;
    for (int i = 0; i < 500 && !stop_requested(); ++i) {
      const timespec moment{0, 10'000'000};
      nanosleep(&moment, nullptr);
    }
    return stop_requested() ? 0 : 1;
  });
  EXPECT_TRUE(stopped.ended(0)) << "status " << stopped.status << " " << stopped.written;
}

TEST_F(SyscallFilterTest, ASignalFromOutsideIsNotTakenForARefusal) {
  const ChildReport child = in_child([] {
    const pid_t self = getpid();
    if (fork() == 0) {
      usleep(20'000);
      kill(self, SIGSYS);
      _exit(0);
    }
    if (!filter_system_calls().empty()) return kNoFilter;
    const timespec moment{5, 0};
    nanosleep(&moment, nullptr);
    return 0;
  });
  EXPECT_TRUE(child.died_of(SIGSYS)) << "status " << child.status;
  EXPECT_NE(child.written.find("was sent by a process"), std::string::npos) << child.written;
}

/// A kernel without seccomp, played: its calls answer ENOSYS.
bool take_seccomp_away() {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

TEST_F(SyscallFilterTest, AKernelWithoutFiltersIsSaidSo) {
  const ChildReport child = in_child([] {
    if (!take_seccomp_away()) return kNoFilter;
    const std::string why = filter_system_calls();
    const bool same = why == syscall_filter_missing();
    return same && why.find("the kernel offers no seccomp filter") == 0 ? 0 : 1;
  });
  EXPECT_TRUE(child.ended(0)) << "status " << child.status;
}

TEST(SyscallFilterInSanitizerBuildsTest, IsOffAndSaysSo) {
  if (syscall_filter_built_in()) GTEST_SKIP() << "this is no sanitizer build";
  EXPECT_NE(filter_system_calls().find("sanitizer"), std::string::npos);
}

}  // namespace
}  // namespace pinstripe
