#include "risk/risk_config_json.h"

#include <array>

namespace pinstripe {
namespace {

constexpr double kHuge = 1e12;
constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;
constexpr std::int64_t kDayNs = 24 * kHourNs;

template <class Enum, std::size_t N>
Enum read_choice(ConfigNode node, std::string_view key, Enum def,
                 const std::array<std::string_view, N>& names) {
  return static_cast<Enum>(node.choice(key, static_cast<std::size_t>(def), names));
}

void read_limits(ConfigNode node, LimitConfig& l) {
  l.position_max = node.number("position_max", l.position_max, 0, kLeverageHardMax);
  l.leverage_max = node.number("leverage_max", l.leverage_max, 0, kLeverageHardMax);
  l.group_max = node.number("group_max", l.group_max, 0, kLeverageHardMax);
  l.spread_max_bps = node.number("spread_max_bps", l.spread_max_bps, 0, kHuge);
  l.depth_multiple = node.number("depth_multiple", l.depth_multiple, 0, kHuge);
  l.participation_max = node.number("participation_max", l.participation_max, 0, 1);
  l.collar_bps = node.number("collar_bps", l.collar_bps, 0, 10'000);
  l.daily_loss_max = node.number("daily_loss_max", l.daily_loss_max, 0.0001, 1);
  l.drawdown_halt = node.number("drawdown_halt", l.drawdown_halt, 0.0001, 1);
  l.drawdown_flatten = node.number("drawdown_flatten", l.drawdown_flatten, 0.0001, 1);
  if (l.drawdown_flatten < l.drawdown_halt) {
    node.complain("drawdown_flatten", "found less than drawdown_halt; allowed: at least as much, "
                                      "since halting is the first level");
  }
  constexpr std::int64_t kRateMax = 1'000'000;
  l.opens_per_second = node.integer("opens_per_second", l.opens_per_second, 1, kRateMax);
  l.reduces_per_second = node.integer("reduces_per_second", l.reduces_per_second, 1, kRateMax);
  l.in_flight_max = node.integer("in_flight_max", l.in_flight_max, 1, kRateMax);
  l.breaker_rejects = node.integer("breaker_rejects", l.breaker_rejects, 0, 10'000);
  l.breaker_losses = node.integer("breaker_losses", l.breaker_losses, 0, 10'000);
  l.breaker_window_ns =
      node.integer("breaker_window_ns", l.breaker_window_ns, kNsPerMs, kDayNs);
  l.breaker_cool_down_ns =
      node.integer("breaker_cool_down_ns", l.breaker_cool_down_ns, 0, kDayNs);
  l.warm_up_bars = node.integer("warm_up_bars", l.warm_up_bars, 0, 1'000'000);
  constexpr std::array<std::string_view, 2> kWindows{"rolling_24h", "utc_day"};
  l.daily_window = read_choice(node, "daily_window", l.daily_window, kWindows);
}

void read_sizing(ConfigNode node, SizingConfig& s) {
  constexpr std::array<std::string_view, 3> kModes{"auto", "kelly", "fixed_fraction"};
  s.mode = read_choice(node, "mode", s.mode, kModes);
  s.kelly_share = node.number("kelly_share", s.kelly_share, 0.01, 1);
  s.fraction_max = node.number("fraction_max", s.fraction_max, 0, 0.25);
  s.risk_per_trade = node.number("risk_per_trade", s.risk_per_trade, 0, 0.25);
  s.target_annual_vol = node.number("target_annual_vol", s.target_annual_vol, 0.001, 100);
  s.own_trades_min = node.integer("own_trades_min", s.own_trades_min, 1, 1'000'000);
  s.to_liquidity = node.boolean("to_liquidity", s.to_liquidity);
}

constexpr std::array<std::string_view, 2> kPolicies{"default", "every_signal"};

void read_policy(ConfigNode node, PolicyConfig& p) {
  node.know("kind");
  p.enter_probability = node.number("enter_probability", p.enter_probability, 0.5, 1);
  p.min_edge = node.number("min_edge", p.min_edge, 0, 1000);
  p.entry_ttl_horizons = node.number("entry_ttl_horizons", p.entry_ttl_horizons, 0.001, 1000);
  p.time_stop_horizons = node.number("time_stop_horizons", p.time_stop_horizons, 0.001, 10'000);
  p.stop_atr = node.number("stop_atr", p.stop_atr, 0, 1000);
  p.stop_round_trips = node.number("stop_round_trips", p.stop_round_trips, 0.01, 1000);
  p.take_profit_stops = node.number("take_profit_stops", p.take_profit_stops, 0.01, 1000);
  p.exit_ttl_ns = node.integer("exit_ttl_ns", p.exit_ttl_ns, 0, kHourNs);
  p.invalid_exit_grace_ns =
      node.integer("invalid_exit_grace_ns", p.invalid_exit_grace_ns, 0, kHourNs);
  p.retry_ns = node.integer("retry_ns", p.retry_ns, kNsPerMs, kHourNs);
  p.requote = node.boolean("requote", p.requote);
}

/// A power of two between 1,024 and 2^20.
std::uint32_t read_memory(ConfigNode& node, std::string_view key, std::uint32_t def) {
  const std::int64_t found = node.integer(key, def, 1024, 1 << 20);
  if ((found & (found - 1)) != 0) {
    node.complain(key, "found " + std::to_string(found) + "; allowed: a power of two");
    return def;
  }
  return static_cast<std::uint32_t>(found);
}

}  // namespace

RiskConfig read_risk_config(ConfigNode& node) {
  RiskPolicy kind = RiskPolicy::kDefault;
  const bool one_word = node.is_text("policy");  // the word alone: that policy with its defaults
  if (one_word) {
    kind = read_choice(node, "policy", kind, kPolicies);
  } else {
    kind = read_choice(node.child("policy"), "kind", kind, kPolicies);
  }
  RiskConfig c = kind == RiskPolicy::kEverySignal ? every_signal_defaults() : RiskConfig{};
  if (!one_word) read_policy(node.child("policy"), c.policy);
  c.budget_ns = node.integer("budget_ns", c.budget_ns, 0, kHourNs);
  c.opening_cash = node.number("opening_cash", c.opening_cash, 1, 1e9);
  constexpr std::array<std::string_view, 3> kExternal{"halt", "adopt", "ignore"};
  c.external_fills = read_choice(node, "external_fills", c.external_fills, kExternal);
  c.order_memory = read_memory(node, "order_memory", c.order_memory);
  c.exec_id_memory = read_memory(node, "exec_id_memory", c.exec_id_memory);
  read_limits(node.child("limits"), c.limits);
  read_sizing(node.child("sizing"), c.sizing);
  return c;
}

}  // namespace pinstripe
