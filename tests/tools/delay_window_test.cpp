#include "tools/session/delay_window.h"

#include <gtest/gtest.h>

#include "models/decision_clock.h"
#include "shm/base/hash.h"
#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

/// One lane per entry, with so many instruments; delays of features and models.
SessionPlan plan_of(const std::vector<std::size_t>& instruments, LatencyPlan features,
                    LatencyPlan models) {
  SessionPlan plan;
  for (std::size_t lane = 0; lane < instruments.size(); ++lane) {
    plan.lanes.push_back({instruments.size() == 1 ? "" : "lane" + std::to_string(lane), {}});
    plan.lanes.back().instruments.resize(instruments[lane]);
  }
  plan.topology = build_topology(plan.lanes);
  plan.latency[index_of(StageKind::kFeatures)] = features;
  plan.latency[index_of(StageKind::kModels)] = models;
  return plan;
}

void set_capacity(SessionPlan& plan, const std::string& ring, std::uint64_t capacity) {
  for (RingSpec& r : plan.topology.rings) {
    if (r.name == ring) r.capacity = capacity;
  }
}

TEST(DelayWindow, IsTheLongestDelaysOfFeaturesAndModels) {
  EXPECT_EQ(delay_window_ns(plan_of({1}, {10, 0.5, 100}, {20, 0.1, 1'000})), 1'130);
  EXPECT_EQ(delay_window_ns(plan_of({1}, {10, 0, 100}, {20, 0, 1'000})), 30)
      << "a tail of probability 0 never comes";
}

TEST(DelayWindow, NeedsRoomForTheDecisionsOfAWindowOfEachInstrumentAndOneBurst) {
  const LatencyPlan none{0, 0, 0};
  EXPECT_EQ(least_signals_capacity(plan_of({1}, none, none), 0, 100), 2U) << "1 + 1";
  EXPECT_EQ(least_signals_capacity(plan_of({1}, {50, 0, 0}, none), 0, 100), 4U) << "2 + 1";
  EXPECT_EQ(least_signals_capacity(plan_of({1}, {50, 0, 0}, {550, 0, 0}), 0, 100), 8U) << "7 + 1";
  EXPECT_EQ(least_signals_capacity(plan_of({3}, {50, 0, 0}, none), 0, 100), 8U) << "3 x 2 + 1";
  EXPECT_EQ(least_signals_capacity(plan_of({1, 5}, {50, 0, 0}, none), 1, 100), 16U) << "5 x 2 + 1";
  EXPECT_EQ(least_signals_capacity(plan_of({1}, {50, 0, 0}, none), 0, 0), 0U)
      << "every vector decides: no rate is known";
}

TEST(DelayWindow, HoldsWhateverTheDecisionClockSaysOfAnyEvents) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto interval = static_cast<std::int64_t>(1 + random_draw(seed, 0, 0, 0) % 50);
    const auto window = static_cast<std::int64_t>(random_draw(seed, 1, 0, 0) % 300);
    const std::uint64_t room =
        least_signals_capacity(plan_of({1}, {window, 0, 0}, {0, 0, 0}), 0, interval);
    DecisionClock clock(interval);
    std::vector<std::int64_t> decided;
    for (std::int64_t t = 0, n = 0; n < 400; ++n) {
      t += static_cast<std::int64_t>(random_draw(seed, 2, static_cast<std::uint64_t>(n), 0) % 9);
      if (clock.due(TimeNs(t))) decided.push_back(t);
    }
    for (std::size_t first = 0, last = 0; last < decided.size(); ++last) {
      while (decided[last] - decided[first] > window) ++first;
      ASSERT_LT(last - first + 1, room) << "interval " << interval << ", window " << window;
    }
  }
}

TEST(DelayWindow, RefusesASmallerRingNamingKeyFoundAndNeeded) {
  auto sut = plan_of({1, 5}, {kNsPerMs, 0.01, 29 * kNsPerMs}, {0, 0, 0});
  EXPECT_TRUE(check_delay_window(sut, 100 * kNsPerMs)) << "the shipped capacities";
  set_capacity(sut, "models.lane0.risk", 4);
  set_capacity(sut, "models.lane1.risk", 8);
  const auto refused = check_delay_window(sut, 100 * kNsPerMs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit, Exit::kUsage);
  EXPECT_TRUE(refused.error().message.starts_with(
      "rings.models.lane1.risk.capacity: found 8, needed is at least 16: "))
      << refused.error().message;
  set_capacity(sut, "models.lane1.risk", 16);
  EXPECT_TRUE(check_delay_window(sut, 100 * kNsPerMs));
  EXPECT_TRUE(check_delay_window(sut, 0));
}

}  // namespace
}  // namespace pinstripe
