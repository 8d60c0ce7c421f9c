// A position at average entry, exact: what it cost is kept as a fraction, never as a rounded price.
//
// `basis` is the sum over the open quantity of price (linear, spot: ticks x units) or of its
// inverse (inverse: units / ticks). Closing a part takes its share of the basis, so the average
// entry stays.
//   linear, spot: profit = side x (exit x qty - share) x tick x unit x multiplier
//   inverse:      profit = side x (share - qty / exit) x unit x multiplier / tick       (base coin)
// Rounding: each realised or unrealised profit is rounded down once to 1e-8 settle. The fraction is
// exact while its denominator stays within 2^40 (inverse: 2^60); past that it is rounded to that
// step against us (many partial closes between adds at unrelated prices; a flat position starts
// afresh).
#pragma once

#include <cstdint>
#include <numeric>

#include "shm/base/state_io.h"
#include "shm/market/money.h"
#include "shm/market/wide.h"

namespace pinstripe {

/// num / den with den > 0.
struct Fraction {
  Int128 num = 0;
  Int128 den = 1;
  friend constexpr bool operator==(const Fraction&, const Fraction&) = default;

  constexpr void reduce() noexcept {
    if (den == 1) return;
    const Int128 g = gcd128(num, den);
    if (g > 1) {
      num /= g;
      den /= g;
    }
  }
};

/// Profit per (ticks x unit) or (unit / ticks) as a reduced fraction in 1e-8 settle. Constant for
/// an instrument; `unit_e8` is the size of one position unit (a lot, or 1e-8 base for spot).
constexpr Fraction profit_scale(const Instrument& i, std::int64_t unit_e8) noexcept {
  const Int128 size = static_cast<Int128>(unit_e8) * i.multiplier_e8;
  Fraction scale;
  if (i.market == Market::kInverse) {
    scale = {size, i.tick_e8};
    scale.reduce();
    return scale;
  }
  scale = {size, kE8};
  scale.reduce();
  Fraction tick{i.tick_e8, kE8};
  tick.reduce();
  const Int128 g1 = gcd128(scale.num, tick.den);
  const Int128 g2 = gcd128(tick.num, scale.den);
  return {(scale.num / g1) * (tick.num / g2), (scale.den / g2) * (tick.den / g1)};
}

class PositionAccount {
 public:
  PositionAccount() noexcept = default;
  PositionAccount(const Instrument& i, std::int64_t unit_e8) noexcept
      : scale_(profit_scale(i, unit_e8)), tick_e8_(i.tick_e8),
        inverse_(i.market == Market::kInverse) {}

  /// Books a fill of `units` > 0 at `price` > 0; returns the profit it realised (0 when it only
  /// opens), rounded down. A fill larger than the position closes it and opens the rest.
  MoneyE8 fill(Side side, PriceTicks price, std::int64_t units) noexcept {
    PINSTRIPE_CHECK(price.value > 0 && units > 0, "fill without price or quantity");
    const std::int64_t signed_units = side == Side::kBuy ? units : -units;
    MoneyE8 profit;
    if (units_ != 0 && (units_ > 0) != (signed_units > 0)) {
      const std::int64_t closing = units < size() ? units : size();
      const Fraction share = take_share(closing);
      profit = profit_of(units_ > 0, share, {price.value, 1}, closing);
      units_ += signed_units > 0 ? closing : -closing;
      if (units_ == 0) basis_ = Fraction{};
      units -= closing;
    }
    if (units > 0) {
      add_basis(side == Side::kBuy, price, units);
      PINSTRIPE_CHECK(!__builtin_add_overflow(units_, side == Side::kBuy ? units : -units, &units_),
                      "position overflows");
    }
    return profit;
  }

  /// Profit if all were closed at `price_e8` (1e-8 quote), rounded down.
  MoneyE8 unrealised(std::int64_t price_e8) const noexcept {
    if (units_ == 0) return MoneyE8(0);
    PINSTRIPE_CHECK(price_e8 > 0, "valuation at a nonpositive price");
    const std::int64_t g = std::gcd(price_e8, tick_e8_);
    const Fraction ticks{price_e8 / g, tick_e8_ / g};
    return profit_of(units_ > 0, basis_, ticks, size());
  }

  std::int64_t units() const noexcept { return units_; }
  std::int64_t size() const noexcept { return units_ < 0 ? -units_ : units_; }
  const Fraction& basis() const noexcept { return basis_; }
  /// Average entry in ticks, for triggers and people; 0 when flat.
  double average_entry_ticks() const noexcept {
    if (units_ == 0) return 0;
    const double basis = static_cast<double>(basis_.num) / static_cast<double>(basis_.den);
    const auto n = static_cast<double>(size());
    return inverse_ ? n / basis : basis / n;
  }
  /// How often the fraction had to be rounded since the position was last flat, or before.
  std::uint64_t roundings() const noexcept { return roundings_; }

