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

/// `book` is two-sided.
BookShape shape_of(const OrderBook& book, std::int64_t collar_bps) noexcept;

}  // namespace pinstripe
