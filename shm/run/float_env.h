// The floating-point environment that every stage relies on (protocol 9), checked after all
// libraries have been loaded: a library that sets flush-to-zero at load would change results
// silently.
#pragma once

#include <cfenv>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "shm/base/check.h"

namespace pinstripe {

/// Stops the process unless rounding is to nearest and denormals are kept.
inline void check_float_environment() noexcept {
  PINSTRIPE_CHECK(std::fegetround() == FE_TONEAREST, "the rounding mode is not to-nearest");
#if defined(__x86_64__)
  constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
  PINSTRIPE_CHECK((_mm_getcsr() & (kFlushToZero | kDenormalsAreZero)) == 0,
                  "a library switched denormals off (FTZ or DAZ)");
#endif
}

}  // namespace pinstripe
