// Indicators against published sequences, and the own sine against libm.
#include "features/indicators.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "features/registry.h"
#include "features/features_config.h"
#include "features/time_of_day.h"
#include "features/vpin.h"

namespace pinstripe {
namespace {

TEST(Indicators, RsiFollowsThePublishedWilderExample) {
  // StockCharts, "Relative Strength Index", worksheet cs-rsi (QQQQ closes), printed to two places.
  constexpr std::array closes{44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955,
                              45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140, 46.2820,
                              46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122,
                              46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783,
                              44.2181, 44.5672, 43.4205, 42.6628, 43.1314};
  constexpr std::array want{70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38,
                            54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77};
  Rsi sut(14);
  std::size_t found = 0;
  for (std::size_t i = 1; i < closes.size(); ++i) {
    sut.add(closes[i] - closes[i - 1]);
    ASSERT_EQ(sut.known(), i >= 14);
    if (!sut.known()) continue;
    EXPECT_NEAR(sut.value(), want[found++], 0.012) << i;
  }
  EXPECT_EQ(found, want.size());
}

TEST(Indicators, EmaFollowsThePublishedTenDayExample) {
  // StockCharts, "Moving Averages", worksheet cs-movavg (Intel closes), printed to two places.
  constexpr std::array closes{
      22.2734, 22.1940, 22.0847, 22.1741, 22.1840, 22.1344, 22.2337, 22.4323, 22.2436,
      22.2933, 22.1542, 22.3926, 22.3816, 22.6109, 23.3558, 24.0519, 23.7530, 23.8324,
      23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.1870, 23.0976, 23.3260, 22.6805,
      23.0976, 22.4025, 22.1725};
  constexpr std::array want{22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28,
                            23.34, 23.43, 23.51, 23.54, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08,
                            22.92};
  Ema sut(10);
  std::size_t found = 0;
  for (std::size_t i = 0; i < closes.size(); ++i) {
    sut.add(closes[i]);
    if (!sut.known()) continue;
    EXPECT_NEAR(sut.value(), want[found++], 0.0051) << i;
  }
  EXPECT_EQ(found, want.size());
}

TEST(Indicators, AtrIsWildersMeanOfTheTrueRange) {
  // Fourteen ranges of 1, then a gap of 15: (1 x 13 + 15) / 14 = 2, then (2 x 13 + 2) / 14 = 2.
  Atr sut(14);
  for (int i = 0; i < 14; ++i) {
    EXPECT_FALSE(sut.known());
    sut.add(101, 100, 100.5);
  }
  EXPECT_DOUBLE_EQ(sut.value(), 1.0);
  sut.add(115.5, 114.5, 100.5);
  EXPECT_DOUBLE_EQ(sut.value(), 2.0);
  sut.add(102, 100, 101);
  EXPECT_DOUBLE_EQ(sut.value(), 2.0);
}

TEST(TimeOfDay, IsWithinTenToTheMinusFifteenOfLibm) {
  constexpr std::int64_t kDay = 86'400LL * kNsPerSecond;
  for (std::int64_t k = 0; k <= 10'000; ++k) {
    const std::int64_t t = 19'000 * kDay + kDay / 10'000 * k;
    const long double turn = 2 * std::acos(-1.0L) * static_cast<long double>(t % kDay) / kDay;
    const SineCosine got = time_of_day(t);
    ASSERT_NEAR(got.sine, static_cast<double>(std::sin(turn)), 1e-15) << k;
    ASSERT_NEAR(got.cosine, static_cast<double>(std::cos(turn)), 1e-15) << k;
  }
}

TEST(Vpin, AHugeTradeLeavesFiftyOneSidedBuckets) {
  Vpin sut(500, 0);  // bucket of 10
  sut.add(0, 5, -1);
  sut.add(1, 1'000'000'000'005, 1);
  EXPECT_TRUE(sut.known());
  EXPECT_DOUBLE_EQ(sut.value(), 1.0);
}

TEST(Registry, EveryFeatureIsFoundByItsNameAndTheHashFollowsTheSettings) {
  for (const FeatureSpec& f : feature_registry()) EXPECT_EQ(feature_index(f.name), f.id);
  EXPECT_EQ(feature_index("no_such_feature"), kFeatureCount);
  EXPECT_EQ(registry_hash(), registry_hash(FeaturesConfig{}));
  FeaturesConfig other;
  other.bar_ns *= 2;
  EXPECT_NE(registry_hash(), registry_hash(other));
}

}  // namespace
}  // namespace pinstripe
