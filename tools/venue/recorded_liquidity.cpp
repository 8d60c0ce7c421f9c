#include "tools/venue/recorded_liquidity.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kMarkEveryMs = 1'000;
constexpr std::int64_t kFundingRateE8 = 10'000;  // 1 bps, as the synthetic market's

}  // namespace

RecordedLiquidity::RecordedLiquidity(VenueEngine& engine, ListingIndex index,
                                     const LiquidityShape& shape,
                                     std::shared_ptr<const RecordedMarket> recording,
                                     std::int64_t start_ms)
    : maker_(engine, index, shape.liquidation_every),
      recording_(std::move(recording)),
      player_(std::make_unique<RecordingPlayer>(*recording_)),
      round_ms_(start_ms) {}

void RecordedLiquidity::advance(std::int64_t now_ms) {
  while (true) {
    std::int64_t since_ms = 0;
    if (!player_->peek_ms(since_ms)) {
      round_ms_ += recording_->length_ms;
      player_ = std::make_unique<RecordingPlayer>(*recording_);
      follows_ = false;  // what rests stays until the new round's book is complete
      if (!player_->peek_ms(since_ms)) return;
    }
    const std::int64_t time_ms = round_ms_ + since_ms;
    if (time_ms > now_ms) break;
    player_->step();
    apply(time_ms);
  }
  if (now_ms >= next_mark_ms_) mark(now_ms);
}

void RecordedLiquidity::apply(std::int64_t now_ms) {
  if (!player_->is_complete()) {
    follows_ = false;
    return;
  }
  for (const RecordedTrade& t : player_->trades()) {
    for (const BookFill& fill : maker_.take(t.is_buy, t.price_ticks, t.lots, now_ms)) {
      taken_.emplace_back(!t.is_buy, fill.price_ticks);
    }
  }
  if (!follows_ || player_->is_new()) {
    rebuild(now_ms);
  } else if (!player_->changes().empty()) {
    follow(now_ms);
  }
  follows_ = true;
}

/// What changed, and what trades took: they may have met another level than the recorded ones did,
/// of which the recording says nothing.
void RecordedLiquidity::follow(std::int64_t now_ms) {
  wanted_.clear();
  for (const WantedLevel& change : player_->changes()) want(change.is_buy, change.price_ticks);
  for (const auto& [is_buy, price] : taken_) want(is_buy, price);
  taken_.clear();
  maker_.set_levels(wanted_, now_ms);
}

void RecordedLiquidity::want(bool is_buy, std::int64_t price_ticks) {
  const auto& ladder = player_->ladder(is_buy);
  const auto at = ladder.find(price_ticks);
  wanted_.push_back({is_buy, price_ticks, at == ladder.end() ? 0 : at->second});
}

/// All of the recording's ladder, and nothing that rests beside it.
void RecordedLiquidity::rebuild(std::int64_t now_ms) {
  wanted_.clear();
  taken_.clear();
  for (const bool is_buy : {true, false}) {
    const auto& ladder = player_->ladder(is_buy);
    for (const std::int64_t price : maker_.prices(is_buy)) {
      if (!ladder.contains(price)) want(is_buy, price);
    }
    for (const auto& [price, lots] : ladder) wanted_.push_back({is_buy, price, lots});
  }
  maker_.set_levels(wanted_, now_ms);
}

/// The middle of the book: recordings hold no index, and most of them no mark price.
void RecordedLiquidity::mark(std::int64_t now_ms) {
  next_mark_ms_ = now_ms + kMarkEveryMs;
  const VenueBook& b = maker_.book();
  if (b.book.bids().empty() || b.book.asks().empty()) return;
  MarkState m;
  m.mark_e8 = (b.price_e8(b.book.bids().begin()->first) +
               b.price_e8(b.book.asks().begin()->first)) / 2;
  m.index_e8 = m.mark_e8;
  m.rate_e8 = kFundingRateE8;
  m.next_funding_ms = (now_ms / kFundingPeriodMs + 1) * kFundingPeriodMs;
  maker_.set_mark(m);
}

}  // namespace pinstripe::venue
