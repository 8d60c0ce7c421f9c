// Histograms against a sorted list.
#include "shm/ring/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

namespace pinstripe {
namespace {

TEST(Histogram, EveryValueFallsIntoTheBucketThatHoldsIt) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto v = static_cast<std::int64_t>(rng() >> (24 + rng() % 40));
    const std::size_t b = Histogram::bucket_of(v);
    ASSERT_LT(b, Histogram::kBuckets);
    ASSERT_LE(Histogram::bucket_low(b), v);
    if (b + 1 < Histogram::kBuckets) { ASSERT_GT(Histogram::bucket_low(b + 1), v); }
  }
  for (std::size_t b = 0; b < Histogram::kBuckets; ++b) {
    ASSERT_EQ(Histogram::bucket_of(Histogram::bucket_low(b)), b);
  }
}

TEST(Histogram, PercentilesAreRightToTwoSignificantDigits) {
  auto live = std::make_unique<Histogram>();
  std::mt19937_64 rng(2);
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto v = static_cast<std::int64_t>(std::exp2(static_cast<double>(rng() % 30'000) / 1e3));
    all.push_back(v);
    live->record(v);
  }
  std::sort(all.begin(), all.end());
  const HistogramSnapshot sut(*live);
  EXPECT_EQ(sut.count(), all.size());
  EXPECT_EQ(sut.max(), all.back());
  for (const double f : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(f * static_cast<double>(all.size()))) - 1;
    const auto exact = static_cast<double>(all[rank]);
    EXPECT_NEAR(static_cast<double>(sut.percentile(f)), exact, exact * 0.01 + 0.5) << f;
  }
}

TEST(Histogram, ValuesOutOfRangeAreCountedAtItsEnds) {
  auto live = std::make_unique<Histogram>();
  live->record(-5);
  live->record(std::int64_t{1} << 60);
  const HistogramSnapshot sut(*live);
  EXPECT_EQ(sut.count(), 2U);
  EXPECT_EQ(sut.percentile(0.5), 0);
  EXPECT_EQ(sut.max(), std::int64_t{1} << 60);
}

TEST(Histogram, SnapshotsMergeAndSubtract) {
  auto live = std::make_unique<Histogram>();
  for (int i = 1; i <= 100; ++i) live->record(i);
  const HistogramSnapshot early(*live);
  for (int i = 0; i < 300; ++i) live->record(1000);
  const HistogramSnapshot late(*live);
  const HistogramSnapshot span = late.since(early);
  EXPECT_EQ(span.count(), 300U);
  EXPECT_NEAR(static_cast<double>(span.percentile(0.5)), 1000, 10);
  EXPECT_DOUBLE_EQ(span.mean(), 1000);
  HistogramSnapshot sut = early;
  sut.merge(span);
  EXPECT_EQ(sut.count(), late.count());
  EXPECT_EQ(sut.percentile(0.1), late.percentile(0.1));
  EXPECT_EQ(HistogramSnapshot().percentile(0.5), 0);
}

}  // namespace
}  // namespace pinstripe
