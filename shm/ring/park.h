// Parking: how a stage sleeps until a neighbour has something for it, without losing a wake-up.
//
// THE ARGUMENT (protocol 3; tests/models/park_takeover.pml checks it).
//   publisher  store what it publishes (release); compiler barrier; load parked (relaxed)
//   parker     parked = 1; membarrier; look again; futex wait while parked == 1
// membarrier(GLOBAL_EXPEDITED) runs a full barrier on every processor that runs a registered
// process. A publisher before its load at that moment then loads parked == 1 and wakes; one after
// its load has its publication visible to the parker's second look. So one of the two sees the
// other, and the publisher pays no fence (a fence on each publish costs 75 -> 8-11 million
// messages/s).
// Bad schedules:
//   - no barrier at all: on x86 the load of `parked` passes the store of the publication in the
//     store buffer; the publisher sees 0, the parker sees nothing, and sleeps for ever.
//   - look before setting parked: a publication in between is seen by nobody.
//   - kill between clearing `parked` and the futex wake: the peer sleeps on. Whoever attaches or
//     takes over an end therefore calls wake_always, and every park is timed.
// Where membarrier is missing both sides use a full fence (`parking_uses_fences()`, said at start).
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/base/units.h"

namespace pinstripe {

/// One a stage, on its own cache line in its stage page. Neighbours read `parked` on each publish.
struct alignas(64) ParkWord {
  std::atomic<std::uint32_t> parked{0};    // 1: asleep or about to be; the futex
  std::atomic<std::uint32_t> wakes{0};     // wakes sent to this stage
  std::atomic<std::int64_t> wanted_ns{0};  // event time of the candidate that it waits for
};
static_assert(sizeof(ParkWord) == 64 && std::atomic<std::uint32_t>::is_always_lock_free);

/// Registers this process for expedited global barriers; once, at start, before it publishes or
/// parks. Returns false where the kernel has none: then this process fences instead, as must all
/// others.
bool register_membarrier() noexcept;
/// True in a process whose registration was refused or never made.
bool parking_uses_fences() noexcept;

namespace park_detail {
extern std::atomic<bool> uses_fences;
[[gnu::noinline, gnu::cold]] void wake(ParkWord& word) noexcept;
void barrier() noexcept;
/// Sleeps while parked == 1, at most `timeout`; false on time-out.
bool sleep(ParkWord& word, TimeNs timeout) noexcept;
}  // namespace park_detail

/// Publisher's side, after a publish, release or watermark. Only for peers that may park.
inline void wake_if_parked(ParkWord& word) noexcept {
  if (park_detail::uses_fences.load(std::memory_order_relaxed)) [[unlikely]] {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  // SYNC POINT parked: relaxed; pairs with park's store through the parker's membarrier.
  if (word.parked.load(std::memory_order_relaxed) != 0) [[unlikely]] park_detail::wake(word);
}

/// Attach and takeover of an end: wakes unconditionally, whatever the word says.
void wake_always(ParkWord& word) noexcept;

/// Sleeps until a neighbour wakes, at most `timeout`. `look_again` returns true where there was
/// work after all (it may do that work); then nothing sleeps. Returns false only on time-out.
template <class Ready>
bool park(ParkWord& word, Ready&& look_again, TimeNs timeout) noexcept {
  // SYNC POINT parked: the store comes before the barrier, the second look after it.
  word.parked.store(1, std::memory_order_seq_cst);
  park_detail::barrier();
  if (look_again()) {
    word.parked.store(0, std::memory_order_relaxed);
    return true;
  }
  return park_detail::sleep(word, timeout);
}

}  // namespace pinstripe
