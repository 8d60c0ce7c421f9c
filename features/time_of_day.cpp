#include "features/time_of_day.h"

#include "shm/base/units.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kQuarterNs = 6 * 3'600 * kNsPerSecond;
constexpr std::int64_t kDayNs = 4 * kQuarterNs;
constexpr double kHalfPi = 0x1.921fb54442d18p+0;

double sine_small(double x) noexcept {
  const double z = x * x;
  return x * (1.0 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5'040 + z * (1.0 / 362'880 +
         z * (-1.0 / 39'916'800 + z * (1.0 / 6'227'020'800.0 - z / 1'307'674'368'000.0)))))));
}

double cosine_small(double x) noexcept {
  const double z = x * x;
  return 1.0 + z * (-1.0 / 2 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40'320 +
         z * (-1.0 / 3'628'800 + z * (1.0 / 479'001'600 + z * (-1.0 / 87'178'291'200.0 +
         z / 20'922'789'888'000.0)))))));
}

}  // namespace

SineCosine time_of_day(std::int64_t now_ns) noexcept {
  std::int64_t of_day = now_ns % kDayNs;
  if (of_day < 0) of_day += kDayNs;
  const std::int64_t quarter = of_day / kQuarterNs;
  const std::int64_t rest = of_day % kQuarterNs;
  const bool mirrored = rest > kQuarterNs / 2;  // sin x = cos(pi/2 - x)
  const auto part = static_cast<double>(mirrored ? kQuarterNs - rest : rest);
  const double x = kHalfPi * (part / static_cast<double>(kQuarterNs));
  const double s = mirrored ? cosine_small(x) : sine_small(x);
  const double c = mirrored ? sine_small(x) : cosine_small(x);
  switch (quarter) {
    case 0: return {s, c};
    case 1: return {c, -s};
    case 2: return {-s, -c};
    default: return {-c, s};
  }
}

}  // namespace pinstripe
