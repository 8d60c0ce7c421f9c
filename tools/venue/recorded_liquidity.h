// A recording as a trader in the engine, played in a loop: its ladder becomes resting orders, its
// trades become orders that take.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tools/venue/liquidity.h"
#include "tools/venue/recorded_market.h"

namespace pinstripe::venue {

class RecordedLiquidity : public Liquidity {
 public:
  RecordedLiquidity(VenueEngine& engine, ListingIndex index, const LiquidityShape& shape,
                    std::shared_ptr<const RecordedMarket> recording, std::int64_t start_ms);
  void advance(std::int64_t now_ms) override;

 private:
  void apply(std::int64_t now_ms);
  void follow(std::int64_t now_ms);
  void want(bool is_buy, std::int64_t price_ticks);
  void mark(std::int64_t now_ms);
  void rebuild(std::int64_t now_ms);

  LadderMaker maker_;
  std::shared_ptr<const RecordedMarket> recording_;
  std::unique_ptr<RecordingPlayer> player_;
  std::int64_t round_ms_;           // when this round began
  std::int64_t next_mark_ms_ = 0;
  bool follows_ = false;            // the resting orders are the recording's ladder
  std::vector<WantedLevel> wanted_;
  // Where trades took since the last word on the ladder, side of what they took.
  std::vector<std::pair<bool, std::int64_t>> taken_;
};

}  // namespace pinstripe::venue
