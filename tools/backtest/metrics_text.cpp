// The metrics as JSON for scripts and as tables for people.
#include <nlohmann/json.hpp>

#include "tools/backtest/metrics.h"
#include "tools/session/latency_json.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& v) { return v ? Json(*v) : Json(nullptr); }
double money(std::int64_t e8) { return static_cast<double>(e8) / 1e8; }
Json pair(const BootstrapInterval& i) { return Json::array({i.low, i.high}); }

Json annual_json(const AccountMetrics& m) {
  if (!m.annual_return) return nullptr;
  return {{"return", *m.annual_return},
          {"volatility", number(m.annual_volatility)},
          {"sharpe", number(m.annual_sharpe)},
          {"sortino", number(m.annual_sortino)},
          {"calmar", number(m.calmar)}};
}

void put_returns(Json& j, const AccountMetrics& m) {
  j["opening_cash"] = money(m.opening_e8);
  j["final_equity"] = money(m.final_e8);
  j["total_return"] = m.total_return;
  j["intervals"] = m.returns.count;
  j["mean_return"] = m.returns.mean;
  j["volatility"] = m.returns.deviation;
  j["sharpe"] = number(m.sharpe);
  j["sortino"] = number(m.sortino);
  j["interval95"] = nullptr;
  if (m.intervals.known) {
    j["interval95"] = {{"mean_return", pair(m.intervals.mean)},
                       {"sharpe", pair(m.intervals.sharpe)},
                       {"sortino", pair(m.intervals.sortino)}};
  }
  j["annual"] = annual_json(m);
  if (!m.annual_return) j["annual_reason"] = "less than 30 days of data, or everything lost";
  j["max_drawdown"] = m.max_drawdown;
  j["max_drawdown_ns"] = m.max_drawdown_ns;
  j["return_over_drawdown"] = number(m.return_over_drawdown);
}

Json account_metrics_json(const AccountMetrics& m) {
  Json j;
  j["settle_asset"] = m.settle;
  put_returns(j, m);
  j["trades"] = m.trades;
  j["win_rate"] = number(m.win_rate);
  j["profit_factor"] = number(m.profit_factor);
  j["average_win"] = number(m.average_win);
  j["average_loss"] = number(m.average_loss);
  j["exposure_time"] = m.exposure_time;
  j["exposure_notional"] = m.exposure_notional;
  j["turnover"] = money(m.turnover_e8);
  j["gross_pnl"] = money(m.gross_e8);
  j["fees"] = money(m.fees_e8);
  j["funding"] = m.funding_e8 ? Json(money(*m.funding_e8)) : Json(nullptr);
  if (!m.funding_e8) {
    j["funding_reason"] = "a funding rate was not known; name a file under 'funding'";
  }
  j["net_pnl"] = money(m.net_e8);
  j["orders"] = m.orders;
  j["fills"] = m.fills;
  j["fill_ratio"] = number(m.fill_ratio);
  j["maker_share"] = number(m.maker_share);
  j["slippage_bps"] = {{"all", number(m.slippage_bps)},
                       {"maker", number(m.slippage_maker_bps)},
                       {"taker", number(m.slippage_taker_bps)}};
  j["markout_bps"] = {{"1s", number(m.markout_1s_bps)},
                      {"5s", number(m.markout_5s_bps)},
                      {"maker_1s", number(m.maker_markout_1s_bps)},
                      {"maker_5s", number(m.maker_markout_5s_bps)}};
  return j;
}

std::string shown(const std::optional<double>& v, int decimals) {
  return v ? shown_fixed(*v, decimals) : "-";
}
std::string shown_percent(const std::optional<double>& v, int decimals) {
  return v ? shown_fixed(*v * 100, decimals) + " %" : "-";
}
/// A ratio and its interval: "-0.12 (-0.20 .. -0.05)".
std::string shown_with(const std::optional<double>& v, const ReturnIntervals& known,
                       const BootstrapInterval& i) {
  if (!v || !known.known) return shown(v, 4);
  return shown_fixed(*v, 4) + " (" + shown_fixed(i.low, 4) + " .. " + shown_fixed(i.high, 4) + ")";
}

