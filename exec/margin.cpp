#include "exec/margin.h"

namespace pinstripe {
namespace {

std::int64_t sum_of(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  PINSTRIPE_CHECK(!__builtin_add_overflow(a, b, &sum), "money overflows 64 bits");
  return sum;
}

}  // namespace

MoneyE8 maintenance_of(const std::vector<MarginTier>& tiers, MoneyE8 notional_e8) noexcept {
  std::size_t t = 0;
  while (t + 1 < tiers.size() && notional_e8.value > tiers[t].notional_cap_e8) ++t;
  const Int128 needed = static_cast<Int128>(notional_e8.value) * tiers[t].maintenance_rate_e8;
  const std::int64_t most = narrow_money(ceil_div(needed, kE8));
  return MoneyE8(most > tiers[t].deduction_e8 ? most - tiers[t].deduction_e8 : 0);
}

Margin::Margin(const MarginConfig& config, const std::vector<Instrument>& instruments)
    : instruments_(instruments), opening_e8_(config.opening_e8), parts_(instruments.size()) {
  if (!config.on) return;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const Instrument& instrument = instruments[i];
    if (instrument.market == Market::kSpot) continue;
    PINSTRIPE_CHECK(!instrument.tiers.empty(), "margin of a perpetual without tiers");
    std::size_t a = 0;
    while (a < accounts_.size() && accounts_[a].settle != instrument.settle) ++a;
    if (a == accounts_.size()) {
      accounts_.emplace_back();
      accounts_[a].settle = instrument.settle;
    }
    if (instrument.market == Market::kLinear && !accounts_[a].funded) {
      accounts_[a].cash_e8 = opening_e8_;
      accounts_[a].funded = true;
    }
    parts_[i].account = static_cast<int>(a);
    parts_[i].position = PositionAccount(instrument, instrument.lot_e8);
  }
}

void Margin::fill(std::uint16_t i, Side side, PriceTicks price, QtyLots qty,
                  MoneyE8 fee) noexcept {
  Part& p = parts_[i];
  Account& a = accounts_[account_of(i)];
  const bool held = p.position.units() != 0;
  const MoneyE8 realised = p.position.fill(side, price, qty.value);
  a.cash_e8 = sum_of(a.cash_e8, sum_of(realised.value, -fee.value));
  a.held += (p.position.units() != 0 ? 1 : 0) - (held ? 1 : 0);
  if (p.valued_at_e8 == 0) p.valued_at_e8 = price_e8(instruments_[i], price);
  refresh(i);
}

void Margin::funding(std::uint16_t i, MoneyE8 cash) noexcept {
  Account& a = accounts_[account_of(i)];
  a.cash_e8 = sum_of(a.cash_e8, cash.value);
}

void Margin::value(std::uint16_t i, std::int64_t price) noexcept {
  Part& p = parts_[i];
  if (price == p.valued_at_e8) return;
  p.valued_at_e8 = price;
  if (p.position.units() != 0) refresh(i);
}

void Margin::see_mid(std::uint16_t i, std::int64_t mid_e8) noexcept {
  Account& a = accounts_[account_of(i)];
  if (a.funded || instruments_[i].market != Market::kInverse) return;
  a.cash_e8 = sum_of(a.cash_e8, narrow_money(static_cast<Int128>(opening_e8_) * kE8 / mid_e8));
  a.funded = true;
}

/// The instrument's share in its account's sums, from its position and its last price.
void Margin::refresh(std::uint16_t i) noexcept {
  Part& p = parts_[i];
  Account& a = accounts_[account_of(i)];
  const std::int64_t unrealised = p.position.unrealised(p.valued_at_e8).value;
  std::int64_t maintenance = 0;
  if (p.position.units() != 0) {
    const MoneyE8 notional =
        notional_at_e8(instruments_[i], p.valued_at_e8, QtyLots(p.position.size()), true);
    maintenance = maintenance_of(instruments_[i].tiers, notional).value;
  }
  a.unrealised_e8 = sum_of(a.unrealised_e8, unrealised - p.unrealised_e8);
  a.maintenance_e8 = sum_of(a.maintenance_e8, maintenance - p.maintenance_e8);
  p.unrealised_e8 = unrealised;
  p.maintenance_e8 = maintenance;
}

void Margin::save(StateWriter& w) const noexcept {
  for (const Part& p : parts_) {
    p.position.save(w);
    w.i64(p.valued_at_e8);
  }
  for (const Account& a : accounts_) {
    w.boolean(a.funded);
    w.i64(a.cash_e8);
  }
}

bool Margin::load(StateReader& r) {
  for (Account& a : accounts_) a.unrealised_e8 = a.maintenance_e8 = a.held = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& p = parts_[i];
    if (!p.position.load(r)) return false;
    p.valued_at_e8 = r.i64();
    p.unrealised_e8 = p.maintenance_e8 = 0;
    if (p.position.units() == 0) continue;
    if (p.account < 0 || p.valued_at_e8 <= 0) return false;
    ++accounts_[static_cast<std::size_t>(p.account)].held;
    refresh(static_cast<std::uint16_t>(i));
  }
  for (Account& a : accounts_) {
    a.funded = r.boolean();
    a.cash_e8 = r.i64();
  }
  return !r.failed();
}

}  // namespace pinstripe
