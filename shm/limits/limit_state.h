// The limiter's segment, to the byte. One copy a user and machine; every process maps it.
//
//   header   magic, layout hash (stored last), the last time seen, the last ticket
//   gates    8 venues: bans, back-off, circuit, counters
//   buckets  256 windows in use: venue, kind, key -> counts
//   waiters  at most 1,000, the live ones first
//   undo     what the record now being changed held before (undo_log.h)
//
// No pointers; all zero but magic and hash is a valid, empty state. Everything is read and written
// under the exclusive lock of limiter.h alone.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "shm/base/hash.h"
#include "shm/limits/venue_gate.h"
#include "shm/limits/window.h"

namespace pinstripe {

inline constexpr std::size_t kLimitVenues = 8;
inline constexpr std::size_t kLimitBuckets = 256;
inline constexpr std::size_t kLimitWaiters = 1'000;
inline constexpr std::size_t kLimitChargesMax = 6;  // buckets that one request may touch
inline constexpr std::size_t kLimitKeyMax = 47;     // characters of a key

/// One window of one scope.
struct LimitBucket {
  char venue[16] = {};              // the pool; "": free
  char key[kLimitKeyMax + 1] = {};
  LimitKind kind = LimitKind::kRequests;
  LimitCounting counting = LimitCounting::kRolling;
  std::uint8_t unused[2] = {};
  std::uint32_t limit = 0;          // of the table, as last used
  std::uint32_t reserve = 0;
  std::uint32_t said_limit = 0;     // by the venue itself; 0: nothing said
  std::int64_t window_ns = 0;
  std::int64_t guard_ns = 0;
  std::int64_t last_ns = 0;         // of the last charge
  std::int64_t lease_until_ns = 0;  // what the disk knows covers charges until then ...
  std::uint64_t lease_count = 0;    // ... up to this count
  LimitWindow window;

  WindowShape shape() const noexcept { return {counting, window_ns, guard_ns}; }
  std::uint32_t limit_now() const noexcept { return said_limit > 0 ? said_limit : limit; }
};

/// A request, or the rest of a batch, that waits.
struct LimitWaiter {
  std::uint64_t ticket = 0;      // also its place among equals
  std::int64_t expires_ns = 0;   // who has not come back by then has lost his place
  std::int32_t pid = 0;
  Priority priority = Priority::kBackground;
  std::uint8_t buckets = 0;      // how many of the following are used
  std::uint16_t bucket[kLimitChargesMax] = {};
  std::uint16_t unused = 0;
  std::uint32_t weight[kLimitChargesMax] = {};  // on each, of all that is left of the batch
};

struct UndoArea {
  static constexpr std::size_t kBytes = 16 * 1024;
  std::uint32_t used = 0;  // bytes of `data`; > 0: a change was under way
  std::uint32_t unused = 0;
  std::byte data[kBytes] = {};
};

struct LimitHeader {
  std::uint64_t magic = 0;
  std::uint64_t layout_hash = 0;  // stored last when the segment is made
  std::int64_t now_ns = 0;        // the latest time any process gave
  std::uint64_t last_ticket = 0;
  std::uint32_t waiters = 0;      // live ones, at the front of the table
  std::uint32_t buckets = 0;      // of the table so many were ever used, from the front
  std::int32_t holder_pid = 0;    // who has the lock, or had it last
  std::uint32_t late_calls = 0;   // calls in a row whose time lay far behind `now_ns` ...
  std::int64_t late_first_ns = 0;  // ... and the time that the first of them gave
  std::uint64_t clock_steps = 0;  // times the clock was set back
  std::uint64_t rolled_back = 0;  // changes that a killed process left half made
  std::uint64_t expired = 0;      // waiters that did not come back, or gave way in a full queue
  std::uint64_t save_errors = 0;  // writes to the disk that failed
};

struct LimitState {
  static constexpr std::uint64_t kMagic = 0x00534D494C4E4950ULL;  // "PINLIMS\0"

  LimitHeader head;
  std::array<VenueGate, kLimitVenues> gates;
  std::array<LimitBucket, kLimitBuckets> buckets;
  std::array<LimitWaiter, kLimitWaiters> waiters;
  UndoArea undo;
};
static_assert(std::is_trivially_copyable_v<LimitState>, "it is copied under the lock, and mapped");

/// Two builds whose state differs in size or shape never share one.
constexpr std::uint64_t limit_layout_hash() noexcept {
  Hasher h(1);  // raised with every change of meaning that no size shows
  for (const std::size_t size : {sizeof(LimitHeader), sizeof(VenueGate), sizeof(LimitBucket),
                                 sizeof(LimitWaiter), sizeof(LimitState), kLimitBuckets}) {
    h.add(size);
  }
  return h.value();
}

/// A name in a fixed field; longer text is cut.
template <std::size_t N>
void set_name(char (&field)[N], std::string_view text) noexcept {
  for (std::size_t i = 0; i < N; ++i) field[i] = i < text.size() && i + 1 < N ? text[i] : '\0';
}
template <std::size_t N>
std::string_view name_of(const char (&field)[N]) noexcept {
  std::size_t size = 0;
  while (size < N && field[size] != '\0') ++size;
  return {field, size};
}

}  // namespace pinstripe
