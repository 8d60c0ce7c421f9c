#include "shm/ring/end_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

namespace pinstripe {

namespace {

// `holder` takes a shared lock for an instant; a claimant that meets it tries again.
constexpr int kClaimTries = 20;
constexpr long kClaimPauseNs = 2'000'000;

void pause_briefly() noexcept {
  const timespec t{0, kClaimPauseNs};
  ::nanosleep(&t, nullptr);
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

struct ProcStat {
  char state = 'X';
  std::uint64_t start_ticks = 0;
};

/// State and start time of a process; nothing when there is none.
std::optional<ProcStat> read_stat(int pid) {
  const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
  const auto close = line.rfind(')');  // the program's name may hold anything
  if (close == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(close + 1));
  ProcStat stat;
  std::string skipped;
  rest >> stat.state;
  for (int field = 4; field < 22; ++field) rest >> skipped;
  rest >> stat.start_ticks;
  if (!rest) return std::nullopt;
  return stat;
}

std::string read_token_text(int fd) {
  char buffer[512];
  const ssize_t n = ::pread(fd, buffer, sizeof(buffer), 0);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

ProcessToken parse_token(const std::string& text) {
  ProcessToken t;
  std::istringstream in(text);
  in >> t.pid >> t.start_ticks >> t.boot_id >> t.program;
  return t;
}

std::string format_token(const ProcessToken& t) {
  return std::to_string(t.pid) + " " + std::to_string(t.start_ticks) + " " + t.boot_id + " " +
         t.program + "\n";
}

bool write_token(int fd) {
  const std::string text = format_token(ProcessToken::self());
  return ::ftruncate(fd, 0) == 0 &&
         ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

ProcessToken ProcessToken::self() {
  ProcessToken t;
  t.pid = ::getpid();
  if (const auto stat = read_stat(t.pid)) t.start_ticks = stat->start_ticks;
  t.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  if (t.boot_id.empty()) t.boot_id = "-";
  t.program = program_invocation_short_name;
  return t;
}

bool ProcessToken::alive() const {
  if (pid <= 0 || boot_id != self().boot_id) return false;
  const auto stat = read_stat(pid);
  return stat && stat->start_ticks == start_ticks && stat->state != 'Z' && stat->state != 'X';
}

std::string ProcessToken::text() const {
  if (pid <= 0) return "a process that has not named itself yet";
  std::string text = "pid " + std::to_string(pid);
  if (!program.empty()) text += " (" + program + ")";
  const auto stat = read_stat(pid);
  if (stat && stat->start_ticks == start_ticks) {
    if (stat->state == 'T' || stat->state == 't') text += ", which is stopped";
    if (stat->state == 'Z' || stat->state == 'X') text += ", which is just ending";
  }
  return text;
}

Result<EndLock> EndLock::acquire(const std::string& path, const std::string& what) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail("cannot open the lock of " + what + ", '" + path + "': " +
                          std::strerror(errno));
  EndLock lock(fd);
  for (int tries = 0; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail("cannot lock " + what + ", '" + path + "': " + std::strerror(errno));
    }
    if (tries == kClaimTries) {
      const ProcessToken holder = parse_token(read_token_text(fd));
      return fail(what + " is held by " + holder.text() +
                  "; stop that process first (pinstripe down), or wait until it has ended");
    }
    pause_briefly();
  }
  if (!write_token(fd)) {
    return fail("cannot write the token of " + what + " to '" + path + "': " +
                std::strerror(errno));
  }
  return lock;
}

std::optional<ProcessToken> EndLock::holder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return std::nullopt;
  // Shared, so that two that look do not see each other; the closing of fd drops it.
  const EndLock closes(fd);
  if (::flock(fd, LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return parse_token(read_token_text(fd));
}

EndLock::EndLock(EndLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }

EndLock& EndLock::operator=(EndLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

EndLock::~EndLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pinstripe
