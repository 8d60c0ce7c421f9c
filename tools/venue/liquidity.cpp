#include "tools/venue/liquidity.h"

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
    : maker_(engine, index, shape.liquidation_every),
      source_(std::make_unique<SyntheticSource>(
          market_of(engine.at(index).listing, shape, start_ms))) {}

void SyntheticLiquidity::advance(std::int64_t now_ms) {
  while (const FeedFrame* frame = source_->peek()) {
    const std::int64_t time_ms = frame->origin_ns.value / kNsPerMs;
    if (time_ms > now_ms) return;
    DecodedHeader header;
    std::memcpy(&header, frame->bytes.data(), sizeof(header));
    std::vector<BookLevel> levels(std::size_t{header.bids} + header.asks);
    if (!levels.empty()) {
      std::memcpy(levels.data(), frame->bytes.data() + sizeof(header),
                  levels.size() * sizeof(BookLevel));
    }
    apply(header, levels.data(), time_ms);
    source_->pop();
  }
}

void SyntheticLiquidity::apply(const DecodedHeader& header, const BookLevel* levels,
                               std::int64_t time_ms) {
  switch (header.kind) {
    case DecodedKind::kTrade:
      maker_.take((header.flags & kDecodedSell) == 0, header.a, header.b, time_ms);
      return;
    case DecodedKind::kMark: return mark(header);
    case DecodedKind::kDepth:
    case DecodedKind::kSnapshot: break;
    default: return;  // the ticker says nothing that the levels do not
  }
  wanted_.clear();
  for (std::size_t i = 0; i < std::size_t{header.bids} + header.asks; ++i) {
    wanted_.push_back({i < header.bids, levels[i].price.value, levels[i].qty.value});
  }
  maker_.set_levels(wanted_, time_ms);
}

void SyntheticLiquidity::mark(const DecodedHeader& header) {
  MarkState m;
  m.mark_e8 = header.a;
  m.index_e8 = header.b;
  m.rate_e8 = static_cast<std::int64_t>(header.prev_id);
  m.next_funding_ms = static_cast<std::int64_t>(header.first_id);
  maker_.set_mark(m);
}

}  // namespace pinstripe::venue
