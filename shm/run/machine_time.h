// The machine's clocks, for tools and I/O sources: when something was logged, how long something
// took. No decision ever depends on them.
#pragma once

#include <time.h>

#include <cstdint>

#include "shm/base/units.h"

namespace pinstripe {

inline std::int64_t machine_clock_ns(clockid_t clock) noexcept {
  timespec t{};
  ::clock_gettime(clock, &t);
  return t.tv_sec * kNsPerSecond + t.tv_nsec;
}
/// Since 1970.
inline std::int64_t realtime_ns() noexcept { return machine_clock_ns(CLOCK_REALTIME); }
/// Never runs backwards; only differences mean something.
inline std::int64_t monotonic_ns() noexcept { return machine_clock_ns(CLOCK_MONOTONIC); }
inline std::int64_t monotonic_ms() noexcept { return monotonic_ns() / kNsPerMs; }
inline double monotonic_s() noexcept { return static_cast<double>(monotonic_ns()) * 1e-9; }

}  // namespace pinstripe
