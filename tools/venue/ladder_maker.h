// A trader in the engine whose resting orders follow a ladder: the synthetic market's or a
// recording's. Where no client trades, the engine's book is that ladder.
//
// A level that grows gets another order behind those that rest, one that shrinks loses its newest
// lots, so that a client's order in between keeps its place.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "tools/venue/engine.h"

namespace pinstripe::venue {

/// What lies at a price from now on; 0 lots: nothing.
struct WantedLevel {
  bool is_buy = false;
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
};

class LadderMaker {
 public:
  /// Every `liquidation_every`th take on a perpetual is a liquidation; 0: none.
  LadderMaker(VenueEngine& engine, ListingIndex index, std::int64_t liquidation_every)
      : engine_(engine), index_(index), liquidation_every_(liquidation_every) {}

  void set_levels(std::span<const WantedLevel> levels, std::int64_t now_ms);
  /// Takes from the other side, up to this price; what it met.
  std::vector<BookFill> take(bool is_buy, std::int64_t price_ticks, std::int64_t lots,
                             std::int64_t now_ms);
  void set_mark(const MarkState& mark) { engine_.set_mark(index_, mark); }
  /// Prices at which it has orders.
  std::vector<std::int64_t> prices(bool is_buy) const;
  const VenueBook& book() const { return engine_.at(index_); }

 private:
  using Keys = std::vector<OrderKey>;           // of one level, oldest first
  using Ladder = std::map<std::int64_t, Keys>;  // by price

  void shrink(const WantedLevel& to, std::int64_t now_ms);
  void grow(const WantedLevel& to, std::int64_t now_ms);
  std::int64_t resting(const Keys& keys) const;
  Ladder& side(bool is_buy) { return is_buy ? bids_ : asks_; }

  VenueEngine& engine_;
  ListingIndex index_;
  std::int64_t liquidation_every_;
  Ladder bids_, asks_;
  std::int64_t takes_ = 0;
};

}  // namespace pinstripe::venue
