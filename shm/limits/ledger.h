// The rules of the limiter over its state, without lock, clock or file: who may send, who waits.
//
// A request of priority p that touches bucket b is granted when, for each b,
//     used(b) + what waits ahead of it on b + its weight  <=  ceiling of p on b
// Ahead are waiters of a higher priority, and equals with an earlier ticket: so a small request
// never starves a large one of the same rank, and the background never starves a resync.
// Every change goes through the undo log; a kill between any two instructions leaves a state that
// either granted (and counted) or did not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "shm/limits/limit_state.h"
#include "shm/limits/rules.h"
#include "shm/limits/undo_log.h"

namespace pinstripe {

/// What must be on disk before the caller hears the answer.
enum class SaveNeed : std::uint8_t { kNone, kWrite, kSync };

/// At most `count` in use, the last of it at `until_ns`. Count 0: nothing in use.
struct LimitLease {
  std::uint64_t count = 0;
  std::int64_t until_ns = 0;
};

class LimitLedger {
 public:
  /// A waiter who comes this much later than he was told has lost his place.
  static constexpr std::int64_t kGraceNs = 200 * kNsPerMs;
  /// Asked again at the earliest after this.
  static constexpr std::int64_t kTurnNs = kNsPerMs;
  /// A time so far behind the latest is a late caller's (he read the clock, then stood still), or
  /// that of a clock that was set back: after so many in a row that themselves moved on by so much.
  static constexpr std::int64_t kClockStepNs = kNsPerSecond;
  static constexpr std::uint32_t kLateCalls = 16;
  /// Windows at least this long are known to the disk (shorter ones have passed after a restart).
  static constexpr std::int64_t kSavedWindowNs = 60 * kNsPerSecond;
  /// The disk knows of a venue's activity for so long ahead.
  static constexpr std::int64_t kActiveNs = 5 * kNsPerSecond;
  /// The longest window that the disk does not know, guard included: waited out after a restart.
  static constexpr std::int64_t kUnsavedWindowNs = 11 * kNsPerSecond;

  LimitLedger(LimitState& state, std::span<const LimitRule> rules, UndoStep step = {}) noexcept
      : state_(state), rules_(rules), undo_(state, step) {}

  /// Puts back what a killed process left half done. Before anything else under a new lock.
  void recover() noexcept;

  Grant request(const LimitRequest& request, std::int64_t now_ns, std::int32_t pid = 0) noexcept;
  /// The wait is over: nobody will ask again.
  void withdraw(std::uint64_t ticket) noexcept;
  /// Removes waiters for whom `gone(pid)`; how many.
  template <class Gone>
  std::uint32_t drop_waiters(Gone gone) noexcept;
  /// False where no rule knows the venue.
  bool answer(const VenueAnswer& answer, std::int64_t now_ns) noexcept;
  bool observe(const LimitReading& reading, std::int64_t now_ns) noexcept;
  /// The operator's word; false where the venue was never used.
  bool clear_ban(std::string_view venue) noexcept;

  /// What the calls since `take_leases` ask of the disk.
  SaveNeed save_need() const noexcept { return save_; }
  /// What the disk is told of a bucket: more than is used, so that not each charge is a write.
  static LimitLease lease_of(const LimitBucket& bucket, std::int64_t now_ns) noexcept;
  /// The disk has been told the leases as of the state's time: charges up to them need no write.
  /// After the write, never before: a kill in between leaves a disk that knows more.
  void take_leases() noexcept;
  /// From the disk, into an empty state.
  void restore_gate(const VenueGate& saved, std::int64_t now_ns) noexcept;
  void restore_bucket(const LimitBucket& saved, std::uint64_t count, std::int64_t now_ns) noexcept;

  /// Kept on disk: long windows of things that outlive a process.
  static bool is_saved(const LimitBucket& bucket) noexcept;
  LimitState& state() noexcept { return state_; }

 private:
  struct Need {
    LimitBucket* bucket;
    std::uint32_t weight;  // of one of the batch
  };
  struct Plan {
    VenueGate* gate = nullptr;
    Need needs[kLimitChargesMax] = {};
    std::size_t size = 0;
    bool is_stream = true;  // every charge is of the streams' host
  };
  struct Room {
    std::uint32_t count = 0;
    bool never = false;
  };

  std::int64_t settle_time(std::int64_t now_ns) noexcept;
  void step_clock_back(std::int64_t now_ns) noexcept;
  void drop_expired(std::int64_t now_ns) noexcept;

  // ledger_buckets.cpp
  Ruling make_plan(const LimitRequest& request, std::int64_t now_ns, Plan& plan) noexcept;
  bool add_need(Plan& plan, LimitBucket& bucket, std::uint32_t weight) noexcept;
  VenueGate* gate_of(std::string_view venue) noexcept;
  bool applies(const LimitRule& rule, const LimitScope& scope) const noexcept;
  LimitBucket* bucket_of(const LimitRule& rule, std::string_view key, std::int64_t now_ns) noexcept;
  LimitBucket* free_bucket(std::int64_t now_ns) noexcept;
  bool is_waited_for(const LimitBucket& bucket) const noexcept;

  // ledger.cpp
  Room room_for(const Plan& plan, const LimitRequest& request, std::uint64_t ticket,
                std::int64_t now_ns) const noexcept;
  void charge(Plan& plan, Priority priority, std::uint32_t count, std::int64_t now_ns) noexcept;
  Grant settled_request(const LimitRequest& request, std::int64_t now_ns,
                        std::int32_t pid) noexcept;
  std::int64_t free_at(const Plan& plan, const LimitRequest& request, std::uint64_t ticket,
                       std::int64_t now_ns) const noexcept;
  Grant wait_or_refuse(const Plan& plan, const LimitRequest& request, Grant grant,
                       std::int64_t now_ns, std::int32_t pid) noexcept;
  Grant refuse(VenueGate* gate, std::uint64_t ticket, Grant grant) noexcept;
  std::uint64_t ahead(const LimitBucket& bucket, Priority priority,
                      std::uint64_t ticket) const noexcept;
  void give_way(Priority priority) noexcept;
  LimitWaiter* waiter_of(std::uint64_t ticket) noexcept;
  void remove_waiter(LimitWaiter& waiter) noexcept;
  void need_save(SaveNeed need) noexcept { save_ = need > save_ ? need : save_; }

  LimitState& state_;
  std::span<const LimitRule> rules_;
  UndoLog undo_;
  SaveNeed save_ = SaveNeed::kNone;
};

template <class Gone>
std::uint32_t LimitLedger::drop_waiters(Gone gone) noexcept {
  std::uint32_t dropped = 0;
  for (std::uint32_t i = state_.head.waiters; i-- > 0;) {
    if (!gone(state_.waiters[i].pid)) continue;
    remove_waiter(state_.waiters[i]);
    undo_.commit();
    ++dropped;
  }
  return dropped;
}

}  // namespace pinstripe
