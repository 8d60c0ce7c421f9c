#include "tools/session/topology_build.h"

#include <gtest/gtest.h>

#include "exec/exec_stage.h"
#include "features/features_stage.h"
#include "feed/feed_stage.h"
#include "models/models_stage.h"
#include "risk/risk_stage.h"
#include "shm/msg/market_event.h"

namespace pinstripe {
namespace {

std::vector<std::string> inputs_of(const Topology& t, const std::string& stage) {
  std::vector<std::string> names;
  for (const RingSpec& r : t.rings) {
    if (r.consumer == stage) names.push_back(r.name);
  }
  return names;
}

TEST(Topology, OneLaneHasFiveStagesAndSevenRings) {
  const std::vector<LanePlan> lanes{{"", {0}}};
  const Topology sut = build_topology(lanes);
  EXPECT_EQ(sut.stages.size(), 5U);
  EXPECT_EQ(sut.rings.size(), 7U);
  EXPECT_EQ(inputs_of(sut, "risk"),
            (std::vector<std::string>{"feed.risk", "models.risk", "exec.risk"}));
  EXPECT_EQ(inputs_of(sut, "exec"), (std::vector<std::string>{"feed.exec", "risk.exec"}));
}

TEST(Topology, TwoLanesMeetInOneRiskAndOneExecLaneByLane) {
  const std::vector<LanePlan> lanes{{"a", {0}}, {"b", {1}}};
  const Topology sut = build_topology(lanes);
  EXPECT_EQ(sut.stages.size(), 8U);
  EXPECT_EQ(inputs_of(sut, "risk"),
            (std::vector<std::string>{"feed.a.risk", "models.a.risk", "feed.b.risk",
                "models.b.risk",
                                      "exec.risk"}));
  EXPECT_EQ(inputs_of(sut, "exec"),
            (std::vector<std::string>{"feed.a.exec", "feed.b.exec", "risk.exec"}));
}

TEST(Topology, RingIdsAreTheirPlacesInTheList) {
  const std::vector<LanePlan> lanes{{"a", {0}}, {"b", {1}}};
  const Topology sut = build_topology(lanes);
  for (std::size_t i = 0; i < sut.rings.size(); ++i) EXPECT_EQ(sut.rings[i].id, i);
}

TEST(Topology, LargestBurstsAreThoseOfTheStages) {
  EXPECT_EQ(largest_burst(StageKind::kFeed), FeedStage::kMaxBurst);
  EXPECT_EQ(largest_burst(StageKind::kFeatures), FeaturesStage::kMaxBurst);
  EXPECT_EQ(largest_burst(StageKind::kModels), ModelsStage::kMaxBurst);
  EXPECT_EQ(largest_burst(StageKind::kRisk), RiskStage::kMaxBurst);
  EXPECT_EQ(largest_burst(StageKind::kExec), ExecStage::kMaxBurst);
}

TEST(Topology, ShippedSizesAreRight) {
  const std::vector<LanePlan> lanes{{"", {0}}};
  EXPECT_TRUE(topology_problems(build_topology(lanes), true).empty());
}

TEST(Topology, RefusesARingSmallerThanOneBurst) {
  const std::vector<LanePlan> lanes{{"", {0}}};
  Topology sut = build_topology(lanes);
  sut.rings[0].capacity = 64;
  const auto problems = topology_problems(sut, true);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("rings.feed.features.capacity: found 64"), std::string::npos);
}

TEST(Topology, RefusesResyncInARecordedSession) {
  const std::vector<LanePlan> lanes{{"", {0}}};
  Topology sut = build_topology(lanes);
  sut.rings[0].full = FullPolicy::kResync;
  EXPECT_EQ(topology_problems(sut, true).size(), 1U);
}

TEST(Topology, RefusesAFeedThatWaitsForItsReadersInALiveSession) {
  const std::vector<LanePlan> lanes{{"", {0}}};
  Topology sut = build_topology(lanes);
  std::size_t market_rings = 0;
  for (RingSpec& r : sut.rings) {
    if (r.type != MarketEvent::kRingType) continue;
    ++market_rings;
    r.full = FullPolicy::kResync;
  }
  EXPECT_EQ(market_rings, 3U);
  EXPECT_TRUE(topology_problems(sut, false).empty());
  sut.rings[0].full = FullPolicy::kWait;
  EXPECT_EQ(topology_problems(sut, false).size(), 1U);
}

}  // namespace
}  // namespace pinstripe
