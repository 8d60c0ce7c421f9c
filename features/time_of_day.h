// Sine and cosine of the time of day (UTC), with the same bits on every machine.
#pragma once

#include <cstdint>

namespace pinstripe {

struct SineCosine {
  double sine = 0;
  double cosine = 1;
};

/// Of the angle 2 pi (time within its UTC day / 24 h). Within 1e-15. Taylor polynomials on [0,
/// pi/4] after an exact reduction in integer nanoseconds; no libm.
SineCosine time_of_day(std::int64_t now_ns) noexcept;

}  // namespace pinstripe
