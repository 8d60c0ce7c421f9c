#include "shm/limits/limiter.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "shm/limits/limits_file.h"
#include "shm/ring/session_dir.h"

namespace pinstripe {

namespace {

namespace fs = std::filesystem;

constexpr int kSpins = 20;      // a call of another takes microseconds
constexpr int kPauses = 500;    // then its holder has lost its core: 500 x 100 us
constexpr long kPauseNs = 100'000;
constexpr int kOpenTries = 40;  // at open: 40 times as long

struct Places {
  std::string segment, lock, users, file;
};

Places places_of(const LimiterOptions& options) {
  const std::string shm = options.shm_folder.empty() ? session_root() : options.shm_folder;
  const std::string state =
      options.state_folder.empty() ? limits_state_folder() : options.state_folder;
  const std::string stem = shm + "/pinstripe.limits." + std::to_string(::geteuid());
  return {stem, stem + ".lock", stem + ".users", state + "/limits.txt"};
}

/// A descriptor that closes itself until it is taken away.
struct OwnedFd {
  int fd = -1;
  explicit OwnedFd(int f) noexcept : fd(f) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd >= 0) ::close(fd);
  }
  int take() noexcept { return std::exchange(fd, -1); }
};

int open_lock(const std::string& path) noexcept {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

bool lock_in_time(int fd) noexcept {
  for (int tries = 0; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    if (tries >= kSpins + kPauses) return false;
    if (tries < kSpins) continue;  // no sched_yield: on a busy core it gives away milliseconds
    const timespec pause{0, kPauseNs};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

bool is_removed(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) != 0 || info.st_nlink == 0;
}

bool fits(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() != sizeof(LimitState)) return false;
  const auto* head = reinterpret_cast<const LimitHeader*>(bytes.data());
  return head->magic == LimitState::kMagic && head->layout_hash == limit_layout_hash();
}

/// A new, empty state that knows what the disk knows. The hash is stored last: a maker that dies
/// leaves what the next one makes anew.
Result<Segment> make_segment(const Places& places, const LimiterOptions& options,
                             std::int64_t now_ns) {
  auto segment = Segment::create(places.segment, sizeof(LimitState));
  if (!segment) return fail_within("cannot make the limiter's state", segment);
  auto& state = *reinterpret_cast<LimitState*>(segment->bytes().data());
  LimitLedger ledger(state, options.rules, options.step);
  if (auto read = read_limits_file(places.file, ledger, now_ns); !read) {
    ::unlink(places.segment.c_str());
    return fail_within("cannot restore the limiter's state", read);
  }
  state.head.magic = LimitState::kMagic;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  state.head.layout_hash = limit_layout_hash();
  return segment;
}

/// With the lock held. What is of another build, or half made, is replaced unless it is in use.
Result<Segment> open_or_make(const Places& places, const LimiterOptions& options, int users_fd,
                             std::int64_t now_ns) {
  std::error_code error;
  if (!fs::exists(places.segment, error)) return make_segment(places, options, now_ns);
  auto segment = Segment::open(places.segment, false);
  if (segment && fits(segment->bytes())) return segment;
  if (::flock(users_fd, LOCK_EX | LOCK_NB) != 0) {
    return fail("cannot use the limiter's state '" + places.segment +
                "': it was made by another build, and processes of that build use it; stop their "
                "sessions first (pinstripe down)");
  }
  fs::remove(places.segment, error);
  return make_segment(places, options, now_ns);
}

}  // namespace

Limiter::Limiter(Segment segment, int lock_fd, int users_fd, int segment_fd,
                 LimiterOptions options, std::string file) noexcept
    : segment_(std::move(segment)), lock_fd_(lock_fd), users_fd_(users_fd),
      segment_fd_(segment_fd), pid_(::getpid()), options_(std::move(options)),
      file_(std::move(file)) {}

Limiter::Limiter(Limiter&& other) noexcept
    : segment_(std::move(other.segment_)), lock_fd_(std::exchange(other.lock_fd_, -1)),
      users_fd_(std::exchange(other.users_fd_, -1)),
      segment_fd_(std::exchange(other.segment_fd_, -1)), pid_(other.pid_),
      options_(std::move(other.options_)), file_(std::move(other.file_)) {}

Limiter::~Limiter() {
  for (const int fd : {lock_fd_, users_fd_, segment_fd_}) {
    if (fd >= 0) ::close(fd);
  }
}

