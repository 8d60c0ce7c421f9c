#include "tools/train/split.h"

#include <gtest/gtest.h>

#include <vector>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

TEST(Split, no_label_window_and_no_feature_window_crosses_a_cut) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto draw = [&](std::uint64_t n, std::int64_t below) {
      const std::uint64_t r = random_draw(seed, 1, n, 0);
      return static_cast<std::int64_t>(r % static_cast<std::uint64_t>(below));
    };
    const std::int64_t horizon = 1 + draw(0, 50);
    const std::int64_t window = 1 + draw(1, 80);
    const std::int64_t embargo = std::max(horizon, window);
    const TimeSpan spans[] = {{TimeNs(0), TimeNs(1'000 + draw(2, 1'000))},
                              {TimeNs(500'000), TimeNs(501'000 + draw(3, 1'000))}};
    const Split sut = plan_split(spans, 0.5, 0.25, embargo);
    std::vector<std::int64_t> fit_ends, calibrate_ends, calibrate_starts, test_starts;
    for (const TimeSpan& s : spans) {
      for (std::int64_t t = s.from.value; t < s.to.value; t += 3) {
        const TimeNs end(t + horizon);
        switch (sut.slice_of(TimeNs(t), end)) {
          case Slice::kFit: fit_ends.push_back(end.value); break;
          case Slice::kCalibrate:
            calibrate_starts.push_back(t - window);
            calibrate_ends.push_back(end.value);
            break;
          case Slice::kTest: test_starts.push_back(t - window); break;
          case Slice::kNone: break;
        }
      }
    }
    ASSERT_FALSE(fit_ends.empty());
    ASSERT_FALSE(test_starts.empty());
    // What a later slice looks at begins after everything that an earlier slice learned from has
    // ended.
    for (const auto start : calibrate_starts) ASSERT_GE(start, fit_ends.back());
    for (const auto start : test_starts) {
      ASSERT_GE(start, fit_ends.back());
      ASSERT_TRUE(calibrate_ends.empty() || start >= calibrate_ends.back());
    }
  }
}

TEST(Split, shares_count_observed_time_and_not_the_nights_between_captures) {
  const TimeSpan spans[] = {{TimeNs(1'000'000), TimeNs(1'000'600)}, {TimeNs(0), TimeNs(400)}};
  const Split sut = plan_split(spans, 0.5, 0.25, 10);
  EXPECT_EQ(observed_ns(spans), 1'000);
  EXPECT_EQ(sut.fit_end, TimeNs(1'000'100));
  EXPECT_EQ(sut.calibrate_end, TimeNs(1'000'350));
}

TEST(Split, captures_of_the_same_minutes_count_once) {
  const TimeSpan spans[] = {{TimeNs(0), TimeNs(100)}, {TimeNs(50), TimeNs(200)},
                            {TimeNs(60), TimeNs(70)}};
  EXPECT_EQ(observed_ns(spans), 200);
  EXPECT_EQ(plan_split(spans, 0.5, 0.25, 0).fit_end, TimeNs(100));
}

}  // namespace
}  // namespace pinstripe
