// The shipped defaults and what the reader refuses.
#include <gtest/gtest.h>

#include "risk/risk_config_json.h"

namespace pinstripe {
namespace {

RiskConfig read(const std::string& text, Result<void>& outcome) {
  auto node = ConfigNode::parse(text, "test.json");
  EXPECT_TRUE(node.has_value());
  const RiskConfig c = read_risk_config(*node);
  outcome = node->finish();
  return c;
}

TEST(RiskConfigJson, DefaultsAreThoseOfTheTradingContract) {
  Result<void> outcome;
  const RiskConfig c = read("{}", outcome);
  EXPECT_TRUE(outcome.has_value());
  EXPECT_EQ(c.opening_cash, 10'000);
  EXPECT_EQ(c.policy.enter_probability, 0.55);
  EXPECT_EQ(c.sizing.risk_per_trade, 0.005);
  EXPECT_EQ(c.sizing.kelly_share, 0.5);
  EXPECT_EQ(c.limits.position_max, 0.10);
  EXPECT_EQ(c.limits.leverage_max, 1);
  EXPECT_EQ(c.limits.group_max, 0.40);
  EXPECT_EQ(c.limits.depth_multiple, 3);
  EXPECT_EQ(c.limits.participation_max, 0.05);
  EXPECT_EQ(c.limits.daily_loss_max, 0.05);
  EXPECT_EQ(c.limits.drawdown_halt, 0.10);
  EXPECT_EQ(c.limits.drawdown_flatten, 0.15);
  EXPECT_EQ(c.policy.take_profit_stops, 2);
  EXPECT_EQ(c.policy.time_stop_horizons, 3);
  EXPECT_EQ(c.policy.min_edge, 1);
  EXPECT_EQ(c.policy.invalid_exit_grace_ns, 2 * kNsPerSecond);
}

TEST(RiskConfigJson, PolicyIsAWordOrAnObject) {
  Result<void> outcome;
  EXPECT_EQ(read(R"({"policy": "every_signal"})", outcome).policy.policy,
            RiskPolicy::kEverySignal);
  EXPECT_TRUE(outcome.has_value());
  const RiskConfig c = read(R"({"policy": {"kind": "every_signal", "retry_ns": 2000000}})", outcome);
  EXPECT_TRUE(outcome.has_value());
  EXPECT_EQ(c.policy.policy, RiskPolicy::kEverySignal);
  EXPECT_EQ(c.policy.retry_ns, 2'000'000);
  EXPECT_EQ(c.limits.breaker_losses, 0);
}

TEST(RiskConfigJson, RefusesUnknownKeysAndContradictionsByPath) {
  Result<void> outcome;
  read(R"({"limits": {"positon_max": 0.2}})", outcome);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_NE(outcome.error().message.find("position_max"), std::string::npos);
  read(R"({"limits": {"drawdown_halt": 0.3, "drawdown_flatten": 0.2}})", outcome);
  EXPECT_FALSE(outcome.has_value());
  read(R"({"order_memory": 5000})", outcome);
  EXPECT_FALSE(outcome.has_value());
  read(R"({"limits": {"leverage_max": 5}})", outcome);
  EXPECT_FALSE(outcome.has_value());
}

}  // namespace
}  // namespace pinstripe
