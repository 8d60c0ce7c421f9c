// Realtime that does not step, for what waits and for what the limiter is asked with. Stamps that
// people read, or that are held against the kernel's, are machine_time.h's.
#pragma once

#include "shm/run/machine_time.h"

namespace pinstripe {

/// Nanoseconds since 1970: CLOCK_REALTIME as of this process's first call, and CLOCK_MONOTONIC
/// since. Where the machine's clock is set, it goes on as if nothing had happened.
inline std::int64_t steady_realtime_ns() noexcept {
  static const std::int64_t base = realtime_ns() - monotonic_ns();
  return base + monotonic_ns();
}

}  // namespace pinstripe
