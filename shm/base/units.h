// Strong integer units: a price cannot be added to a quantity, a time cannot be compared to a
// price.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace pinstripe {

/// A 64-bit integer that carries its unit in its type. Trivially copyable; may cross processes.
/// Addition and subtraction stay inside one unit; `saturating_add` is for times that may be `max`.
template <class Tag>
struct Unit {
  std::int64_t value = 0;

  constexpr Unit() = default;
  constexpr explicit Unit(std::int64_t v) noexcept : value(v) {}

  friend constexpr auto operator<=>(Unit, Unit) noexcept = default;
  friend constexpr Unit operator+(Unit a, Unit b) noexcept { return Unit(a.value + b.value); }
  friend constexpr Unit operator-(Unit a, Unit b) noexcept { return Unit(a.value - b.value); }
  constexpr Unit operator-() const noexcept { return Unit(-value); }
  constexpr Unit& operator+=(Unit b) noexcept { value += b.value; return *this; }
  constexpr Unit& operator-=(Unit b) noexcept { value -= b.value; return *this; }

  static constexpr Unit max() noexcept { return Unit(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Unit min() noexcept { return Unit(std::numeric_limits<std::int64_t>::min()); }
};

/// Event time or a span of it, nanoseconds; absolute values count from the Unix epoch.
using TimeNs = Unit<struct TimeNsTag>;
/// Price as a whole number of the instrument's ticks.
using PriceTicks = Unit<struct PriceTicksTag>;
/// Quantity as a whole number of the instrument's lots. Signed where it is a position.
using QtyLots = Unit<struct QtyLotsTag>;
/// Money: 1e-8 of the settle asset (trading.md 1).
using MoneyE8 = Unit<struct MoneyE8Tag>;

/// `t + span`, staying at the ends of the range instead of wrapping (protocol 4: "sums saturate").
constexpr TimeNs saturating_add(TimeNs t, TimeNs span) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(t.value, span.value, &sum)) {
    return span.value > 0 ? TimeNs::max() : TimeNs::min();
  }
  return TimeNs(sum);
}

inline constexpr std::int64_t kNsPerUs = 1'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// Side of the book, or the aggressor's side of a trade, or the side of an order.
enum class Side : std::uint8_t { kBuy = 0, kSell = 1 };
constexpr Side opposite(Side s) noexcept { return s == Side::kBuy ? Side::kSell : Side::kBuy; }
/// +1 for buy, -1 for sell.
constexpr std::int64_t sign_of(Side s) noexcept { return s == Side::kBuy ? 1 : -1; }

}  // namespace pinstripe
