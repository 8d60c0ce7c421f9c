// What makes a market live: it trades in the engine as time goes on. The synthetic market is here,
// recorded ones are in tools/venue/recorded_liquidity.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "feed/decoded_frame.h"
#include "feed/synthetic.h"
#include "tools/venue/ladder_maker.h"

namespace pinstripe::venue {

struct LiquidityShape {
  double predictability = 1.0;    // of the synthetic market (feed/synthetic.h)
  double volatility_bps = 3.0;    // over one second
  std::int64_t liquidation_every = 200;  // every so manyth take on a perpetual is a liquidation
};

class Liquidity {
 public:
  virtual ~Liquidity() = default;
  /// Trades everything that the market does up to this time.
  virtual void advance(std::int64_t now_ms) = 0;
};

class SyntheticLiquidity : public Liquidity {
 public:
  SyntheticLiquidity(VenueEngine& engine, ListingIndex index, const LiquidityShape& shape,
                     std::int64_t start_ms);
  void advance(std::int64_t now_ms) override;

 private:
  void apply(const DecodedHeader& header, const BookLevel* levels, std::int64_t time_ms);
  void mark(const DecodedHeader& header);

  LadderMaker maker_;
  std::unique_ptr<SyntheticSource> source_;
  std::vector<WantedLevel> wanted_;  // of the message in hand
};

}  // namespace pinstripe::venue
