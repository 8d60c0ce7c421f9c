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

/// What the levels alone say.
void sum_side(const BestLevels& best, std::int64_t collar_bps, SideShape& s) noexcept {
  const Levels& side = best.levels;
  const std::size_t n = best.count;
  s = SideShape{};
  s.levels = static_cast<std::int64_t>(n);
  s.lots_1 = side[0].qty.value;
  s.collar_lots = collar_sum(side, n, collar_bps);
  if (n >= 5) s.lots_5 = add_lots(side, 1, 5, s.lots_1);
  if (n >= 10) s.lots_10 = add_lots(side, 5, 10, s.lots_5);
  if (n >= kShapeLevels) s.lots_20 = add_lots(side, 10, 20, s.lots_10);
  if (n >= 50) s.lots_50 = add_lots(side, 20, 50, s.lots_20);
}

/// What is measured from the mid.
void measure_side(const BestLevels& best, std::int64_t mid_half_ticks, SideShape& s) noexcept {
  if (best.count < kFlowLevels) return;
  double weighted = 0;
  for (std::size_t i = 0; i < kFlowLevels; ++i) {
    const BookLevel& l = best.levels[i];
    weighted += static_cast<double>(2 * l.price.value - mid_half_ticks) *
                static_cast<double>(l.qty.value);
  }
  s.offset_5 = weighted / static_cast<double>(s.lots_5);
  if (best.count >= kShapeLevels) fit_shape(best.levels, mid_half_ticks, s);
}

template <class BookSideT>
void look_at_side(const BookSideT& side, std::int64_t collar_bps, std::int64_t mid_half_ticks,
                  bool moved, BestLevels& best, SideShape& s) noexcept {
  if (best.changed) {
    best.count = side.best_into(best.levels.data(), best.levels.size());
    best.worst = best.levels[best.count - 1].price;
    sum_side(best, collar_bps, s);
  }
  if (best.changed || moved) measure_side(best, mid_half_ticks, s);
  best.changed = false;
}

}  // namespace

void ShapeKeeper::look(const OrderBook& book, std::int64_t collar_bps,
                       BookShape& shape) noexcept {
  const std::int64_t mid_before = shape.mid_half_ticks;
  shape.bid_ticks = book.bids.best().price.value;
  shape.ask_ticks = book.asks.best().price.value;
  shape.mid_half_ticks = shape.bid_ticks + shape.ask_ticks;
  const bool moved = shape.mid_half_ticks != mid_before;
  look_at_side(book.bids, collar_bps, shape.mid_half_ticks, moved, best_[0], shape.bid);
  look_at_side(book.asks, collar_bps, shape.mid_half_ticks, moved, best_[1], shape.ask);
}

}  // namespace pinstripe
