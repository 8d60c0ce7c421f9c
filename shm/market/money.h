// Money in integers: 1e-8 of the settle asset, 128-bit intermediates, one documented rounding.
//
// Rounding (trading.md 1): towards what costs us: a cost is rounded up, a gain down, to the next
// 1e-8. `floor_div` of a signed gain and `ceil_div` of a signed cost do exactly that.
#pragma once

#include <cstdint>

#include "shm/base/check.h"
#include "shm/base/units.h"
#include "shm/market/instrument.h"
#include "shm/market/wide.h"

namespace pinstripe {

/// Quotient rounded towards minus infinity; `d` > 0.
constexpr Int128 floor_div(Int128 n, Int128 d) noexcept {
  const Int128 q = n / d;
  return n % d != 0 && n < 0 ? q - 1 : q;
}
/// Quotient rounded towards plus infinity; `d` > 0.
constexpr Int128 ceil_div(Int128 n, Int128 d) noexcept {
  const Int128 q = n / d;
  return n % d != 0 && n > 0 ? q + 1 : q;
}
/// Narrowing that stops the process where the value does not fit.
constexpr std::int64_t narrow_money(Int128 v) noexcept {
  PINSTRIPE_CHECK(v <= INT64_MAX && v >= INT64_MIN, "money overflows 64 bits");
  return static_cast<std::int64_t>(v);
}

inline constexpr Int128 kE8 = 100'000'000;

/// Value of |qty| at `price_e8` (1e-8 quote) in 1e-8 settle: quote for spot and linear, base for
/// inverse (contracts x multiplier / price). Rounded up where `up`, else down. qty >= 0, price > 0.
constexpr MoneyE8 notional_at_e8(const Instrument& i, std::int64_t price_e8, QtyLots qty,
                                 bool up) noexcept {
  PINSTRIPE_CHECK(price_e8 > 0 && qty.value >= 0, "notional of a nonpositive price or quantity");
  const Int128 contracts_e8 = static_cast<Int128>(qty.value) * i.lot_e8;
  if (i.market == Market::kInverse) {
    const Int128 numerator = contracts_e8 * i.multiplier_e8;
    return MoneyE8(
        narrow_money(up ? ceil_div(numerator, price_e8) : floor_div(numerator, price_e8)));
  }
  // base_e8 is rounded in the same direction; for every shipped instrument it is exact.
  const Int128 base_numerator = contracts_e8 * i.multiplier_e8;
  const Int128 base_e8 = up ? ceil_div(base_numerator, kE8) : floor_div(base_numerator, kE8);
  const Int128 value = base_e8 * price_e8;
  return MoneyE8(narrow_money(up ? ceil_div(value, kE8) : floor_div(value, kE8)));
}

/// Price of `ticks` in 1e-8 quote.
constexpr std::int64_t price_e8(const Instrument& i, PriceTicks ticks) noexcept {
  return narrow_money(static_cast<Int128>(ticks.value) * i.tick_e8);
}
constexpr MoneyE8 notional_up(const Instrument& i, PriceTicks price, QtyLots qty) noexcept {
  return notional_at_e8(i, price_e8(i, price), qty, true);
}
constexpr MoneyE8 notional_down(const Instrument& i, PriceTicks price, QtyLots qty) noexcept {
  return notional_at_e8(i, price_e8(i, price), qty, false);
}
/// Fee of a fill: notional x rate, rounded up (a rebate, rate < 0, is rounded towards less rebate).
constexpr MoneyE8 fee_of(const Instrument& i, PriceTicks price, QtyLots qty,
                         std::int64_t rate_e8) noexcept {
  const Int128 notional = rate_e8 >= 0 ? notional_up(i, price, qty).value
                                       : notional_down(i, price, qty).value;
  return MoneyE8(narrow_money(ceil_div(notional * rate_e8, kE8)));
}
/// Funding received (> 0) or paid (< 0) by `position` at `mark_e8`: -position x mark x rate, gains
/// rounded down, costs up.
constexpr MoneyE8 funding_of(const Instrument& i, QtyLots position, std::int64_t mark_e8,
                             std::int64_t rate_e8) noexcept {
  const QtyLots size(position.value < 0 ? -position.value : position.value);
  const bool pays = (position.value > 0) == (rate_e8 > 0);
  const Int128 notional = notional_at_e8(i, mark_e8, size, pays).value;
  const Int128 signed_cash = position.value > 0 ? -notional * rate_e8 : notional * rate_e8;
  return MoneyE8(narrow_money(floor_div(signed_cash, kE8)));
}

}  // namespace pinstripe
