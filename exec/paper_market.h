// The market of one instrument as the paper venue sees it: the fused book as feed publishes it,
// less what own orders took and no later level change has given back.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/market/order_book.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

/// The market event that a fill names as its cause.
struct CauseRef {
  std::uint32_t seq = 0;
  std::uint16_t ring = kNoRing;
  std::uint16_t lane = 0;
  TimeNs origin_ns;
  std::int32_t venue_offset_us = kNoVenueStamp;
};

class PaperMarket {
 public:
  explicit PaperMarket(std::size_t levels_max, std::size_t consumed_max);

  /// Sets a level; returns the displayed quantity before.
  QtyLots set_level(Side side, PriceTicks price, QtyLots qty) noexcept;
  /// True where the state has just become valid or invalid. `fresh`: the feed has forgotten its
  /// book and sends a new one from here on.
  bool set_state(BookState state, bool fresh) noexcept;

  bool valid() const noexcept { return state_ == BookState::kValid && book_.two_sided(); }
  BookState state() const noexcept { return state_; }
  /// Displayed quantity at a price, 0 where there is none.
  QtyLots displayed(Side side, PriceTicks price) const noexcept {
    return book_.qty_at(side, price);
  }
  /// What of a level is still there for own orders.
  QtyLots available(Side side, const BookLevel& level) const noexcept {
    return consumed_.empty() ? level.qty : level.qty - consumed_at(side, level.price);
  }
  void consume(Side side, PriceTicks price, QtyLots qty) noexcept;
  /// Level `i` of `side`, counted from the best; the caller has checked i < depth(side).
  BookLevel level(Side side, std::size_t i) const noexcept {
    return side == Side::kBuy ? book_.bids.level(i) : book_.asks.level(i);
  }
  std::size_t depth(Side side) const noexcept {
    return side == Side::kBuy ? book_.bids.size() : book_.asks.size();
  }
  /// Best price of `side` at which something is available to own orders; 0 where there is none.
  PriceTicks best_available(Side side) const noexcept;
  /// Displayed touch; price 0 for an empty side.
  PriceTicks best(Side side) const noexcept {
    return depth(side) == 0 ? PriceTicks(0) : level(side, 0).price;
  }
  /// bid + ask in ticks, that is twice the mid; 0 unless both sides are there.
  std::int64_t mid_twice_ticks() const noexcept {
    return book_.two_sided() ? (best(Side::kBuy) + best(Side::kSell)).value : 0;
  }

  std::int64_t mark_e8 = 0;  // 1e-8 quote; 0: none seen
  CauseRef last;             // the last complete market message

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  struct Consumed {
    PriceTicks price;
    QtyLots qty;
    Side side = Side::kBuy;
  };
  QtyLots consumed_at(Side side, PriceTicks price) const noexcept;
  void give_back(Side side, PriceTicks price) noexcept;

  OrderBook book_;
  std::vector<Consumed> consumed_;
  BookState state_ = BookState::kEmpty;
};

}  // namespace pinstripe
