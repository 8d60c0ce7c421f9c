#include "tests/pipeline/kill_support.h"

#include <unistd.h>

namespace pinstripe {

std::string KillSessions::busy_config() {
  write_imbalance_model((folder_ / "model.json").string());
  // Orders so large that they fill in many parts, an exit worked for seconds: an order often works
  // while a position is open.
  return config(R"({"for_ns": 60000000000,
    "market": {"seed": 5, "rate_per_s": 150, "gap_at_s": 12, "gap_resync_s": 1},
    "models": {"decision_interval_ns": 500000000, "threshold": 0.01, "min_voters": 1,
               "members": [{"file": "model.json"}]},
    "risk": {"opening_cash": 3000000,
             "limits": {"warm_up_bars": 1, "opens_per_second": 100, "breaker_losses": 0,
                        "depth_multiple": 0, "participation_max": 0},
             "policy": {"min_edge": 0, "enter_probability": 0.5, "entry_ttl_horizons": 4,
                        "time_stop_horizons": 1, "exit_ttl_ns": 3000000000, "requote": false},
             "sizing": {"mode": "fixed_fraction"}},
    "journal": {"mode": "on", "segment_bytes": 131072, "segments": 16},
    "checkpoint": {"every": 1000, "lag_max": 20000},
    "supervision": {"backoff_first_ms": 0, "lift_kill_limit": true}})",
                "killed");
}

Decisions KillSessions::decisions_of(const CommandResult& up) {
  Decisions d;
  EXPECT_EQ(up.exit, 0) << up.err;
  if (up.exit != 0) return d;
  const auto account = up.json();
  d.orders_digest = account.at("orders_digest");
  d.signals_digest = account.at("signals_digest");
  d.state_hash = account.at("state_hash");
  d.orders = account.at("orders");
  d.fills = account.at("fills");
  d.lost = account.at("lost");
  return d;
}

Decisions KillSessions::undisturbed(const std::string& config) {
  const CommandResult up = run({"up", config, "--json", "--session", "calm"});
  const CommandResult info = run({"journal", "info", "calm", "--json"});
  EXPECT_EQ(info.exit, 0) << info.err;
  const auto told = info.json();
  for (const auto& stage : told.at("stages")) {
    records_[stage.at("stage")] = stage.at("records").get<std::uint64_t>();
  }
  EXPECT_EQ(records_.size(), 5u);
  return decisions_of(up);
}

Decisions KillSessions::killed(const std::string& config, KillPlan plan,
                               const std::vector<std::string>& more) {
  const std::string session = "killed" + std::to_string(++sessions_);
  plan.records = records_;
  std::vector<std::string> command{bin_ + "/pinstripe", "up", config, "--json", "--session", session};
  command.insert(command.end(), more.begin(), more.end());
  const StartedCommand up = start(command);
  const auto goes_on = [&] { return !has_ended(up); };
  auto killer = Killer::attach(session, plan, goes_on);
  EXPECT_TRUE(killer) << (killer ? "" : killer.error().message);
  if (killer) report_ += killer->run(goes_on);
  RecordProperty("kills", static_cast<int>(report_.total()));
  const CommandResult result = wait(up);
  EXPECT_EQ(result.exit, 0) << "seed " << plan.seed << ": " << result.err;
  return decisions_of(result);
}

}  // namespace pinstripe
