#include "tools/session/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace pinstripe {

std::vector<int> place_stages(const Topology& topology, const std::vector<int>& allowed) {
  std::vector<int> free;
  for (const int core : allowed) {
    const bool named = std::any_of(topology.stages.begin(), topology.stages.end(),
                                   [core](const StageSpec& s) { return s.core == core; });
    if (!named) free.push_back(core);
  }
  const std::size_t unnamed = static_cast<std::size_t>(
      std::count_if(topology.stages.begin(), topology.stages.end(),
                    [](const StageSpec& s) { return s.core < 0; }));
  // Core 0 serves most interrupts: it is left free where every stage still gets one of its own.
  if (free.size() > unnamed && free.front() == 0) free.erase(free.begin());
  const std::vector<int>& pool = free.empty() ? allowed : free;
  std::vector<int> cores;
  std::size_t next = 0;
  for (const StageSpec& s : topology.stages) {
    cores.push_back(s.core >= 0 ? s.core : pool[next++ % pool.size()]);
  }
  return cores;
}

Result<void> check_cores(const Topology& topology, const std::vector<int>& allowed) {
  std::string list;
  for (const int c : allowed) list += (list.empty() ? "" : ", ") + std::to_string(c);
  for (const StageSpec& s : topology.stages) {
    if (s.core < 0 || std::find(allowed.begin(), allowed.end(), s.core) != allowed.end()) continue;
    return fail_usage("stages." + s.name + ".core: found " + std::to_string(s.core) +
                      ", allowed on this machine are " + list + "; use -1 to let 'up' choose");
  }
  return {};
}

bool ChildEnd::gave_up() const noexcept {
  return ended && WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(Exit::kFailed);
}

std::string ChildEnd::text() const {
  if (!ended) return "still running";
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const std::string filter =
        number == SIGSYS ? ": it made a system call that its filter refuses a stage" : "";
    return "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")" + filter;
  }
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

Child::Child(Child&& other) noexcept
    : name_(std::move(other.name_)), pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)), end_(other.end_) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(end_, other.end_);
  return *this;
}

Child::~Child() {
  if (pidfd_ >= 0) close(pidfd_);
}

namespace {

/// Stages that share cores hand them on with sched_yield, and whoever gets one keeps it for a
/// slice, 2.8 ms by default here. With short slices of their own stages are due again sooner. From
/// Linux 6.12 on; older kernels take no notice, and nothing depends on it.
void ask_for_short_slices() {
  struct {  // the kernel's sched_attr, which the C library does not know
    std::uint32_t size = 48, policy = 0;
    std::uint64_t flags = 0x08;  // SCHED_FLAG_KEEP_POLICY: under another one this is refused
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t slice_ns = 100'000, deadline = 0, period = 0;
  } attributes;
  static_assert(sizeof(attributes) == 48);
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(int program, char* const* argv, int core, int log, pid_t parent,
                         int report) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // the parent died before the line above
  setpgid(0, 0);                      // Ctrl-C reaches the supervisor, which stops in order
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (log >= 0) dup2(log, STDERR_FILENO);
  if (core >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    sched_setaffinity(0, sizeof(set), &set);
    ask_for_short_slices();
  }
  syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
  const int error = errno;
  (void)!write(report, &error, sizeof(error));
  _exit(127);
}

}  // namespace

Result<Child> Child::spawn(std::string name, const Program& program,
                           const std::vector<std::string>& arguments, int core,
                           const std::string& log_file) {
  const int log = log_file.empty()
                      ? -1
                      : open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    return fail("cannot make a pipe: " + std::string(std::strerror(errno)));
  }
  std::vector<char*> argv{const_cast<char*>(program.path().c_str())};
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(program.fd(), argv.data(), core, log, parent, report[1]);
  close(report[1]);
  if (log >= 0) close(log);
  int exec_error = pid < 0 ? errno : 0;
  if (pid > 0 && read(report[0], &exec_error, sizeof(exec_error)) <= 0) exec_error = 0;
  close(report[0]);
  if (exec_error != 0) {
    if (pid > 0) waitpid(pid, nullptr, 0);
    return fail("cannot start '" + program.path() + "': " + std::strerror(exec_error));
  }
  Child child;
  child.name_ = std::move(name);
  child.pid_ = pid;
  child.pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return child;
}

const ChildEnd& Child::poll() {
  if (pid_ > 0 && !end_.ended) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) end_ = ChildEnd{true, status};
  }
  return end_;
}

void Child::signal(int number) noexcept {
  if (pid_ > 0 && !end_.ended) kill(pid_, number);
}

void wait_for(Child& child, int milliseconds) {
  if (!child.running() || child.pidfd() < 0) return;
  pollfd fd{child.pidfd(), POLLIN, 0};
  ::poll(&fd, 1, milliseconds);
}

void wait_for_any(const std::vector<Child*>& children, int milliseconds) {
  std::vector<pollfd> fds;
  for (Child* c : children) {
    if (c->running() && c->pidfd() >= 0) fds.push_back({c->pidfd(), POLLIN, 0});
  }
  ::poll(fds.data(), fds.size(), milliseconds);
}

}  // namespace pinstripe
