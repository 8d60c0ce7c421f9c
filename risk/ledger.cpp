#include "risk/ledger.h"

namespace pinstripe {
namespace {

std::int64_t add(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  PINSTRIPE_CHECK(!__builtin_add_overflow(a, b, &sum), "money overflows 64 bits");
  return sum;
}

}  // namespace

Ledger::Ledger(const RiskConfig& config) : config_(config) {
  for (const Instrument& i : config.instruments) {
    InstrumentMoney m;
    m.units_per_lot = i.market == Market::kSpot ? i.lot_e8 : 1;
    m.position = PositionAccount(i, i.market == Market::kSpot ? 1 : i.lot_e8);
    std::uint32_t a = 0;
    while (a < accounts_.size() && accounts_[a].settle != i.settle) ++a;
    if (a == accounts_.size()) {
      accounts_.emplace_back();
      accounts_[a].settle = i.settle;
    }
    if (i.market == Market::kInverse) accounts_[a].coin = true;
    m.account = a;
    money_.push_back(m);
  }
  for (SettleAccount& a : accounts_) {
    if (a.coin) continue;
    a.opening_e8 = static_cast<std::int64_t>(config.opening_cash * 1e8);
    a.cash_e8 = a.peak_e8 = a.opening_e8;
    a.funded = true;
  }
}

void Ledger::fund(std::uint32_t instrument, double mid_e8) noexcept {
  SettleAccount& a = accounts_[money_[instrument].account];
  if (a.funded || config_.instruments[instrument].market != Market::kInverse) return;
  a.opening_e8 = static_cast<std::int64_t>(config_.opening_cash * 1e16 / mid_e8);
  a.cash_e8 = add(a.cash_e8, a.opening_e8);
  a.peak_e8 = a.equity_e8();
  a.funded = true;
}

Booked Ledger::fill(std::uint32_t instrument, Side side, PriceTicks price, std::int64_t lots,
                    std::int64_t fee_e8, bool fee_in_base) noexcept {
  const Instrument& i = config_.instruments[instrument];
  InstrumentMoney& m = money_[instrument];
  SettleAccount& a = accounts_[m.account];
  Booked out;
  out.opened = m.lots() == 0;
  std::int64_t units = 0;
  PINSTRIPE_CHECK(!__builtin_mul_overflow(lots, m.units_per_lot, &units), "fill overflows");
  std::int64_t realised = m.position.fill(side, price, units).value;
  std::int64_t fee = fee_e8;
  if (fee_in_base && fee_e8 != 0) {
    // The base that the venue keeps leaves at the fill's price and is charged as a fee; a rebate
    // comes in at that price.
    const Side moves = fee_e8 > 0 ? Side::kSell : Side::kBuy;
    realised = add(realised, m.position.fill(moves, price, fee_e8 > 0 ? fee_e8 : -fee_e8).value);
    fee = narrow_money(ceil_div(static_cast<Int128>(fee_e8) * price_e8(i, price), kE8));
  }
  m.realised_e8 = add(m.realised_e8, realised);
  m.fees_e8 = add(m.fees_e8, fee);
  m.trade_net_e8 = add(m.trade_net_e8, realised - fee);
  a.cash_e8 = add(a.cash_e8, realised - fee);
  value(instrument, m.valued_at_e8 > 0 ? m.valued_at_e8 : price_e8(i, price));
  out.flat = m.lots() == 0;
  if (out.flat && !out.opened) close_trade(m, out);
  return out;
}

void Ledger::close_trade(InstrumentMoney& m, Booked& out) noexcept {
  ++m.trades_closed;
  if (m.trade_net_e8 > 0) {
    ++m.wins;
    m.won_e8 = add(m.won_e8, m.trade_net_e8);
  } else {
    m.lost_e8 = add(m.lost_e8, -m.trade_net_e8);
  }
  out.lost = m.trade_net_e8 < 0;
  m.trade_net_e8 = 0;
}

void Ledger::funding(std::uint32_t instrument, std::int64_t cash_e8) noexcept {
  InstrumentMoney& m = money_[instrument];
  m.funding_e8 = add(m.funding_e8, cash_e8);
  m.trade_net_e8 = add(m.trade_net_e8, cash_e8);
  SettleAccount& a = accounts_[m.account];
  a.cash_e8 = add(a.cash_e8, cash_e8);
}

void Ledger::value(std::uint32_t instrument, std::int64_t price) noexcept {
  InstrumentMoney& m = money_[instrument];
  m.valued_at_e8 = price;
  const std::int64_t now_e8 = m.position.unrealised(price).value;
  SettleAccount& a = accounts_[m.account];
  a.unrealised_e8 = add(a.unrealised_e8, now_e8 - m.unrealised_e8);
  m.unrealised_e8 = now_e8;
}

bool Ledger::update_levels(std::uint32_t account, std::int64_t now_ns) noexcept {
  SettleAccount& a = accounts_[account];
  if (!a.funded) return false;
  const std::int64_t equity = a.equity_e8();
  a.day.see(now_ns, equity);
  if (equity > a.peak_e8) a.peak_e8 = equity;
  const double drop = static_cast<double>(a.peak_e8 - equity);
  const double peak = static_cast<double>(a.peak_e8);
  HaltLevel level = HaltLevel::kNone;
  if (drop >= config_.limits.drawdown_flatten * peak) {
    level = HaltLevel::kFlatten;
  } else if (drop >= config_.limits.drawdown_halt * peak) {
    level = HaltLevel::kNoOpens;
  }
  if (level <= a.level) return false;
  a.level = level;
  return true;
}

void Ledger::transfer(std::uint32_t account, std::int64_t amount_e8) noexcept {
  SettleAccount& a = accounts_[account];
  a.cash_e8 = add(a.cash_e8, amount_e8);
  a.peak_e8 = add(a.peak_e8, amount_e8);
  a.day.shift(amount_e8);
}

bool Ledger::daily_loss_hit(std::uint32_t account) const noexcept {
  const SettleAccount& a = accounts_[account];
  const std::int64_t reference = config_.limits.daily_window == DailyWindow::kUtcDay
                                     ? a.day.day_reference()
                                     : a.day.rolling_reference();
  const auto lost = static_cast<double>(reference - a.equity_e8());
  return reference > 0 && lost >= config_.limits.daily_loss_max * static_cast<double>(reference);
}

void Ledger::resume(bool new_peak) noexcept {
  for (SettleAccount& a : accounts_) {
    a.level = HaltLevel::kNone;
    if (new_peak) a.peak_e8 = a.equity_e8();
  }
}

void Ledger::save(StateWriter& w) const noexcept {
  for (const InstrumentMoney& m : money_) {
    m.position.save(w);
    for (const std::int64_t v : {m.valued_at_e8, m.realised_e8, m.unrealised_e8, m.fees_e8,
                                 m.funding_e8, m.trade_net_e8, m.trades_closed, m.wins, m.won_e8,
                                 m.lost_e8}) {
      w.i64(v);
    }
  }
  for (const SettleAccount& a : accounts_) {
    w.boolean(a.funded);
    for (const std::int64_t v : {a.opening_e8, a.cash_e8, a.unrealised_e8, a.peak_e8}) w.i64(v);
    w.u64(static_cast<std::uint64_t>(a.level));
    a.day.save(w);
  }
}

bool Ledger::load(StateReader& r) {
  for (InstrumentMoney& m : money_) {
    if (!m.position.load(r)) return false;
    for (std::int64_t* v : {&m.valued_at_e8, &m.realised_e8, &m.unrealised_e8, &m.fees_e8,
                            &m.funding_e8, &m.trade_net_e8, &m.trades_closed, &m.wins, &m.won_e8,
                            &m.lost_e8}) {
      *v = r.i64();
    }
  }
  for (SettleAccount& a : accounts_) {
    a.funded = r.boolean();
    for (std::int64_t* v : {&a.opening_e8, &a.cash_e8, &a.unrealised_e8, &a.peak_e8}) {
      *v = r.i64();
    }
    a.level = static_cast<HaltLevel>(r.u64() & 3);
    if (!a.day.load(r)) return false;
  }
  return !r.failed();
}

}  // namespace pinstripe