Result<Limiter> Limiter::open(const LimiterOptions& options, std::int64_t now_ns) {
  const Places places = places_of(options);
  if (places.file.size() > 400) return fail("the limiter's path is too long: " + places.file);
  std::error_code error;
  fs::create_directories(fs::path(places.file).parent_path(), error);
  if (error) {
    return fail("cannot make the limiter's folder '" +
                fs::path(places.file).parent_path().string() + "': " + error.message() +
                "; bans could not be remembered (XDG_STATE_HOME puts it elsewhere)");
  }
  OwnedFd lock(open_lock(places.lock)), users(open_lock(places.users));
  if (lock.fd < 0 || users.fd < 0) {
    return fail("cannot open the limiter's locks '" + places.lock + "', '" + places.users +
                "': " + std::strerror(errno));
  }
  bool locked = false;
  for (int tries = 0; tries < kOpenTries && !locked; ++tries) locked = lock_in_time(lock.fd);
  if (!locked) {
    return fail("cannot have the limiter's lock '" + places.lock +
                "': a process that uses it stands still; find it with 'pinstripe limits' or fuser");
  }
  ::flock(users.fd, LOCK_SH | LOCK_NB);
  auto segment = open_or_make(places, options, users.fd, now_ns);
  if (!segment) return std::unexpected(std::move(segment.error()));
  ::flock(users.fd, LOCK_SH | LOCK_NB);  // back from what making it anew took
  OwnedFd file(::open(places.segment.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd < 0) return fail("cannot open '" + places.segment + "': " + std::strerror(errno));
  Limiter limiter(std::move(*segment), lock.take(), users.take(), file.take(), options,
                  places.file);
  limiter.ledger().recover();
  limiter.let_go();
  return limiter;
}

/// Both files must still be there: with a lock file removed, two processes would each hold "the"
/// lock; with a state removed, two would count apart.
bool Limiter::take_lock() noexcept {
  PINSTRIPE_CHECK(pid_ == ::getpid(), "a limiter does not cross a fork; open one in the child");
  if (!lock_in_time(lock_fd_)) return false;
  if (is_removed(lock_fd_) || is_removed(segment_fd_)) {
    let_go();
    return false;
  }
  state().head.holder_pid = pid_;
  ledger().recover();
  return true;
}

void Limiter::let_go() noexcept { ::flock(lock_fd_, LOCK_UN); }

void Limiter::save(LimitLedger& ledger) noexcept {
  if (ledger.save_need() == SaveNeed::kNone) return;
  const bool sync = ledger.save_need() == SaveNeed::kSync;
  // A disk that fails must not keep cancels from being sent: counted, and shown by `limits`. The
  // leases are taken all the same, so that it is tried again at the next one, not at each request.
  if (write_limits_file(file_.c_str(), state(), sync) != 0) ++state().head.save_errors;
  ledger.take_leases();
}

Grant Limiter::request(const LimitRequest& request, std::int64_t now_ns) noexcept {
  if (!take_lock()) return {Ruling::kUnavailable, 0, now_ns, 0};
  LimitLedger ledger = this->ledger();
  Grant grant = ledger.request(request, now_ns, pid_);
  if (grant.verdict == Ruling::kQueueFull) {
    // Only now is it worth asking the kernel who of them still lives.
    const std::uint32_t gone = ledger.drop_waiters(
        [](std::int32_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; });
    if (gone > 0) grant = ledger.request(request, now_ns, pid_);
  }
  save(ledger);
  let_go();
  return grant;
}

Grant Limiter::request(const LimitScope& scope, std::uint32_t weight, Priority priority,
                       std::int64_t now_ns, std::uint64_t ticket) noexcept {
  const LimitCharge charge{scope, weight};
  LimitRequest one;
  one.charges = {&charge, 1};
  one.priority = priority;
  one.ticket = ticket;
  return request(one, now_ns);
}

bool Limiter::withdraw(std::uint64_t ticket) noexcept {
  if (!take_lock()) return false;
  ledger().withdraw(ticket);
  let_go();
  return true;
}

bool Limiter::answer(const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  if (!take_lock()) return false;
  LimitLedger ledger = this->ledger();
  const bool known = ledger.answer(answer, now_ns);
  save(ledger);
  let_go();
  return known;
}

bool Limiter::observe(const LimitReading& reading, std::int64_t now_ns) noexcept {
  if (!take_lock()) return false;
  LimitLedger ledger = this->ledger();
  const bool known = ledger.observe(reading, now_ns);
  save(ledger);
  let_go();
  return known;
}

Result<void> Limiter::clear_ban(std::string_view venue) {
  const std::string name(venue);
  if (!take_lock()) {
    return fail("cannot clear the ban of " + name + ": the limiter's lock is held by pid " +
                std::to_string(state().head.holder_pid) + ", which stands still, or its files in " +
                "shared memory were removed");
  }
  LimitLedger ledger = this->ledger();
  const bool known = ledger.clear_ban(venue);
  const int error = known ? write_limits_file(file_.c_str(), state(), true) : 0;
  let_go();
  if (!known) {
    return fail_usage("venue '" + name + "' is not known to the limiter, or was never used; "
                      "'pinstripe limits' shows those that were");
  }
  if (error != 0) {
    return fail("the ban of " + name + " is cleared, but '" + file_ + "' could not be written (" +
                std::strerror(error) + "): it would come back with the next start of the machine");
  }
  return {};
}

Result<std::unique_ptr<LimitState>> read_limit_state(const LimiterOptions& options,
                                                     std::int64_t now_ns) {
  const Places places = places_of(options);
  auto state = std::make_unique<LimitState>();
  LimitLedger ledger(*state, options.rules);
  std::error_code error;
  if (!fs::exists(places.segment, error)) {
    if (auto read = read_limits_file(places.file, ledger, now_ns); !read) {
      return std::unexpected(std::move(read.error()));
    }
    return state;
  }
  const OwnedFd lock(::open(places.lock.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (lock.fd < 0 || !lock_in_time(lock.fd)) {
    return fail("cannot have the limiter's lock '" + places.lock + "': a process that uses it "
                "stands still; nothing is granted until it goes on or is ended");
  }
  auto segment = Segment::open(places.segment, true);
  if (!segment) return std::unexpected(std::move(segment.error()));
  if (!fits(segment->bytes())) {
    return fail("'" + places.segment + "' was made by another build; look with that build");
  }
  std::memcpy(state.get(), segment->bytes().data(), sizeof(LimitState));
  ledger.recover();  // in the copy: what a killed process left half done
  return state;
}

}  // namespace pinstripe
