// Modelled latency of a stage in recorded sessions (trading.md 3): a base plus a seeded tail, so
// that some signals do go stale. Counter-based: depends on no call order and survives restarts.
#pragma once

#include <cstdint>

#include "shm/base/hash.h"
#include "shm/base/units.h"

namespace pinstripe {

/// Delay of message n = base, plus, with probability `tail_probability`, up to `tail_ns` more.
/// `base_ns` may be negative on the feed's exec port (venue time lies before arrival).
struct DelayModel {
  std::int64_t base_ns = 0;
  double tail_probability = 0;  // 0..1
  std::int64_t tail_ns = 0;     // >= 0
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;     // ring id

  /// No message of this output is delayed less.
  TimeNs least() const noexcept { return TimeNs(base_ns); }

  TimeNs delay_of(std::uint64_t n) const noexcept {
    if (tail_probability <= 0) return TimeNs(base_ns);
    const double u = to_unit_interval(random_draw(seed, stream, n, 0));
    if (u >= tail_probability) return TimeNs(base_ns);
    const double v = to_unit_interval(random_draw(seed, stream, n, 1));
    return TimeNs(base_ns + static_cast<std::int64_t>(v * static_cast<double>(tail_ns)));
  }
};

}  // namespace pinstripe