void add_return_rows(TextTable& t, const AccountMetrics& m, std::int64_t step_ns) {
  const std::string per = " per " + shown_ns(step_ns);
  t.row({"total return", shown_percent(m.total_return, 4)});
  t.row({"volatility" + per, shown_percent(m.returns.deviation, 5)});
  t.row({"Sharpe" + per + ", 95 %", shown_with(m.sharpe, m.intervals, m.intervals.sharpe)});
  t.row({"Sortino" + per + ", 95 %", shown_with(m.sortino, m.intervals, m.intervals.sortino)});
  if (m.annual_return) {
    t.row({"annual return", shown_percent(m.annual_return, 2)});
    t.row({"annual volatility", shown_percent(m.annual_volatility, 2)});
    t.row({"annual Sharpe", shown(m.annual_sharpe, 2)});
    t.row({"annual Sortino", shown(m.annual_sortino, 2)});
    t.row({"Calmar", shown(m.calmar, 2)});
  } else {
    t.row({"annual figures", "none below 30 days"});
  }
  t.row({"largest drawdown", shown_percent(m.max_drawdown, 4)});
  t.row({"longest drawdown", shown_ns(m.max_drawdown_ns)});
}

std::string account_metrics_text(const AccountMetrics& m, std::int64_t step_ns) {
  TextTable t({m.settle, ""});
  add_return_rows(t, m, step_ns);
  t.row({"closed trades", shown_count(m.trades)});
  t.row({"win rate", shown_percent(m.win_rate, 1)});
  t.row({"profit factor", shown(m.profit_factor, 3)});
  t.row({"average win, loss", shown(m.average_win, 6) + ", " + shown(m.average_loss, 6)});
  t.row({"turnover", shown_e8(m.turnover_e8, 2)});
  t.row({"time in the market", shown_percent(m.exposure_time, 1)});
  t.row({"mean notional over equity", shown_percent(m.exposure_notional, 2)});
  t.row({"maker share", shown_percent(m.maker_share, 1)});
  t.row({"slippage bps: all, maker, taker", shown(m.slippage_bps, 3) + ", " +
                                                shown(m.slippage_maker_bps, 3) + ", " +
                                                shown(m.slippage_taker_bps, 3)});
  return t.text();
}

std::string latency_row(const char* name, const LatencyShot& l) {
  if (l.count == 0) return "";
  return std::string(name) + ": p50 " + shown_ns(l.p50_ns) + ", p99 " + shown_ns(l.p99_ns) +
         ", p99.9 " + shown_ns(l.p999_ns) + ", max " + shown_ns(l.max_ns) + "\n";
}

}  // namespace

std::string metrics_json(const Metrics& m) {
  Json j;
  j["step_ns"] = m.step_ns;
  j["span_ns"] = m.span_ns;
  j["accounts"] = Json::array();
  for (const AccountMetrics& a : m.accounts) j["accounts"].push_back(account_metrics_json(a));
  j["simulated_latency_ns"] = {{"origin_to_order", latency_json(m.origin_to_order)},
                               {"order_to_venue", latency_json(m.order_to_venue)},
                               {"order_to_answer", latency_json(m.order_to_answer)}};
  return j.dump(1);
}

std::string metrics_text(const Metrics& m) {
  std::string out;
  for (const AccountMetrics& a : m.accounts) out += "\n" + account_metrics_text(a, m.step_ns);
  out += "\nsimulated time\n";
  out += latency_row("  market event to order", m.origin_to_order);
  out += latency_row("  order to venue", m.order_to_venue);
  out += latency_row("  order to first answer", m.order_to_answer);
  return out;
}

}  // namespace pinstripe
