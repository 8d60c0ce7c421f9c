// Features of one state of the book: its best 50 levels a side, looked at once after a complete
// update.
#pragma once

#include <array>
#include <cstdint>

#include "features/registry.h"
#include "shm/market/money.h"
#include "shm/market/order_book.h"

namespace pinstripe {

/// What one pass over the book yields. Distances are in half ticks (2 price - bid - ask), so they
/// are integers; sums of at most 50 quantities fit 64 bits.
struct SideShape {
  std::int64_t levels = 0;                   // of the best 50
  std::int64_t lots_1 = 0, lots_5 = 0, lots_10 = 0, lots_20 = 0, lots_50 = 0;
  std::int64_t collar_lots = 0;              // within the collar of the touch, best 50 levels
  double slope = 0;                          // share of the best 20 levels' quantity per half tick
  double concentration = 0;                  // Herfindahl index of the best 20 quantities
  double offset_5 = 0;                       // quantity-weighted distance of the best 5, half ticks
};

struct BookShape {
  std::int64_t mid_half_ticks = 0;           // bid + ask
  std::int64_t bid_ticks = 0, ask_ticks = 0;
  SideShape bid, ask;
};

/// The best levels of one side as last looked at.
struct BestLevels {
  std::array<BookLevel, kDepthLevels> levels;  // the best first; only `count` of them are set
  std::size_t count = 0;
  bool changed = true;                         // one of them is another by now
  PriceTicks worst;                            // of the last one; a worse price changes none
};

/// The shape of a book that changes level by level. A side is looked at again only where one of its
/// best 50 levels is another than last time; what is measured from the mid, where that moved.
class ShapeKeeper {
 public:
  /// A level of `side` was set.
  void level_set(Side side, PriceTicks price) noexcept {
    BestLevels& best = best_[static_cast<std::size_t>(side)];
    const bool worse = side == Side::kBuy ? price < best.worst : price > best.worst;
    best.changed |= !worse || best.count < kDepthLevels;
  }
  /// The book was cleared, or the shape is not that of the last look.
  void forget() noexcept { best_[0].changed = best_[1].changed = true; }
  /// `shape` as of the last look at this book, brought up to date; the book is two-sided.
  void look(const OrderBook& book, std::int64_t collar_bps, BookShape& shape) noexcept;

 private:
  std::array<BestLevels, 2> best_;
};

}  // namespace pinstripe
