// The limiter of the machine: the ledger in shared memory, one process at a time.
//
//   <shm root>/pinstripe.limits.<uid>         the state (limit_state.h)
//   <shm root>/pinstripe.limits.<uid>.lock    exclusive flock around each call
//   <shm root>/pinstripe.limits.<uid>.users   shared flock for as long as a Limiter is open
//   <state folder>/limits.txt                 what outlives shared memory (limits_file.h)
//
// The lock is an flock: the kernel lets go of it when its holder can store no more, and what a
// killed holder left half done is put back (undo_log.h). A holder that stands still (SIGSTOP in
// those microseconds) holds the others up for about 50 ms a call; they are then told
// kUnavailable, and nothing is sent.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/limits/ledger.h"
#include "shm/ring/segment.h"

namespace pinstripe {

struct LimiterOptions {
  std::string shm_folder;    // "": where sessions lie (session_root)
  std::string state_folder;  // "": limits_state_folder
  std::span<const LimitRule> rules = venue_limit_rules();
  UndoStep step;             // tests: where a kill may strike
};

/// Not for two threads at once, and not across a fork: each opens its own.
class Limiter {
 public:
  /// Opens the state, or makes it from what the disk remembers. Allocates; the calls below do not.
  static Result<Limiter> open(const LimiterOptions& options, std::int64_t now_ns);

  Grant request(const LimitRequest& request, std::int64_t now_ns) noexcept;
  /// One request of one scope.
  Grant request(const LimitScope& scope, std::uint32_t weight, Priority priority,
                std::int64_t now_ns, std::uint64_t ticket = 0) noexcept;
  /// Nobody will ask again with this ticket. False where the lock could not be had: the ticket then
  /// runs out by itself.
  bool withdraw(std::uint64_t ticket) noexcept;
  /// Each answer of the venue, also none at all. False: no such venue, or no lock.
  bool answer(const VenueAnswer& answer, std::int64_t now_ns) noexcept;
  /// What its headers, or exchangeInfo, say. False: no such window, or no lock.
  bool observe(const LimitReading& reading, std::int64_t now_ns) noexcept;
  /// The operator ends bans, back-off and an open circuit of a venue.
  Result<void> clear_ban(std::string_view venue);

  const std::vector<std::string>& warnings() const noexcept { return segment_.warnings(); }

  Limiter(Limiter&& other) noexcept;
  Limiter& operator=(Limiter&&) = delete;
  ~Limiter();

 private:
  Limiter(Segment segment, int lock_fd, int users_fd, int segment_fd, LimiterOptions options,
          std::string file) noexcept;
  LimitState& state() noexcept { return *reinterpret_cast<LimitState*>(segment_.bytes().data()); }
  LimitLedger ledger() noexcept { return {state(), options_.rules, options_.step}; }
  bool take_lock() noexcept;
  void let_go() noexcept;
  /// Tells the disk what the ledger's calls ask for; with the lock held.
  void save(LimitLedger& ledger) noexcept;

  Segment segment_;
  int lock_fd_ = -1, users_fd_ = -1, segment_fd_ = -1;
  std::int32_t pid_ = 0;
  LimiterOptions options_;
  std::string file_;
};

/// A copy of the state for those who look on: from shared memory, else from the disk, else empty.
Result<std::unique_ptr<LimitState>> read_limit_state(const LimiterOptions& options,
                                                     std::int64_t now_ns);

}  // namespace pinstripe
