#include "features/book_shape.h"

#include <array>

namespace pinstripe {
namespace {

/// The best levels of a side, the best first; only as many as the side has are set.
using Levels = std::array<BookLevel, kDepthLevels>;

/// Slope: least squares through the origin of the cumulative share of quantity on the distance from
/// mid. Concentration: sum of squared shares. Both over the best kShapeLevels levels.
void fit_shape(const Levels& side, std::int64_t mid_half_ticks, SideShape& s) noexcept {
  double products = 0, squares = 0, quantity_squares = 0;
  std::int64_t cumulative = 0;
  for (std::size_t i = 0; i < kShapeLevels; ++i) {
    const BookLevel& l = side[i];
    const std::int64_t off = 2 * l.price.value - mid_half_ticks;
    cumulative += l.qty.value;
    const auto q = static_cast<double>(l.qty.value);
    const auto d = static_cast<double>(off < 0 ? -off : off);
    products += static_cast<double>(cumulative) * d;
    squares += d * d;
    quantity_squares += q * q;
  }
  const auto total = static_cast<double>(cumulative);
  s.slope = products / (total * squares);
  s.concentration = quantity_squares / (total * total);
}

/// Sums of quantity over the best `to` levels, added to what `sum` holds for the best `from`.
std::int64_t add_lots(const Levels& side, std::size_t from, std::size_t to,
                      std::int64_t sum) noexcept {
  for (std::size_t i = from; i < to; ++i) sum += side[i].qty.value;
  return sum;
}

std::int64_t collar_sum(const Levels& side, std::size_t n, std::int64_t collar_bps) noexcept {
  const std::int64_t touch = side[0].price.value;
  const auto collar = static_cast<std::int64_t>(static_cast<Int128>(touch) * collar_bps / 10'000);
  const auto inside = [&](std::size_t i) {
    const std::int64_t off = side[i].price.value - touch;
    return (off < 0 ? -off : off) <= collar;
  };
  std::size_t within = n;  // the levels are sorted, so the last one inside ends the sum
  if (!inside(n - 1)) {
    within = 1;
    while (inside(within)) ++within;
  }
  return add_lots(side, 0, within, 0);
}

template <class BookSideT>
SideShape shape_side(const BookSideT& book_side, std::int64_t mid_half_ticks,
                     std::int64_t collar_bps) noexcept {
  SideShape s;
  Levels side;
  const std::size_t n = book_side.best_into(side.data(), side.size());
  s.levels = static_cast<std::int64_t>(n);
  s.lots_1 = side[0].qty.value;
  s.collar_lots = collar_sum(side, n, collar_bps);
  if (n < kFlowLevels) return s;
  double weighted = 0;
  for (std::size_t i = 0; i < kFlowLevels; ++i) {
    const BookLevel& l = side[i];
    weighted += static_cast<double>(2 * l.price.value - mid_half_ticks) *
                static_cast<double>(l.qty.value);
  }
  s.lots_5 = add_lots(side, 1, 5, s.lots_1);
  s.offset_5 = weighted / static_cast<double>(s.lots_5);
  if (n < 10) return s;
  s.lots_10 = add_lots(side, 5, 10, s.lots_5);
  if (n < kShapeLevels) return s;
  s.lots_20 = add_lots(side, 10, 20, s.lots_10);
  fit_shape(side, mid_half_ticks, s);
  if (n >= 50) s.lots_50 = add_lots(side, 20, 50, s.lots_20);
  return s;
}

}  // namespace

BookShape shape_of(const OrderBook& book, std::int64_t collar_bps) noexcept {
  BookShape b;
  b.bid_ticks = book.bids.best().price.value;
  b.ask_ticks = book.asks.best().price.value;
  b.mid_half_ticks = b.bid_ticks + b.ask_ticks;
  b.bid = shape_side(book.bids, b.mid_half_ticks, collar_bps);
  b.ask = shape_side(book.asks, b.mid_half_ticks, collar_bps);
  return b;
}

}  // namespace pinstripe
