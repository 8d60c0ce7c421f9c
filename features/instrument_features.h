// Everything the features stage knows of one instrument: book, windows, bars, and the vector they
// make.
#pragma once

#include <cstdint>

#include "features/bars.h"
#include "features/book_shape.h"
#include "features/features_config.h"
#include "features/order_flow.h"
#include "features/trade_windows.h"
#include "features/vpin.h"
#include "shm/base/hash.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

class InstrumentFeatures {
 public:
  InstrumentFeatures(const FeaturesConfig& config, const Instrument& instrument);

  /// Takes one message. True where it completes a venue message and a vector is due.
  bool take(TimeNs now, const MarketEvent& event) noexcept;
  /// Values, validity and context of the moment of the last complete venue message.
  void fill(TimeNs now, FeatureVector& out) noexcept;

  std::int64_t trades() const noexcept { return static_cast<std::int64_t>(trades_.trades()); }
  std::int64_t non_market_trades() const noexcept { return non_market_trades_; }
  std::int64_t bars() const noexcept { return bars_.closed(); }
  std::int64_t trade_overflows() const noexcept { return trades_.overflows(); }
  std::int64_t update_overflows() const noexcept { return flow_.overflows(); }
  std::int64_t book_resets() const noexcept { return book_resets_; }
  std::int64_t levels_dropped() const noexcept {
    return static_cast<std::int64_t>(book_.bids.dropped() + book_.asks.dropped());
  }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  void note(const MarketEvent& event) noexcept;
  void apply(TimeNs now, const MarketEvent& event) noexcept;
  void take_state(const MarketEvent& event) noexcept;
  void take_trade(TimeNs now, const MarketEvent& event) noexcept;
  void advance(TimeNs now) noexcept;
  bool complete(TimeNs now) noexcept;
  void look_at_book() noexcept;
  void fill_context(FeatureVector& out) const noexcept;

  FeaturesConfig config_;
  std::int64_t tick_e8_;
  OrderBook book_;
  TradeWindows trades_;
  OrderFlow flow_;
  Bars bars_;
  Vpin vpin_;
  ShapeKeeper shape_keeper_;           // not saved: after a load both sides are looked at again
  BookShape shape_;                    // of the book after the last complete update
  BookState state_ = BookState::kEmpty;
  bool shaped_ = false;                // shape_ holds a two-sided book
  bool book_touched_ = false;          // by the venue message being taken
  bool state_changed_ = false;
  bool started_ = false;
  std::int64_t mid_half_ticks_ = 0;    // of a valid book after the last complete update; 0: none
  std::int64_t first_ns_ = 0;
  std::int64_t last_vector_ns_ = INT64_MIN;
  std::int64_t mark_e8_ = 0;
  std::int64_t funding_e8_ = 0;
  bool has_funding_ = false;
  std::int64_t non_market_trades_ = 0;
  std::int64_t book_resets_ = 0;
  Hasher told_;                        // every event so far
};

}  // namespace pinstripe
