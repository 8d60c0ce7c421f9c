// 128-bit helpers with a 256-bit middle: a product of two 128-bit numbers over a third.
#pragma once

#include "shm/base/check.h"

namespace pinstripe {

using Int128 = __int128;
using UInt128 = unsigned __int128;

constexpr Int128 abs128(Int128 v) noexcept { return v < 0 ? -v : v; }

/// Greatest common divisor of |a| and |b|; 0 only for two zeros. Shifts, because a 128-bit
/// remainder is a library call.
constexpr Int128 gcd128(Int128 a, Int128 b) noexcept {
  UInt128 x = static_cast<UInt128>(abs128(a));
  UInt128 y = static_cast<UInt128>(abs128(b));
  if (x == 0) return static_cast<Int128>(y);
  if (y == 0) return static_cast<Int128>(x);
  int shift = 0;
  while (((x | y) & 1) == 0) {
    x >>= 1;
    y >>= 1;
    ++shift;
  }
  while ((x & 1) == 0) x >>= 1;
  while (y != 0) {
    while ((y & 1) == 0) y >>= 1;
    if (x > y) {
      const UInt128 t = x;
      x = y;
      y = t;
    }
    y -= x;
  }
  return static_cast<Int128>(x << shift);
}

/// floor(a * b / c) for c > 0, exact in the middle. The result must fit 128 bits (checked).
constexpr Int128 mul_div_floor(Int128 a, Int128 b, Int128 c) noexcept {
  PINSTRIPE_CHECK(c > 0, "division by a nonpositive number");
  Int128 product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) [[likely]] {
    const Int128 q = product / c;
    return product % c != 0 && product < 0 ? q - 1 : q;
  }
  const bool negative = (a < 0) != (b < 0);
  const auto ua = static_cast<UInt128>(abs128(a));
  const auto ub = static_cast<UInt128>(abs128(b));
  constexpr UInt128 kLow = ~static_cast<UInt128>(0) >> 64;
  const UInt128 ll = (ua & kLow) * (ub & kLow);
  const UInt128 lh = (ua & kLow) * (ub >> 64);
  const UInt128 hl = (ua >> 64) * (ub & kLow);
  const UInt128 middle = (ll >> 64) + (lh & kLow) + (hl & kLow);
  const UInt128 low = (ll & kLow) | (middle << 64);
  const UInt128 high = (ua >> 64) * (ub >> 64) + (lh >> 64) + (hl >> 64) + (middle >> 64);
  const auto divisor = static_cast<UInt128>(c);
  PINSTRIPE_CHECK(high < divisor, "a product over a quotient overflows 128 bits");
  UInt128 rest = high;
  UInt128 quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {  // rest < divisor < 2^127, so doubling cannot overflow
    rest = (rest << 1) | (low >> bit & 1);
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  PINSTRIPE_CHECK(quotient >> 126 == 0, "a product over a quotient overflows 128 bits");
  const auto magnitude = static_cast<Int128>(quotient);
  if (!negative) return magnitude;
  return rest != 0 ? -magnitude - 1 : -magnitude;
}

}  // namespace pinstripe
