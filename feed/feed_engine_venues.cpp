// What Bybit and OKX say otherwise than Binance: chained books, several trades in one message,
// tickers in parts.
#include <algorithm>

#include "feed/feed_engine.h"

namespace pinstripe {

/// Of several book channels of one instrument the deepest counts; each has a chain of its own.
void FeedEngine::on_book_change(TimeNs now, Item& item) noexcept {
  const VenueMessage& m = message_;
  if (m.book_depth < item.book_depth) {
    ++count(FeedCount::kOther);
    return;
  }
  item.book_depth = m.book_depth;
  ++count(m.is_fresh ? FeedCount::kSnapshots : FeedCount::kDepths);
  count(FeedCount::kLevelChanges) += static_cast<std::int64_t>(bid_count_ + ask_count_);
  BookChange c;
  c.is_fresh = m.is_fresh;
  c.has_prev = m.has_prev;
  c.has_checksum = m.has_checksum;
  c.checksum = m.checksum;
  c.id = m.last_id;
  c.prev_id = m.prev_id;
  c.tick_e8 = item.tick_e8;
  c.lot_e8 = item.lot_e8;
  c.bids = {bids_.data(), bid_count_};
  c.asks = {asks_.data(), ask_count_};
  item.keeper.on_book_change(now, c, queue_);
}

/// All of them lie on the grid, or none is published.
void FeedEngine::on_trades(TimeNs now, const FeedFrame& frame, std::size_t index) noexcept {
  const VenueMessage& m = message_;
  Item& item = items_[index];
  if (m.trade_count > bids_.size()) return refuse(frame, FeedErrorKind::kTooLong, nullptr);
  for (std::size_t i = 0; i < m.trade_count; ++i) {
    const FeedErrorKind kind =
        to_grid(item, {m.trades[i].price_e8, m.trades[i].qty_e8}, bids_[i]);
    if (kind != FeedErrorKind::kNone) [[unlikely]] return refuse(frame, kind, nullptr);
  }
  begin(frame, index, m.venue_us);
  ++count(FeedCount::kEvents);
  item.keeper.on_channel(now, FeedChannel::kTrade, queue_);
  for (std::size_t i = 0; i < m.trade_count; ++i) {
    const RawTrade& t = m.trades[i];
    if (takes_id(item, t)) publish_trade(bids_[i], t.is_sell, t.is_market);
  }
  end(index);
}

/// An id below the newest is a repetition. Where ids count the trades the newest one is too, and a
/// hole can be seen; Bybit's `seq` is shared by the trades of one match.
bool FeedEngine::takes_id(Item& item, const RawTrade& t) noexcept {
  if (t.id == 0) return true;
  if (item.has_trade_id) {
    if (t.id < item.trade_id || (t.count > 0 && t.id == item.trade_id)) {
      ++count(FeedCount::kTradeDuplicates);
      return false;
    }
    if (t.count > 0 && t.id - item.trade_id > t.count) ++count(FeedCount::kTradeHoles);
  }
  item.has_trade_id = true;
  item.trade_id = t.id;
  return true;
}

/// Mark and index where one of them came, funding and open interest where they changed. Best prices
/// have no place in MarketEvent: the touch is the book's, whose ids the ticker does not share
/// (venues.md). Open interest goes first: where it comes alone it decides nothing.
void FeedEngine::on_ticker_state(TimeNs now, Item& item) noexcept {
  const RawTickerState& t = message_.ticker;
  ++count(FeedCount::kTickers);
  if ((t.has & kHasOpenInterest) != 0 && t.open_interest_e8 != item.open_interest_e8) {
    item.open_interest_e8 = t.open_interest_e8;
    ++count(FeedCount::kOpenInterests);
    queue_.push(MsgType::kOpenInterest, 0, t.open_interest_e8, 0, kToFeatures);
  }
  if ((t.has & kHasMark) != 0) item.mark_e8 = t.mark_e8;
  if ((t.has & kHasIndex) != 0) item.index_e8 = t.index_e8;
  if ((t.has & (kHasMark | kHasIndex)) != 0 && item.mark_e8 != 0) {
    ++count(FeedCount::kMarks);
    item.keeper.on_channel(now, FeedChannel::kMark, queue_);
    queue_.push(MsgType::kMark, 0, item.mark_e8, item.index_e8, kToAll);
  }
  if ((t.has & (kHasRate | kHasFundingTime)) == 0) return;
  const std::int64_t rate_e8 = (t.has & kHasRate) != 0 ? t.rate_e8 : item.rate_e8;
  const std::int64_t funding_ms = (t.has & kHasFundingTime) != 0 ? t.funding_ms : item.funding_ms;
  if (funding_ms > 0) publish_funding(item, rate_e8, funding_ms);
}

}  // namespace pinstripe
