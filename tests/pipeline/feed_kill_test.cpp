// The feed killed in the midst of a recorded file: its successor finds its line again in the packed
// file, and the session decides what the unkilled one decides.
#include <cstdio>
#include <fstream>

#include "tests/pipeline/kill_support.h"
#include "tests/support/data.h"

namespace pinstripe {
namespace {

class FeedKillTest : public KillSessions {
 protected:
  /// A session over `file` that trades, with checkpoints so close that most of it lies behind one.
  std::string recorded_config(const std::string& file) {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"for_ns": 40000000000, "data": [)" + nlohmann::json(file).dump() + R"(],
        "models": {"decision_interval_ns": 500000000, "threshold": 0.01, "min_voters": 1,
                   "members": [{"file": "model.json"}]},
        "risk": {"policy": {"min_edge": 0, "enter_probability": 0.5, "entry_ttl_horizons": 4},
                 "sizing": {"mode": "fixed_fraction"}},
        "journal": {"mode": "on"}, "checkpoint": {"every": 1000, "lag_max": 20000},
        "supervision": {"backoff_first_ms": 0, "lift_kill_limit": true}})",
                  "recorded");
  }
  static KillPlan feeds_alone(std::uint64_t seed) {
    KillPlan plan;
    plan.seed = seed;
    plan.kills = 6;
    plan.stages = {"feed"};
    plan.held_share = 0;
    plan.stop_share = 0;
    return plan;
  }
};

TEST_F(FeedKillTest, KilledInsideARecordedFileItGoesOnAtTheSameLine) {
  PINSTRIPE_NEED_DATA(capture, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const std::string config = recorded_config(capture);
  const Decisions expected = undisturbed(config);
  ASSERT_GT(expected.orders, 0);
  for (std::uint64_t seed = 1; report_.total() < 4 && !HasFailure(); ++seed) {
    ASSERT_LT(seed, 6U) << "sessions end before their kills";
    EXPECT_EQ(killed(config, feeds_alone(seed)), expected) << "seed " << seed;
  }
  std::printf("%d sessions, %s\n", sessions(), report_.text().c_str());
  EXPECT_EQ(report_.kills.size(), 1U) << "the feed alone";
}

}  // namespace
}  // namespace pinstripe
