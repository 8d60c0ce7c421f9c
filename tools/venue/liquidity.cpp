#include "tools/venue/liquidity.h"

#include <algorithm>
#include <cstring>

namespace pinstripe::venue {
namespace {

/// The synthetic market of one listing; its frames leave without delay, so their time is its own.
SyntheticConfig market_of(const Listing& listing, const LiquidityShape& shape,
                          std::int64_t start_ms) {
  SyntheticConfig c;
  c.seed = listing.seed;
  c.start_ns = TimeNs(start_ms * kNsPerMs);
  c.duration_ns = 0;
  c.rate_per_s = listing.rate_per_s;
  c.mid_ticks = listing.mid_ticks;
  c.tick_e8 = listing.tick_e8;
  c.predictability = shape.predictability;
  c.volatility_bps = shape.volatility_bps;
  c.feed_delay_ns = 0;
  return c;
}

}  // namespace

SyntheticLiquidity::SyntheticLiquidity(VenueEngine& engine, ListingIndex index,
                                       const LiquidityShape& shape, std::int64_t start_ms)
    : engine_(engine),
      index_(index),
      shape_(shape),
      source_(std::make_unique<SyntheticSource>(
          market_of(engine.at(index).listing, shape, start_ms))) {}

void SyntheticLiquidity::advance(std::int64_t now_ms) {
  while (const FeedFrame* frame = source_->peek()) {
    const std::int64_t time_ms = frame->origin_ns.value / kNsPerMs;
    if (time_ms > now_ms) return;
    time_ms_ = time_ms;
    DecodedHeader header;
    std::memcpy(&header, frame->bytes.data(), sizeof(header));
    std::vector<BookLevel> levels(std::size_t{header.bids} + header.asks);
    if (!levels.empty()) {
      std::memcpy(levels.data(), frame->bytes.data() + sizeof(header),
                  levels.size() * sizeof(BookLevel));
    }
    apply(header, levels.data());
    source_->pop();
  }
}

void SyntheticLiquidity::apply(const DecodedHeader& header, const BookLevel* levels) {
  switch (header.kind) {
    case DecodedKind::kTrade: return take(header);
    case DecodedKind::kMark: return mark(header);
    case DecodedKind::kDepth:
    case DecodedKind::kSnapshot: return set_levels(header, levels);
    default: return;  // the ticker says nothing that the levels do not
  }
}

void SyntheticLiquidity::take(const DecodedHeader& header) {
  BookOrder order;
  order.is_buy = (header.flags & kDecodedSell) == 0;
  order.price_ticks = header.a;
  order.lots = header.b;
  order.tif = BookTif::kIoc;
  ++takes_;
  const bool liquidation = is_perpetual(engine_.at(index_).listing.market) &&
                           shape_.liquidation_every > 0 &&
                           takes_ % shape_.liquidation_every == 0;
  engine_.submit(index_, order, time_ms_, liquidation);
}

void SyntheticLiquidity::mark(const DecodedHeader& header) {
  MarkState m;
  m.mark_e8 = header.a;
  m.index_e8 = header.b;
  m.rate_e8 = static_cast<std::int64_t>(header.prev_id);
  m.next_funding_ms = static_cast<std::int64_t>(header.first_id);
  engine_.set_mark(index_, m);
}

/// Everything that goes or shrinks first, then what grows: the market's new bid may lie where its
/// old ask did.
void SyntheticLiquidity::set_levels(const DecodedHeader& header, const BookLevel* levels) {
  const std::size_t count = std::size_t{header.bids} + header.asks;
  for (std::size_t i = 0; i < count; ++i) {
    shrink(i < header.bids, levels[i].price.value, levels[i].qty.value);
  }
  for (std::size_t i = 0; i < count; ++i) {
    grow(i < header.bids, levels[i].price.value, levels[i].qty.value);
  }
}

std::int64_t SyntheticLiquidity::resting(const Keys& keys) const {
  std::int64_t lots = 0;
  for (const OrderKey key : keys) lots += engine_.at(index_).book.resting_lots(key);
  return lots;
}

void SyntheticLiquidity::shrink(bool is_buy, std::int64_t price, std::int64_t lots) {
  Ladder& ladder = side(is_buy);
  const auto at = ladder.find(price);
  if (at == ladder.end()) return;
  Keys& keys = at->second;
  std::int64_t over = resting(keys) - lots;
  while (over > 0 && !keys.empty()) {
    const std::int64_t newest = engine_.at(index_).book.resting_lots(keys.back());
    const std::int64_t off = std::min(newest, over);
    engine_.reduce(index_, keys.back(), off, time_ms_);
    over -= off;
    if (off == newest) keys.pop_back();
  }
  if (lots == 0) ladder.erase(at);
}

void SyntheticLiquidity::grow(bool is_buy, std::int64_t price, std::int64_t lots) {
  if (lots == 0) return;
  Keys& keys = side(is_buy)[price];
  std::erase_if(keys, [&](OrderKey key) {  // traded away
    return engine_.at(index_).book.resting_lots(key) == 0;
  });
  const std::int64_t more = lots - resting(keys);
  if (more <= 0) return;
  BookOrder order;
  order.is_buy = is_buy;
  order.price_ticks = price;
  order.lots = more;
  const OrderKey key = engine_.next_key();
  if (engine_.submit(index_, order, time_ms_).verdict == BookVerdict::kRests) keys.push_back(key);
}

}  // namespace pinstripe::venue
