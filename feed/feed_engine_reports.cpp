// What venues report beside book and trades: liquidations and closed candles. Nothing is decided by
// them; they go to features alone.
#include "feed/feed_engine.h"

namespace pinstripe {

/// One update an instrument: a message may speak of several, also of ones that are not ours.
void FeedEngine::on_liquidations(const FeedFrame& frame) noexcept {
  const VenueMessage& m = message_;
  ++count(FeedCount::kEvents);
  for (std::size_t i = 0; i < m.liquidation_count; ++i) {
    const std::size_t index = find_item(frame, m.liquidations[i].symbol);
    if (index == SIZE_MAX) {
      ++count(FeedCount::kOther);
    } else if (items_[index].keeper.is_halted()) {
      ++count(FeedCount::kPassedOver);
    } else {
      begin(frame, index, m.venue_us);
      publish_liquidation(frame, items_[index], m.liquidations[i]);
      end(index);
    }
  }
}

/// A bankruptcy price is computed and need not lie on the grid: the nearest tick is told.
void FeedEngine::publish_liquidation(const FeedFrame& frame, const Item& item,
                                     const RawLiquidation& l) noexcept {
  const std::int64_t ticks =
      l.price_e8 / item.tick_e8 + (l.price_e8 % item.tick_e8 >= (item.tick_e8 + 1) / 2 ? 1 : 0);
  std::int64_t lots = 0;
  if (!item.lot.divide(l.qty_e8, lots)) {
    return refuse(frame, FeedErrorKind::kOffGrid, l.symbol.data());
  }
  if (ticks <= 0 || ticks > kTicksMax || lots > kLotsMax) {
    return refuse(frame, FeedErrorKind::kOverflow, l.symbol.data());
  }
  ++count(FeedCount::kLiquidations);
  queue_.push(MsgType::kLiquidation, l.is_sell ? kFlagSell : 0, ticks, lots, kToFeatures);
}

void FeedEngine::on_bars(const FeedFrame& frame, std::size_t index) noexcept {
  const VenueMessage& m = message_;
  ++count(FeedCount::kEvents);
  begin(frame, index, m.venue_us);
  for (std::size_t i = 0; i < m.bar_count; ++i) {
    if (!takes_bar(items_[index], m.bars[i])) continue;
    const FeedErrorKind kind = publish_bar(items_[index], m.bars[i]);
    if (kind != FeedErrorKind::kNone) refuse(frame, kind, m.symbol.data());
  }
  end(index);
}

/// Of two connections with the same topics each brings it, and a venue may close one again after a
/// renewal. Candles of several lengths come in no order, so only the newest's own length is held
/// against it.
bool FeedEngine::takes_bar(Item& item, const RawBar& b) noexcept {
  const std::int64_t length_ms = b.last_ms > b.start_ms ? b.last_ms - b.start_ms : 0;
  if (length_ms == item.bar_ms && b.start_ms <= item.bar_start_ms) {
    ++count(FeedCount::kBarDuplicates);
    return false;
  }
  item.bar_ms = length_ms;
  item.bar_start_ms = b.start_ms;
  return true;
}

/// Four messages, or none: a candle is whole or it is not told.
FeedErrorKind FeedEngine::publish_bar(const Item& item, const RawBar& b) noexcept {
  std::int64_t ticks[4];
  const std::int64_t prices_e8[4] = {b.open_e8, b.close_e8, b.high_e8, b.low_e8};
  for (int i = 0; i < 4; ++i) {
    if (!item.tick.divide(prices_e8[i], ticks[i])) return FeedErrorKind::kOffGrid;
    if (ticks[i] <= 0 || ticks[i] > kTicksMax) return FeedErrorKind::kOverflow;
  }
  const bool has_end = b.last_ms >= b.start_ms;
  std::int64_t start_ns = 0;
  std::int64_t interval_ns = 0;
  if (__builtin_mul_overflow(b.start_ms, kNsPerMs, &start_ns) ||
      (has_end && __builtin_mul_overflow(b.last_ms - b.start_ms + 1, kNsPerMs, &interval_ns))) {
    return FeedErrorKind::kOverflow;
  }
  ++count(FeedCount::kBars);
  queue_.push(MsgType::kBar, 0, start_ns, interval_ns, kToFeatures);
  queue_.push(MsgType::kBarBody, 0, ticks[0], ticks[1], kToFeatures);
  queue_.push(MsgType::kBarRange, 0, ticks[2], ticks[3], kToFeatures);
  queue_.push(MsgType::kBarVolume, 0, b.volume_e8 / item.lot_e8,
              static_cast<std::int64_t>(b.trades), kToFeatures);
  return FeedErrorKind::kNone;
}

}  // namespace pinstripe
