#include "tools/backtest/recorder.h"

#include "risk/risk_core.h"

namespace pinstripe {

Recorder::Recorder(const SessionPlan& plan)
    : instruments_(plan.instruments),
      step_ns_(grid_step_ns(plan.traded_to_ns - plan.traded_from_ns)),
      trades_(plan.instruments.size()), orders_(plan.instruments) {}

Result<void> Recorder::write_to(const std::string& directory) {
  if (auto opened = orders_.write_to(directory); !opened) return opened;
  auto equity = CsvFile::create(directory + "/equity.csv",
                                "time_ns,account,on_grid,equity,cash,unrealised,gross_notional");
  if (!equity) return std::unexpected(equity.error());
  equity_ = std::move(*equity);
  return {};
}

/// Every grid instant that `now` has reached or passed.
[[gnu::noinline, gnu::cold]] void Recorder::sample(const RiskCore& core) noexcept {
  if (accounts_.empty()) {
    for (const SettleAccount& a : core.ledger().accounts()) accounts_.push_back({a.settle, {}});
    next_ns_ = (now_ns_ / step_ns_ + 1) * step_ns_;
    return;
  }
  for (; next_ns_ <= now_ns_; next_ns_ += step_ns_) sample_at(next_ns_, core, true);
}

std::int64_t Recorder::gross_notional_e8(const RiskCore& core, std::size_t account) const {
  std::int64_t sum = 0;
  for (std::uint32_t i = 0; i < instruments_.size(); ++i) {
    const InstrumentMoney& m = core.ledger().money(i);
    const std::int64_t lots = m.lots();
    if (m.account != account || lots == 0 || m.valued_at_e8 <= 0) continue;
    const Instrument& instrument = instruments_[i];
    const std::int64_t notional =
        notional_at_e8(instrument, m.valued_at_e8, QtyLots(lots < 0 ? -lots : lots), false).value;
    // Fees in base leave dust on spot that cannot be sold: no exposure.
    if (instrument.market == Market::kSpot && notional < instrument.notional_min_e8) continue;
    sum += notional;
  }
  return sum;
}

void Recorder::sample_at(std::int64_t t_ns, const RiskCore& core, bool on_grid) {
  for (std::size_t n = 0; n < accounts_.size(); ++n) {
    const SettleAccount& a = core.ledger().accounts()[n];
    EquitySeries& series = accounts_[n].series;
    if (!a.funded) continue;
    if (!series.opened()) series.open(t_ns, a.opening_e8);
    const std::int64_t gross = gross_notional_e8(core, n);
    if (on_grid) {
      series.sample(t_ns, a.equity_e8(), gross);
    } else {
      series.finish(t_ns, a.equity_e8());
    }
    if (!equity_) continue;
    equity_->cell(t_ns).cell(a.settle).cell(std::int64_t{on_grid}).e8(a.equity_e8());
    equity_->e8(a.cash_e8).e8(a.unrealised_e8).e8(gross);
    equity_->end_row();
  }
}

Result<void> Recorder::finish(const RiskCore& core) {
  if (accounts_.empty()) sample(core);
  if (now_ns_ != std::numeric_limits<std::int64_t>::min()) sample_at(now_ns_, core, false);
  for (std::uint32_t i = 0; i < instruments_.size(); ++i) {
    const InstrumentMoney& m = core.ledger().money(i);
    trades_[i] = {m.trades_closed, m.wins, m.won_e8, m.lost_e8};
  }
  if (auto closed = orders_.finish(); !closed) return closed;
  return equity_ ? equity_->close() : Result<void>{};
}

}  // namespace pinstripe