  void save(StateWriter& w) const noexcept {
    w.i64(units_);
    for (const Int128 v : {basis_.num, basis_.den}) {
      w.u64(static_cast<std::uint64_t>(v));
      w.i64(static_cast<std::int64_t>(v >> 64));
    }
    w.u64(roundings_);
  }
  /// False where the saved position is impossible.
  bool load(StateReader& r) noexcept {
    units_ = r.i64();
    Int128 v[2]{};
    for (Int128& part : v) {
      const auto low = static_cast<UInt128>(r.u64());
      part = static_cast<Int128>(static_cast<UInt128>(static_cast<Int128>(r.i64())) << 64 | low);
    }
    basis_ = {v[0], v[1]};
    roundings_ = r.u64();
    return !r.failed() && basis_.den > 0 && basis_.num >= 0 && (units_ != 0) == (basis_.num != 0);
  }

 private:
  // A linear basis is large (ticks x units) and needs little fraction; an inverse one is small
  // (units / ticks). Both keep numerator and products of one step inside 128 bits.
  static constexpr int kLinearDenBits = 40;
  static constexpr int kInverseDenBits = 60;

  static Int128 times(Int128 a, Int128 b) noexcept {
    Int128 product = 0;
    PINSTRIPE_CHECK(!__builtin_mul_overflow(a, b, &product), "position value overflows 128 bits");
    return product;
  }
  /// A larger basis costs us: long linear and short inverse.
  bool rounds_up(bool is_long) const noexcept { return is_long != inverse_; }

  Int128 den_max() const noexcept {
    return static_cast<Int128>(1) << (inverse_ ? kInverseDenBits : kLinearDenBits);
  }
  /// num / den rounded against us where den has grown past den_max().
  Fraction bounded(Fraction f, bool up) noexcept {
    f.reduce();
    if (f.den <= den_max()) return f;
    ++roundings_;
    const Int128 floor = mul_div_floor(f.num, den_max(), f.den);
    return {up ? floor + 1 : floor, den_max()};
  }

  void add_basis(bool is_long, PriceTicks price, std::int64_t units) noexcept {
    if (!inverse_) {
      basis_.num += times(times(price.value, units), basis_.den);
      return;
    }
    if (basis_.den % price.value == 0) {
      basis_.num += times(units, basis_.den / price.value);
      return;
    }
    // den <= 2^60 and price < 2^46: the exact sum fits before it is bounded.
    basis_ = bounded({times(basis_.num, price.value) + times(units, basis_.den),
                      times(basis_.den, price.value)},
                     rounds_up(is_long));
  }

  /// The share of `closing` units in the basis, taken out of it.
  Fraction take_share(std::int64_t closing) noexcept {
    if (closing == size()) return basis_;
    // basis x closing / size, in lowest terms
    const Int128 g = gcd128(closing, size());
    const Int128 part = closing / g;
    const Int128 whole = size() / g;
    const Int128 g_num = gcd128(basis_.num, whole);
    const Int128 g_den = gcd128(part, basis_.den);
    const Fraction exact{times(basis_.num / g_num, part / g_den),
                         times(basis_.den / g_den, whole / g_num)};
    if (exact.den <= den_max()) {
      const Int128 g_both = gcd128(exact.den, basis_.den);
      const Int128 lift = exact.den / g_both;
      basis_ = {times(basis_.num, lift) - times(exact.num, basis_.den / g_both),
                times(basis_.den, lift)};
      basis_ = bounded(basis_, rounds_up(units_ > 0));
      return exact;
    }
    // Too fine: the share is rounded against us, and what it took more stays out of the rest.
    ++roundings_;
    const bool up = rounds_up(units_ > 0);
    const Int128 fine = den_max();
    const Int128 all = mul_div_floor(basis_.num, fine, basis_.den);
    const Int128 floor = mul_div_floor(all, part, whole);
    const Fraction share{up ? floor + 1 : floor, fine};
    basis_ = {all - share.num + (up && fine % basis_.den != 0 ? 1 : 0), fine};
    return share;
  }

  MoneyE8 profit_of(bool is_long, const Fraction& share, const Fraction& price,
                    std::int64_t units) const noexcept {
    // value of `units` at the price, over a common denominator with the share
    const Int128 value_num = inverse_ ? times(units, price.den) : times(price.num, units);
    const Int128 value_den = inverse_ ? price.num : price.den;
    const Int128 difference = times(value_num, share.den) - times(share.num, value_den);
    const Int128 gain = is_long != inverse_ ? difference : -difference;
    const Int128 over = times(times(share.den, value_den), scale_.den);
    return MoneyE8(narrow_money(mul_div_floor(gain, scale_.num, over)));
  }

  Fraction scale_{1, 1};
  Fraction basis_{};
  std::int64_t units_ = 0;
  std::int64_t tick_e8_ = 1;
  std::uint64_t roundings_ = 0;
  bool inverse_ = false;
};

}  // namespace pinstripe
