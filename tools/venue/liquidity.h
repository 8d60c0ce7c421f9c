// The synthetic market as a trader in the engine: its ladder becomes resting orders, its trades
// become orders that take. Where no client trades, the engine's book is the market's ladder.
//
// A level that grows gets another order behind those that rest, one that shrinks loses its newest
// lots, so that a client's order in between keeps its place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "feed/decoded_frame.h"
#include "feed/synthetic.h"
#include "tools/venue/engine.h"

namespace pinstripe::venue {

struct LiquidityShape {
  double predictability = 1.0;    // of the synthetic market (feed/synthetic.h)
  double volatility_bps = 3.0;    // over one second
  std::int64_t liquidation_every = 200;  // every so manyth take on a perpetual is a liquidation
};

class SyntheticLiquidity {
 public:
  SyntheticLiquidity(VenueEngine& engine, ListingIndex index, const LiquidityShape& shape,
                     std::int64_t start_ms);
  /// Trades everything that the market does up to this time.
  void advance(std::int64_t now_ms);

 private:
  using Keys = std::vector<OrderKey>;                 // of one level, oldest first
  using Ladder = std::map<std::int64_t, Keys>;        // by price

  void apply(const DecodedHeader& header, const BookLevel* levels);
  void take(const DecodedHeader& header);
  void mark(const DecodedHeader& header);
  void set_levels(const DecodedHeader& header, const BookLevel* levels);
  void shrink(bool is_buy, std::int64_t price, std::int64_t lots);
  void grow(bool is_buy, std::int64_t price, std::int64_t lots);
  std::int64_t resting(const Keys& keys) const;
  Ladder& side(bool is_buy) { return is_buy ? bids_ : asks_; }

  VenueEngine& engine_;
  ListingIndex index_;
  LiquidityShape shape_;
  std::unique_ptr<SyntheticSource> source_;
  Ladder bids_, asks_;
  std::int64_t time_ms_ = 0;
  std::int64_t takes_ = 0;
};

}  // namespace pinstripe::venue
