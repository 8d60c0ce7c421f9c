// L2 order book of one instrument: two sides (book_side.h).
#pragma once

#include "shm/market/book_side.h"

namespace pinstripe {

/// Both sides of one instrument's book.
struct OrderBook {
  explicit OrderBook(std::size_t capacity_per_side)
      : bids(capacity_per_side), asks(capacity_per_side) {}

  QtyLots set(Side side, PriceTicks price, QtyLots qty) noexcept {
    return side == Side::kBuy ? bids.set(price, qty) : asks.set(price, qty);
  }
  QtyLots qty_at(Side side, PriceTicks price) const noexcept {
    return side == Side::kBuy ? bids.qty_at(price) : asks.qty_at(price);
  }
  bool two_sided() const noexcept { return !bids.empty() && !asks.empty(); }
  bool crossed() const noexcept { return two_sided() && bids.best().price >= asks.best().price; }
  void clear() noexcept { bids.clear(); asks.clear(); }
  void save(StateWriter& w) const noexcept { bids.save(w); asks.save(w); }
  bool load(StateReader& r) { return bids.load(r) && asks.load(r); }

  BookSide<Side::kBuy> bids;
  BookSide<Side::kSell> asks;
};

}  // namespace pinstripe
