// One window against a plain list of what was sent.
#include <gtest/gtest.h>

#include <random>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using limits_test::kSec;
using limits_test::kStart;
using limits_test::PlainCounter;

TEST(WindowCount, ARollingWindowForgetsAPartAfterItsWholeWindowAndNoSooner) {
  LimitWindow window;
  const WindowShape shape{LimitCounting::kRolling, 64 * kSec, 0};
  WindowCount sut(window, shape);
  sut.charge(kStart, 7);  // kStart lies on a part's border: its part ends a second later
  EXPECT_EQ(sut.used(kStart), 7u);
  EXPECT_EQ(sut.used(kStart + 64 * kSec), 7u);
  EXPECT_EQ(sut.used(kStart + 65 * kSec - 1), 7u);
  EXPECT_EQ(sut.used(kStart + 65 * kSec), 0u);
  EXPECT_EQ(sut.falls_to(kStart + kSec, 6), kStart + 65 * kSec);
  EXPECT_EQ(sut.falls_to(kStart + kSec, 7), kStart + kSec);
}

TEST(WindowCount, AClockWindowBeginsAnewWithEachIntervalOnceTheGuardHasPassed) {
  LimitWindow window;
  const WindowShape shape{LimitCounting::kClock, 20 * kSec, kSec};
  WindowCount sut(window, shape);
  sut.charge(kStart + 10 * kSec, 5);
  EXPECT_EQ(sut.used(kStart + 20 * kSec), 5u) << "the venue's clock may still be before the border";
  EXPECT_EQ(sut.used(kStart + 21 * kSec), 0u);
  EXPECT_EQ(sut.falls_to(kStart + 15 * kSec, 0), kStart + 21 * kSec);
}

TEST(WindowCount, WithinTheGuardOfABorderARequestCountsOnBothSides) {
  LimitWindow window;
  const WindowShape shape{LimitCounting::kClock, 20 * kSec, kSec};
  WindowCount sut(window, shape);
  sut.charge(kStart + 20 * kSec - kSec / 2, 5);
  EXPECT_EQ(sut.used(kStart + 10 * kSec), 5u);
  EXPECT_EQ(sut.used(kStart + 30 * kSec), 5u);
  EXPECT_EQ(sut.used(kStart + 50 * kSec), 0u);
}

TEST(WindowCount, WhatTheVenueSaysRaisesTheCountAndNeverLowersIt) {
  LimitWindow window;
  const WindowShape shape{LimitCounting::kClock, 60 * kSec, kSec};
  WindowCount sut(window, shape);
  const std::int64_t now = kStart + 10 * kSec;
  sut.charge(now, 50);
  sut.raise(now - kSec, now, 30);
  EXPECT_EQ(sut.used(now), 50u);
  sut.raise(now - kSec, now, 80);
  EXPECT_EQ(sut.used(now), 80u);
}

TEST(WindowCount, AnAnswerAcrossABorderSaysNothing) {
  LimitWindow window;
  const WindowShape shape{LimitCounting::kClock, 20 * kSec, kSec};
  WindowCount sut(window, shape);
  sut.raise(kStart + 19 * kSec, kStart + 23 * kSec, 80);
  EXPECT_EQ(sut.used(kStart + 23 * kSec), 0u);
}

TEST(WindowCount, AClockSetBackKeepsWhatWasCounted) {
  for (const LimitCounting counting : {LimitCounting::kClock, LimitCounting::kRolling}) {
    LimitWindow window;
    const WindowShape shape{counting, 60 * kSec, 0};
    WindowCount sut(window, shape);
    sut.charge(kStart + 3'600 * kSec, 9);
    sut.rebase(kStart);
    EXPECT_EQ(sut.used(kStart), 9u);
    EXPECT_EQ(sut.used(kStart + 62 * kSec), 0u);
  }
}

/// The count is never below the truth over the window, and never above it over window + one part.
TEST(WindowCount, RollingLiesBetweenTheTruthAndTheTruthOfOnePartMore) {
  std::mt19937_64 rng(7);
  for (int run = 0; run < 40; ++run) {
    LimitWindow window;
    const std::int64_t span = 1 + static_cast<std::int64_t>(rng() % (10 * kSec));
    const WindowShape shape{LimitCounting::kRolling, span, 0};
    WindowCount sut(window, shape);
    PlainCounter plain;
    std::int64_t now = kStart;
    const std::int64_t part = (span + 63) / 64;
    for (int i = 0; i < 400; ++i) {
      now += static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(span / 8 + 1));
      const std::uint64_t used = sut.used(now);
      EXPECT_GE(used, plain.rolling(now, span));
      EXPECT_LE(used, plain.rolling(now, span + part));
      const std::uint64_t weight = rng() % 5;
      sut.charge(now, weight);
      plain.sent(now, weight);
      const std::uint64_t most = rng() % 40;
      const std::int64_t at = sut.falls_to(now, most);
      EXPECT_LE(sut.used(at), most);
      if (at > now) {
        EXPECT_GT(sut.used(at - 1), most) << "it could have been sooner";
      }
    }
  }
}

/// Whatever the venue's clock shows, within the guard, its count of an interval is covered.
TEST(WindowCount, AClockWindowCoversEveryVenueClockWithinTheGuard) {
  std::mt19937_64 rng(8);
  constexpr std::int64_t kWindow = 10 * kSec;
  for (const std::int64_t skew : {-kSec, -kSec / 3, std::int64_t{0}, kSec / 2, kSec}) {
    LimitWindow window;
    const WindowShape shape{LimitCounting::kClock, kWindow, kSec};
    WindowCount sut(window, shape);
    PlainCounter plain;
    std::int64_t now = kStart;
    for (int i = 0; i < 3'000; ++i) {
      now += static_cast<std::int64_t>(rng() % (kSec / 2));
      if (sut.used(now) + 3 > 30) continue;
      sut.charge(now, 3);
      plain.sent(now, 3);
    }
    EXPECT_LE(plain.worst_interval(kWindow, skew), 30u);
    EXPECT_GT(plain.size(), 500u);
  }
}

}  // namespace
}  // namespace pinstripe
