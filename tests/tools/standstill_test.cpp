// A session whose stages wait for each other for ever ends with an error that names the ring; what
// only looks like it (a slow machine, a stopped stage, a quiet market) does not.
#include "tools/session/standstill.h"

#include "tests/tools/cli_support.h"
#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

class StandstillWatchTest : public testing::Test {
 protected:
  StandstillWatchTest() {
    plan_.lanes.push_back({"", {0}});
    plan_.topology = build_topology(plan_.lanes);
    for (RingSpec& r : plan_.topology.rings) {
      if (r.name == "models.risk") r.capacity = 4;
    }
    for (const StageSpec& spec : plan_.topology.stages) {
      StageShot s;
      s.name = spec.name;
      s.kind = spec.kind;
      s.state = "running";
      s.heartbeat_age_ns = kNsPerMs;
      for (const RingSpec& r : plan_.topology.rings) {
        if (r.producer == spec.name) s.outputs.push_back({r.name, 0, 0, 0, 0});
        if (r.consumer == spec.name) s.inputs.push_back({r.name, 0, {}});
      }
      shot_.stages.push_back(std::move(s));
    }
    published("models.risk") = 4;
    published("feed.features") = 8'000;  // of 8,192: no room for a burst of 256
  }
  std::uint64_t& published(const std::string& ring) {
    for (StageShot& s : shot_.stages) {
      for (OutputShot& o : s.outputs) {
        if (o.ring == ring) return o.published;
      }
    }
    ADD_FAILURE() << "no ring " << ring;
    return shot_.stages.front().outputs.front().published;
  }
  /// True where any look of the next 20 s, one a second, calls it a standstill.
  bool is_seen() {
    for (int i = 0; i < 20; ++i) {
      if (sut_.look(shot_, now_ms_ += 1'000)) return true;
    }
    return false;
  }

  SessionPlan plan_;
  SessionShot shot_;
  StandstillWatch sut_{plan_};
  std::int64_t now_ms_ = 1'000'000;
};

TEST_F(StandstillWatchTest, SeesThatNothingMovesWhileFeedIsHeldUp) {
  EXPECT_TRUE(is_seen());
  const std::string text = standstill_text(plan_, shot_);
  EXPECT_NE(text.find("feed.features (8000 of 8192), models.risk (4 of 4)"), std::string::npos)
      << text;
  EXPECT_NE(text.find("raise rings.models.risk.capacity"), std::string::npos) << text;
}

TEST_F(StandstillWatchTest, WaitsAsLongAsAnythingMoves) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(sut_.look(shot_, now_ms_ += 4'000));
    ++published("exec.risk");
  }
}

TEST_F(StandstillWatchTest, IsNoneWhereFeedHasRoom) {
  published("feed.features") = 7'000;
  EXPECT_FALSE(is_seen()) << "feed waits for its next frame: a quiet market";
}

TEST_F(StandstillWatchTest, IsNoneWhileAStageHasNotLookedAgain) {
  shot_.stages[2].heartbeat_age_ns = 4 * kNsPerSecond;
  EXPECT_FALSE(is_seen()) << "stopped, or without a core";
}

TEST_F(StandstillWatchTest, IsNoneBeforeEveryStageRunsOrAfterOneDied) {
  for (const char* state : {"starting", "absent", "dead", "failed"}) {
    shot_.stages[4].state = state;
    EXPECT_FALSE(is_seen()) << state;
  }
}

/// Every vector decides and its signal waits a second for the market: more than these rings hold.
constexpr const char* kTooSmall = R"({
  "for_ns": 20000000000,
  "market": {"seed": 5, "rate_per_s": 500},
  "models": {"decision_interval_ns": 0},
  "stages": {"models": {"latency": {"base_ns": 1000000000}}},
  "rings": {"models.risk": {"capacity": 4}, "features.models": {"capacity": 4},
            "feed.features": {"capacity": 256}}})";

using StandstillTest = CliTest;

TEST_F(StandstillTest, OfFiveProcessesEndsWithTheRingThatIsTooSmallAndLeavesNothing) {
  const auto sut = run({"up", config(kTooSmall), "--json"});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("the session stands still"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("models.risk (4 of 4)"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("raise rings.models.risk.capacity"), std::string::npos) << sut.err;
  EXPECT_GT(sut.json().at("events"), 0) << "an account even so";
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(StandstillTest, OfOneThreadEndsTheSameWay) {
  const auto sut = run({"up", config(kTooSmall), "--json", "--in-process"});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("the session stands still"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("raise rings.models.risk.capacity"), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

}  // namespace
}  // namespace pinstripe
