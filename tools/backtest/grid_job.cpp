#include "tools/backtest/grid_job.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pinstripe {
namespace {

/// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, int out, int err, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // the parent died before the line above
  setpgid(0, 0);                      // Ctrl-C reaches the parent, which stops the others
  signal(SIGPIPE, SIG_DFL);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

}  // namespace

GridJob::GridJob(const std::vector<std::string>& command)
    : out_(std::tmpfile()), err_(std::tmpfile()) {
  std::vector<char*> argv;
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  if (out_ == nullptr || err_ == nullptr) {
    problem_ = "cannot make a file for its output: " + std::string(std::strerror(errno));
    return;
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), fileno(out_.get()), fileno(err_.get()), parent);
  if (pid < 0) {
    problem_ = "cannot start '" + command.front() + "': " + std::strerror(errno);
    return;
  }
  pid_ = pid;
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

GridJob::GridJob(GridJob&& other) noexcept
    : out_(std::move(other.out_)), err_(std::move(other.err_)),
      pid_(std::exchange(other.pid_, -1)), pidfd_(std::exchange(other.pidfd_, -1)),
      end_(other.end_), problem_(std::move(other.problem_)) {}

GridJob::~GridJob() {
  if (pid_ > 0 && !end_.ended) {
    stop();
    waitpid(pid_, nullptr, 0);
  }
  if (pidfd_ >= 0) close(pidfd_);
}

bool GridJob::ended() {
  if (pid_ < 0) return true;
  int status = 0;
  if (!end_.ended && waitpid(pid_, &status, WNOHANG) == pid_) end_ = ChildEnd{true, status};
  return end_.ended;
}

std::string GridJob::end_text() const { return problem_.empty() ? end_.text() : problem_; }

void GridJob::stop() noexcept {
  if (pid_ > 0 && !end_.ended) kill(pid_, SIGTERM);
}

std::string GridJob::text_of(std::FILE* file) {
  std::string text;
  if (file == nullptr) return text;
  std::rewind(file);
  char part[65'536];
  for (std::size_t n = 0; (n = std::fread(part, 1, sizeof(part), file)) > 0;) text.append(part, n);
  return text;
}

std::string GridJob::last_complaint() const {
  std::string text = text_of(err_.get());
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace pinstripe
