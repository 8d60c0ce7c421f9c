#include "tools/backtest/metrics.h"

#include <cmath>

#include "tools/backtest/recorder.h"

namespace pinstripe {
namespace {

constexpr double kYearNs = 365.0 * 24 * 3'600 * 1e9;

std::optional<double> ratio(double a, double b) {
  return b > 0 ? std::optional<double>(a / b) : std::nullopt;
}

void add_returns(const EquitySeries& series, std::int64_t step_ns, std::uint64_t seed,
                 AccountMetrics& m) {
  m.opening_e8 = series.opening_e8();
  m.final_e8 = series.final_e8();
  if (m.opening_e8 > 0) {
    m.total_return = static_cast<double>(m.final_e8) / static_cast<double>(m.opening_e8) - 1;
  }
  m.returns = moments_of(series.returns());
  m.sharpe = ratio(m.returns.mean, m.returns.deviation);
  m.sortino = ratio(m.returns.mean, m.returns.downside);
  m.intervals = bootstrap(series.returns(), seed);
  m.max_drawdown = series.max_drawdown();
  m.max_drawdown_ns = series.max_drawdown_ns();
  m.return_over_drawdown = ratio(m.total_return, m.max_drawdown);
  m.exposure_time = series.exposure_time();
  m.exposure_notional = series.exposure_notional();
  const std::int64_t span_ns = series.finished_ns() - series.opened_ns();
  if (span_ns < kAnnualLeastNs || m.total_return <= -1) return;
  const double years = static_cast<double>(span_ns) / kYearNs;
  const double root = std::sqrt(kYearNs / static_cast<double>(step_ns));
  m.annual_return = std::pow(1 + m.total_return, 1 / years) - 1;
  m.annual_volatility = m.returns.deviation * root;
  if (m.sharpe) m.annual_sharpe = *m.sharpe * root;
  if (m.sortino) m.annual_sortino = *m.sortino * root;
  m.calmar = ratio(*m.annual_return, m.max_drawdown);
}

/// Counts and sums that become ratios once all instruments are in.
struct Sums {
  FillSums fills;
  double won_e8 = 0, lost_e8 = 0;
  double touched = 0;  // orders with a fill
  struct Mean {
    double sum = 0, count = 0;
    std::optional<double> bps() const { return ratio(sum / 1e6, count); }
  };
  Mean markout_1s, markout_5s, maker_1s, maker_5s;
  bool funding_unknown = false;
};

void add_mean(const StageShot& exec, const std::string& at, Sums::Mean& mean) {
  mean.sum += static_cast<double>(exec.counter(at + "_e6_sum"));
  mean.count += static_cast<double>(exec.counter(at + "_count"));
}

void add_counters(const StageShot& risk, const StageShot& exec, const std::string& at,
                  AccountMetrics& m, Sums& s) {
  m.gross_e8 += risk.counter(at + "gross_pnl_e8");
  m.fees_e8 += risk.counter(at + "fees_e8");
  m.net_e8 += risk.counter(at + "net_pnl_e8");
  m.funding_e8 = m.funding_e8.value_or(0) + risk.counter(at + "funding_e8");
  s.funding_unknown = s.funding_unknown || exec.counter(at + "funding_unknown") > 0;
  m.turnover_e8 += exec.counter(at + "turnover_e8");
  m.orders += exec.counter(at + "orders");
  m.fills += exec.counter(at + "fills");
  s.touched += static_cast<double>(exec.counter(at + "orders_filled") +
                                   exec.counter(at + "orders_partly_filled"));
  add_mean(exec, at + "markout_1s", s.markout_1s);
  add_mean(exec, at + "markout_5s", s.markout_5s);
  add_mean(exec, at + "maker_markout_1s", s.maker_1s);
  add_mean(exec, at + "maker_markout_5s", s.maker_5s);
}

void add_fills(const FillSums& f, FillSums& sums) {
  sums.notional += f.notional;
  sums.maker_notional += f.maker_notional;
  sums.slipped_notional += f.slipped_notional;
  sums.slipped_bps += f.slipped_bps;
  sums.maker_slipped_notional += f.maker_slipped_notional;
  sums.maker_slipped_bps += f.maker_slipped_bps;
}

void finish_ratios(const Sums& s, AccountMetrics& m) {
  if (s.funding_unknown) m.funding_e8.reset();
  const auto losses = static_cast<double>(m.trades - m.wins);
  m.win_rate = ratio(static_cast<double>(m.wins), static_cast<double>(m.trades));
  m.profit_factor = ratio(s.won_e8, s.lost_e8);
  m.average_win = ratio(s.won_e8 / 1e8, static_cast<double>(m.wins));
  m.average_loss = ratio(s.lost_e8 / 1e8, losses);
  m.fill_ratio = ratio(s.touched, static_cast<double>(m.orders));
  const FillSums& f = s.fills;
  m.maker_share = ratio(f.maker_notional, f.notional);
  m.slippage_bps = ratio(f.slipped_bps, f.slipped_notional);
  m.slippage_maker_bps = ratio(f.maker_slipped_bps, f.maker_slipped_notional);
  m.slippage_taker_bps = ratio(f.slipped_bps - f.maker_slipped_bps,
                               f.slipped_notional - f.maker_slipped_notional);
  m.markout_1s_bps = s.markout_1s.bps();
  m.markout_5s_bps = s.markout_5s.bps();
  m.maker_markout_1s_bps = s.maker_1s.bps();
  m.maker_markout_5s_bps = s.maker_5s.bps();
}

LatencyShot shot_of(const Histogram& histogram) {
  const HistogramSnapshot h(histogram);
  return {h.count(), h.percentile(0.5), h.percentile(0.99), h.percentile(0.999), h.max()};
}

}  // namespace

Metrics make_metrics(const SessionPlan& plan, const SessionShot& shot, const Recorder& recorder) {
  Metrics out;
  out.step_ns = recorder.step_ns();
  const StageShot* const risk = shot.stage("risk");
  const StageShot* const exec = shot.stage("exec");
  for (const Recorder::AccountRecord& record : recorder.accounts()) {
    AccountMetrics m;
    m.settle = record.settle;
    out.span_ns = std::max(out.span_ns, record.series.finished_ns() - record.series.opened_ns());
    add_returns(record.series, out.step_ns, plan.seed, m);
    Sums sums;
    for (std::size_t i = 0; i < plan.instruments.size(); ++i) {
      if (plan.instruments[i].settle != m.settle) continue;
      add_counters(*risk, *exec, plan.instruments[i].id + ".", m, sums);
      add_fills(recorder.orders().sums(i), sums.fills);
      const ClosedTrades& t = recorder.trades(i);
      m.trades += t.closed;
      m.wins += t.wins;
      sums.won_e8 += static_cast<double>(t.won_e8);
      sums.lost_e8 += static_cast<double>(t.lost_e8);
    }
    finish_ratios(sums, m);
    out.accounts.push_back(std::move(m));
  }
  const OrderLatencies& l = recorder.orders().latencies();
  out.origin_to_order = shot_of(l.origin_to_order);
  out.order_to_venue = shot_of(l.order_to_venue);
  out.order_to_answer = shot_of(l.order_to_answer);
  return out;
}

}  // namespace pinstripe
