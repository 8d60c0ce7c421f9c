#include "shm/run/syscall_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

namespace pinstripe {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

/// Allowed whatever their arguments. The kernel keeps a bit for each, so they cost no filter run.
constexpr long kAllowed[] = {
    // waiting and being woken: shm/ring/park.h, shm/run/idle.h, a full journal
    SYS_sched_yield, SYS_futex, SYS_membarrier, SYS_nanosleep, SYS_clock_nanosleep,
    SYS_restart_syscall, SYS_rt_sigreturn,
    // who and when: where the clock is not read in user space, it is a call
    SYS_clock_gettime, SYS_gettimeofday, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getcpu,
    SYS_getrusage,
    // the last words, and giving back what was held
    SYS_write, SYS_writev, SYS_close, SYS_munmap, SYS_brk, SYS_madvise, SYS_mremap, SYS_munlock,
    SYS_getrandom,  // malloc's own key
    SYS_rt_sigprocmask, SYS_exit, SYS_exit_group};

/// What a stage that does not run its own code is likely to try; others show as a number.
struct CallName {
  long number;
  const char* name;
};
constexpr CallName kNames[] = {
    {SYS_socket, "socket"},       {SYS_socketpair, "socketpair"},
    {SYS_connect, "connect"},     {SYS_bind, "bind"},
    {SYS_sendto, "sendto"},       {SYS_sendmsg, "sendmsg"},
    {SYS_recvmsg, "recvmsg"},     {SYS_openat, "openat"},
    {SYS_openat2, "openat2"},     {SYS_memfd_create, "memfd_create"},
    {SYS_execve, "execve"},       {SYS_execveat, "execveat"},
    {SYS_ptrace, "ptrace"},       {SYS_process_vm_readv, "process_vm_readv"},
    {SYS_bpf, "bpf"},             {SYS_process_vm_writev, "process_vm_writev"},
    {SYS_clone, "clone"},         {SYS_io_uring_setup, "io_uring_setup"},
    {SYS_clone3, "clone3"},       {SYS_userfaultfd, "userfaultfd"},
    {SYS_kill, "kill"},           {SYS_pidfd_open, "pidfd_open"},
    {SYS_mmap, "mmap"},           {SYS_mprotect, "mprotect"},
    {SYS_unlinkat, "unlinkat"},   {SYS_rt_sigaction, "rt_sigaction"},
    {SYS_tgkill, "tgkill"},       {SYS_read, "read"},
    {SYS_prctl, "prctl"},         {SYS_newfstatat, "newfstatat"},
#if defined(__x86_64__)
    {SYS_open, "open"},           {SYS_creat, "creat"},
    {SYS_fork, "fork"},           {SYS_vfork, "vfork"},
    {SYS_unlink, "unlink"},
#endif
};

/// A filter in the kernel's own little language, instruction by instruction.
class FilterCode {
 public:
  FilterCode() {
    load(offsetof(seccomp_data, arch));
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));  // numbers of another architecture
    load(offsetof(seccomp_data, nr));
  }
  void allow(long call) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  /// Where none of `bits` is set in argument `index`.
  void allow_without(long call, unsigned index, std::uint32_t bits) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4));
    load_argument(index);
    add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    refuse();
  }
  struct Wanted {
    unsigned index;       // of the argument
    std::uint32_t value;
  };
  /// Where each of the named arguments has the wanted value.
  void allow_if(long call, std::initializer_list<Wanted> wanted) {
    auto left = static_cast<std::uint8_t>(2 * wanted.size());
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
                 static_cast<std::uint8_t>(left + 2)));
    for (const Wanted& w : wanted) {
      load_argument(w.index);
      left = static_cast<std::uint8_t>(left - 2);
      add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, w.value, 0, static_cast<std::uint8_t>(left + 1)));
    }
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    refuse();
  }
  /// To the handler, which names the call; it is not made.
  void refuse() { add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)); }
  sock_fprog program() {
    return {static_cast<unsigned short>(code_.size()), code_.data()};
  }

 private:
  void add(sock_filter instruction) { code_.push_back(instruction); }
  void load(std::size_t offset) {
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  /// The low half: bits and values that are looked for lie there (little-endian machines).
  void load_argument(unsigned index) {
    load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
  }
  std::vector<sock_filter> code_;
};

FilterCode stage_filter() {
  FilterCode code;
  for (const long call : kAllowed) code.allow(call);
  code.allow_without(SYS_mmap, 2, PROT_EXEC);
  code.allow_without(SYS_mprotect, 2, PROT_EXEC);
  // abort(): the process may end itself so, and take no other signal in hand, SIGSYS least of all.
  code.allow_if(SYS_rt_sigaction, {{0, SIGABRT}});
  code.allow_if(SYS_tgkill, {{0, static_cast<std::uint32_t>(::getpid())}, {2, SIGABRT}});
  code.refuse();
  return code;
}

std::size_t append(char* text, std::size_t at, const char* more) noexcept {
  const std::size_t bytes = std::strlen(more);
  std::memcpy(text + at, more, bytes);
  return at + bytes;
}

std::size_t append_number(char* text, std::size_t at, unsigned number) noexcept {
  char digits[12];
  std::size_t first = sizeof(digits);
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  std::memcpy(text + at, digits + first, sizeof(digits) - first);
  return at + sizeof(digits) - first;
}

/// Says what was refused, then dies of it. In a signal handler: no allocation, no lock.
void on_refused(int, siginfo_t* info, void*) noexcept {
  constexpr int kFromFilter = 1;  // SYS_SECCOMP
  char text[256];
  std::size_t at = append(text, 0, "pinstripe: ");
  if (info->si_code == kFromFilter) {
    at = append(text, at, "the filter of system calls refused call ");
    at = append_number(text, at, static_cast<unsigned>(info->si_syscall));
    for (const CallName& call : kNames) {
      if (call.number != info->si_syscall) continue;
      at = append(text, at, " (");
      at = append(text, at, call.name);
      at = append(text, at, ")");
    }
  } else {
    at = append(text, at, "SIGSYS was sent by a process, not by the filter of system calls");
  }
  at = append(text, at, "; stopping\n");
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, at);
  // SA_RESETHAND has put the default back, so that the next refusal kills.
  while (true) ::syscall(SYS_socket, -1, 0, 0);
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
bool syscall_filter_built_in() noexcept { return false; }
#else
bool syscall_filter_built_in() noexcept { return true; }
#endif

std::string syscall_filter_missing() {
  const std::uint32_t action = SECCOMP_RET_TRAP;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return "";
  return std::string("the kernel offers no seccomp filter (") + std::strerror(errno) + ")";
}

std::string filter_system_calls() {
  if (!syscall_filter_built_in()) return "this is a sanitizer build, which has no seccomp filter";
  if (const std::string missing = syscall_filter_missing(); !missing.empty()) return missing;
  FilterCode code = stage_filter();
  const sock_fprog program = code.program();
  struct sigaction action {};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER;
  ::sigaction(SIGSYS, &action, nullptr);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::string("the kernel grants no filter (no_new_privs: ") + std::strerror(errno) + ")";
  }
  // Older kernels slow speculation down in filtered processes; ours runs no code of strangers.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) ==
          0 ||
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) {
    return "";
  }
  return std::string("the kernel took no seccomp filter (") + std::strerror(errno) + ")";
}

}  // namespace pinstripe
