#include "shm/base/math.h"

#include <bit>
#include <cstdint>
#include <limits>

namespace pinstripe {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2High = 6.93147180369123816490e-01;  // low 32 bits are zero: k * high is exact
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kLog2E = 1.44269504088896338700e+00;

/// 2^k for a normal result.
double power_of_two(int k) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// y * 2^k, rounding once: the second factor is applied to a normal number.
double scale(double y, int k) noexcept {
  if (k > 1023) return y * power_of_two(1023) * power_of_two(k - 1023);
  if (k < -1021) return y * power_of_two(k + 1000) * power_of_two(-1000);
  return y * power_of_two(k);
}

}  // namespace

double exp_fixed(double x) noexcept {
  if (x != x) return kNan;
  if (x > 7.09782712893383973096e+02) return kInfinity;
  if (x < -7.45133219101941108420e+02) return 0.0;
  constexpr double kP1 = 1.66666666666666019037e-01, kP2 = -2.77777777770155933842e-03,
                   kP3 = 6.61375632143793436117e-05, kP4 = -1.65339022054652515390e-06,
                   kP5 = 4.13813679705723846039e-08;
  const int k = static_cast<int>(kLog2E * x + (x < 0 ? -0.5 : 0.5));
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;
  const double t = r * r;
  const double c = r - t * (kP1 + t * (kP2 + t * (kP3 + t * (kP4 + t * kP5))));
  const double y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
  return scale(y, k);
}

double log_fixed(double x) noexcept {
  if (x != x || x < 0) return kNan;
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return kInfinity;
  constexpr double kL1 = 6.666666666666735130e-01, kL2 = 3.999999999940941908e-01,
                   kL3 = 2.857142874366239149e-01, kL4 = 2.222219843214978396e-01,
                   kL5 = 1.818357216161805012e-01, kL6 = 1.531383769920937332e-01,
                   kL7 = 1.479819860511658591e-01;
  int k = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    k = -54;
  }
  // Normalise to [sqrt(1/2), sqrt(2)), so that log(1 + f) does not cancel against k ln2.
  auto bits = std::bit_cast<std::uint64_t>(x);
  k += static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL;
  double m = std::bit_cast<double>(bits);
  if (m >= 1.41421356237309514547) {
    m *= 0.5;
    ++k;
  }
  const double f = m - 1.0;
  const double dk = k;
  if (f == 0) return k == 0 ? 0.0 : dk * kLn2High + dk * kLn2Low;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double even = w * (kL2 + w * (kL4 + w * kL6));
  const double odd = z * (kL1 + w * (kL3 + w * (kL5 + w * kL7)));
  const double half_square = 0.5 * f * f;
  const double r = odd + even;
  return dk * kLn2High - ((half_square - (s * (half_square + r) + dk * kLn2Low)) - f);
}

double tanh_fixed(double x) noexcept {
  if (x != x) return kNan;
  const double size = x < 0 ? -x : x;
  if (size < 0x1p-28) return x;  // the next term, x^3 / 3, is below half an ulp; keeps -0
  if (size > 22.0) return x < 0 ? -1.0 : 1.0;
  if (size >= 0.625) {
    const double y = 1.0 - 2.0 / (exp_fixed(2.0 * size) + 1.0);
    return x < 0 ? -y : y;
  }
  const double z = x * x;
  const double p = (-9.64399179425052238628e-1 * z + -9.92877231001918586564e1) * z +
                   -1.61468768441708447952e3;
  const double q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z +
                   4.84406305325125486048e3;
  return x + x * (z * (p / q));
}

}  // namespace pinstripe
