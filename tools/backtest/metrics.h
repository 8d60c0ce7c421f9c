// What a backtest earned, at what risk, and how it traded. Formulas: tools/backtest/README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/backtest/bootstrap.h"
#include "tools/session/snapshot.h"

namespace pinstripe {

class Recorder;

/// Of one settle asset. Ratios are per grid interval unless they say otherwise; nothing where the
/// figure is not defined (no return, no loss, no fill).
struct AccountMetrics {
  std::string settle;
  std::int64_t opening_e8 = 0, final_e8 = 0;
  double total_return = 0;
  ReturnMoments returns;
  std::optional<double> sharpe, sortino;
  ReturnIntervals intervals;
  double max_drawdown = 0;                 // share of the peak
  std::int64_t max_drawdown_ns = 0;
  std::optional<double> return_over_drawdown;
  // Annual, 365 days; nothing below 30 days of data.
  std::optional<double> annual_return, annual_volatility, annual_sharpe, annual_sortino, calmar;
  // Trades: from flat to flat, net of fees and funding.
  std::int64_t trades = 0, wins = 0;
  std::optional<double> win_rate, profit_factor;
  std::optional<double> average_win, average_loss;  // settle asset, both > 0
  double exposure_time = 0, exposure_notional = 0;
  // Sums over the account's instruments, 1e-8 settle.
  std::int64_t gross_e8 = 0, fees_e8 = 0, net_e8 = 0, turnover_e8 = 0;
  std::optional<std::int64_t> funding_e8;  // nothing: a rate was not known
  std::int64_t orders = 0, fills = 0;
  std::optional<double> fill_ratio, maker_share;
  std::optional<double> slippage_bps, slippage_maker_bps, slippage_taker_bps;  // cost > 0
  std::optional<double> markout_1s_bps, markout_5s_bps, maker_markout_1s_bps, maker_markout_5s_bps;
};

struct Metrics {
  std::int64_t step_ns = 0;       // of the grid
  std::int64_t span_ns = 0;       // from the first grid instant to the end of the run
  std::vector<AccountMetrics> accounts;
  LatencyShot origin_to_order, order_to_venue, order_to_answer;  // simulated time
};

inline constexpr std::int64_t kAnnualLeastNs = 30LL * 24 * 3'600 * 1'000'000'000;

Metrics make_metrics(const SessionPlan& plan, const SessionShot& shot, const Recorder& recorder);
/// One JSON object; keys: tools/README.md.
std::string metrics_json(const Metrics& metrics);
/// For people, within 100 columns.
std::string metrics_text(const Metrics& metrics);

}  // namespace pinstripe
