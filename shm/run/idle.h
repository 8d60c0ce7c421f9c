// How a stage waits when there is nothing to take (design 5, protocol 3).
//
//   spin    only on a core of one's own: the processor's pause instruction, no system call
//   yield   sched_yield: on cores that stages share, 7-11 us median, five processes on two cores
//   park    futex after a look round: no processor time, 50-150 us to wake in a virtual machine
//   auto    spin on a core that no other stage names; otherwise yield, and park after a quiet spell
#pragma once

#include <cstdint>

#include "shm/msg/topology.h"
#include "shm/ring/park.h"
#include "shm/run/clock.h"

namespace pinstripe {

/// What a configured strategy becomes on this machine. `core_is_own` means that the stage is pinned
/// and no other stage of the session may run on its core.
WaitStrategy resolve_wait(WaitStrategy configured, bool core_is_own) noexcept;

/// True for strategies under which neighbours must look for a parked stage.
constexpr bool may_park(WaitStrategy resolved) noexcept {
  return resolved == WaitStrategy::kPark || resolved == WaitStrategy::kAuto;
}

class Idle {
 public:
  /// `resolved` as resolve_wait gave it; kAuto here means "yield, then park".
  Idle(WaitStrategy resolved, ParkWord& park, SessionClock clock) noexcept
      : strategy_(resolved), park_(park), clock_(clock) {}

  /// Call after a batch that did something.
  void worked() noexcept { quiet_since_ns_ = 0; }

  /// One wait. `look_again` runs a batch and returns true where it did something; it is called
  /// between announcing the park and sleeping. `sleep_limit_ns` bounds a park (heartbeats, pacing).
  template <class LookAgain>
  void wait(LookAgain&& look_again, std::int64_t sleep_limit_ns) noexcept {
    switch (strategy_) {
      case WaitStrategy::kSpin: relax(); return;
      case WaitStrategy::kYield: yield(); return;
      case WaitStrategy::kPark: break;
      case WaitStrategy::kAuto: {
        const std::int64_t now = clock_.monotonic_ns();
        if (quiet_since_ns_ == 0) quiet_since_ns_ = now;
        if (now - quiet_since_ns_ < kQuietBeforeParkNs) {
          yield();
          return;
        }
        break;
      }
    }
    if (sleep_limit_ns < kShortestParkNs) {
      yield();
      return;
    }
    ++parks_;
    park(park_, look_again, TimeNs(sleep_limit_ns));
  }
  std::uint64_t parks() const noexcept { return parks_; }

 private:
  static constexpr std::int64_t kQuietBeforeParkNs = 2 * kNsPerMs;
  static constexpr std::int64_t kShortestParkNs = 100 * kNsPerUs;

  static void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  static void yield() noexcept;

  WaitStrategy strategy_;
  ParkWord& park_;
  SessionClock clock_;
  std::int64_t quiet_since_ns_ = 0;
  std::uint64_t parks_ = 0;
};

}  // namespace pinstripe
