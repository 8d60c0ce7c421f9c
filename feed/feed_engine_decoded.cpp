// Binary frames: already in ticks and lots, but as much outside bytes as any other.
#include <cstring>
#include <limits>

#include "feed/decoded_frame.h"
#include "feed/feed_engine.h"

namespace pinstripe {
namespace {

bool in_range(std::span<const BookLevel> levels) noexcept {
  for (const BookLevel& l : levels) {
    if (l.price.value <= 0 || l.price.value > kTicksMax) return false;
    if (l.qty.value < 0 || l.qty.value > kLotsMax) return false;
  }
  return true;
}

bool sizes_fit(const DecodedHeader& h, std::size_t bytes) noexcept {
  if (h.magic != kDecodedMagic || h.venue_us >= 1'000) return false;
  if (bytes != sizeof(h) + (std::size_t{h.bids} + h.asks) * sizeof(BookLevel)) return false;
  switch (h.kind) {
    case DecodedKind::kDepth:
    case DecodedKind::kPlainBook:
    case DecodedKind::kSnapshot: return true;
    case DecodedKind::kChainedBook:
      return h.first_id <= std::numeric_limits<std::uint16_t>::max() &&
             h.a == static_cast<std::int32_t>(h.a);
    case DecodedKind::kTicker: return h.bids == 1 && h.asks == 1;
    case DecodedKind::kTrade:
    case DecodedKind::kAggTrade:
    case DecodedKind::kMark: return h.bids == 0 && h.asks == 0;
  }
  return false;
}

}  // namespace

void FeedEngine::on_decoded(TimeNs now, const FeedFrame& frame) noexcept {
  DecodedHeader h;
  if (frame.bytes.size() < sizeof(h)) return refuse(frame, FeedErrorKind::kBadFrame, nullptr);
  std::memcpy(&h, frame.bytes.data(), sizeof(h));
  if (!sizes_fit(h, frame.bytes.size())) return refuse(frame, FeedErrorKind::kBadFrame, nullptr);
  const std::size_t index = h.instrument != kNoInstrument ? h.instrument : frame.instrument;
  if (index >= items_.size()) {
    return refuse(frame, FeedErrorKind::kUnknownSymbol, nullptr);
  }
  if (h.bids > bids_.size() || h.asks > asks_.size()) {
    return refuse(frame, FeedErrorKind::kTooLong, nullptr);
  }
  if (passes_over(items_[index], h.kind != DecodedKind::kMark)) return;
  const char* levels = frame.bytes.data() + sizeof(h);
  std::memcpy(bids_.data(), levels, h.bids * sizeof(BookLevel));
  std::memcpy(asks_.data(), levels + h.bids * sizeof(BookLevel), h.asks * sizeof(BookLevel));
  bid_count_ = h.bids;
  ask_count_ = h.asks;
  const BookLevel trade{PriceTicks(h.a), QtyLots(h.b)};
  const bool is_trade = h.kind == DecodedKind::kTrade || h.kind == DecodedKind::kAggTrade;
  if (!in_range({bids_.data(), bid_count_}) || !in_range({asks_.data(), ask_count_}) ||
      (is_trade && !in_range({&trade, 1})) || h.venue_ms < 0 ||
      h.venue_ms >= std::numeric_limits<std::int64_t>::max() / kNsPerMs) {
    return refuse(frame, FeedErrorKind::kOverflow, nullptr);
  }
  VenueMessage& m = message_;
  m.first_id = h.first_id;
  m.last_id = h.last_id;
  m.prev_id = h.prev_id;
  m.has_prev = (h.flags & kDecodedHasPrev) != 0;
  m.venue_us = h.venue_ms * kNsPerUs + h.venue_us;
  ++count(FeedCount::kEvents);
  begin(frame, index, m.venue_us);
  decoded_kind_ = static_cast<std::uint8_t>(h.kind);
  decoded_flags_ = h.flags;
  decoded_a_ = h.a;
  decoded_b_ = h.b;
  publish_decoded(now, index);
  end(index);
}

void FeedEngine::publish_decoded(TimeNs now, std::size_t index) noexcept {
  VenueMessage& m = message_;
  Item& item = items_[index];
  const std::span<const BookLevel> bids{bids_.data(), bid_count_};
  const std::span<const BookLevel> asks{asks_.data(), ask_count_};
  switch (static_cast<DecodedKind>(decoded_kind_)) {
    case DecodedKind::kDepth:
      ++count(FeedCount::kDepths);
      count(FeedCount::kLevelChanges) += static_cast<std::int64_t>(bid_count_ + ask_count_);
      item.keeper.on_depth(now, {m.first_id, m.last_id, m.prev_id, m.has_prev, bids, asks}, queue_);
      break;
    case DecodedKind::kSnapshot:
      ++count(FeedCount::kSnapshots);
      item.keeper.on_snapshot(now, m.last_id, bids, asks, queue_);
      break;
    case DecodedKind::kTicker:
      ++count(FeedCount::kTickers);
      item.keeper.on_ticker(now, {m.last_id, bids_[0], asks_[0]}, queue_);
      break;
    case DecodedKind::kPlainBook: {
      const bool fresh = (decoded_flags_ & kDecodedFresh) != 0;
      ++count(fresh ? FeedCount::kSnapshots : FeedCount::kDepths);
      count(FeedCount::kLevelChanges) += static_cast<std::int64_t>(bid_count_ + ask_count_);
      item.keeper.on_plain_book(now, fresh, bids, asks, queue_);
      break;
    }
    case DecodedKind::kChainedBook:
      m.book_depth = static_cast<std::uint16_t>(m.first_id);
      m.is_fresh = (decoded_flags_ & kDecodedFresh) != 0;
      m.has_checksum = (decoded_flags_ & kDecodedChecksum) != 0;
      m.checksum = static_cast<std::int32_t>(decoded_a_);
      on_book_change(now, item);
      break;
    case DecodedKind::kTrade: m.first_id = m.last_id; [[fallthrough]];
    case DecodedKind::kAggTrade:
      m.kind = static_cast<DecodedKind>(decoded_kind_) == DecodedKind::kTrade
                   ? VenueKind::kTrade
                   : VenueKind::kAggTrade;
      item.keeper.on_channel(now, FeedChannel::kTrade, queue_);
      if (takes_trade(item)) {
        publish_trade({PriceTicks(decoded_a_), QtyLots(decoded_b_)},
                      (decoded_flags_ & kDecodedSell) != 0,
                      (decoded_flags_ & kDecodedNonMarket) == 0);
      }
      break;
    case DecodedKind::kMark:
      m.price_e8 = decoded_a_;
      m.qty_e8 = decoded_b_;
      m.has_index = (decoded_flags_ & kDecodedNoIndex) == 0;
      m.has_rate = m.first_id != 0;
      m.funding_ms = static_cast<std::int64_t>(m.first_id);
      m.rate_e8 = static_cast<std::int64_t>(m.prev_id);
      on_mark(now, item);
      break;
  }
}

}  // namespace pinstripe
