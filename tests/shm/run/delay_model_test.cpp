// What an output is delayed by: constant, with a tail, from a table, by stamps.
#include "shm/run/delay_model.h"

#include <gtest/gtest.h>

#include <map>

namespace pinstripe {
namespace {

TEST(DelayModelTest, ATableIsDrawnFromEvenlyByCounterAndSeed) {
  const DelayModel sut = DelayModel::of_table({5, 9, 30}, 7, 3);
  std::map<std::int64_t, int> drawn;
  for (std::uint64_t n = 0; n < 3'000; ++n) ++drawn[sut.delay_of(n).value];
  EXPECT_EQ(sut.least(), TimeNs(5));
  ASSERT_EQ(drawn.size(), 3U);
  for (const auto& [ns, times] : drawn) EXPECT_NEAR(times, 1'000, 120) << ns;
  int differ = 0;
  const DelayModel other = DelayModel::of_table({5, 9, 30}, 8, 3);
  for (std::uint64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(sut.delay_of(n), DelayModel::of_table({5, 9, 30}, 7, 3).delay_of(n));
    differ += sut.delay_of(n) != other.delay_of(n) ? 1 : 0;
  }
  EXPECT_GT(differ, 40) << "the seed decides";
}

TEST(DelayModelTest, ByStampsTheLeadIsWhatTheVenueSaysWithinItsBounds) {
  const DelayModel sut = DelayModel::of_stamps(1'000'000, 50'000'000);
  EXPECT_EQ(sut.delay_of_stamp(-3'000), TimeNs(-3'000'000));
  EXPECT_EQ(sut.delay_of_stamp(-90'000), TimeNs(-50'000'000)) << "no more is believed";
  EXPECT_EQ(sut.delay_of_stamp(200), TimeNs(0)) << "no message leaves after it came";
  EXPECT_EQ(sut.delay_of_stamp(kNoVenueStamp), TimeNs(-1'000'000));
  EXPECT_EQ(sut.least(), TimeNs(-50'000'000));
}

TEST(DelayModelTest, ConstantAndTailAreWhatTheyWere) {
  EXPECT_EQ(DelayModel{-4}.delay_of(9), TimeNs(-4));
  const DelayModel tail{10, 0.25, 100, 1, 2};
  int late = 0;
  for (std::uint64_t n = 0; n < 1'000; ++n) {
    const std::int64_t ns = tail.delay_of(n).value;
    EXPECT_GE(ns, 10);
    EXPECT_LT(ns, 110);
    late += ns > 10 ? 1 : 0;
  }
  EXPECT_NEAR(late, 250, 60);
}

}  // namespace
}  // namespace pinstripe
