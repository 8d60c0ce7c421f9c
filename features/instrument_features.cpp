#include "features/instrument_features.h"

#include <algorithm>

#include "features/vector_values.h"

namespace pinstripe {

InstrumentFeatures::InstrumentFeatures(const FeaturesConfig& config, const Instrument& instrument)
    : config_(config),
      tick_e8_(instrument.tick_e8),
      book_(config.book_levels),
      trades_(config.trade_capacity, config.large_trade_medians),
      flow_(config.update_capacity),
      bars_(config.bar_ns),
      vpin_(config.vpin_volume_lots, config.vpin_calibration_ns) {
  config_.instruments.clear();
}

bool InstrumentFeatures::take(TimeNs now, const MarketEvent& event) noexcept {
  if (!started_) {
    started_ = true;
    first_ns_ = now.value;
  }
  note(event);
  // A liquidation, a candle or an open interest alone makes no vector, and so no decision: no
  // feature is made of them.
  if (event.h.type > MsgType::kOverruled) return false;
  apply(now, event);
  return event.ends_update() && complete(now);
}

/// Everything, also what no feature uses: a level too deep, a trade off the market, a statement
/// that a ticker overruled. So the signals digest tells apart runs that were told different things.
void InstrumentFeatures::note(const MarketEvent& event) noexcept {
  const auto type = static_cast<std::uint64_t>(event.h.type);
  const std::uint64_t kind = type << 8 | event.h.flags;
  told_.add(static_cast<std::uint64_t>(event.a) ^ kind << 48);
  told_.add(static_cast<std::uint64_t>(event.b));
}

void InstrumentFeatures::apply(TimeNs now, const MarketEvent& event) noexcept {
  switch (event.h.type) {
    case MsgType::kLevel:
      book_.set(event.h.side(), event.price(), event.qty());
      shape_keeper_.level_set(event.h.side(), event.price());
      book_touched_ = true;
      break;
    case MsgType::kTrade: take_trade(now, event); break;
    case MsgType::kMark: mark_e8_ = event.a; break;
    case MsgType::kFunding:
      funding_e8_ = event.a;
      has_funding_ = true;
      break;
    case MsgType::kBookState: take_state(event); break;
    default: break;  // the touch is the best of the fused book, which this stage keeps itself
  }
}

void InstrumentFeatures::take_state(const MarketEvent& event) noexcept {
  state_changed_ |= event.book_state() != state_;
  state_ = event.book_state();
  book_touched_ = true;
  if (!event.h.has(kFlagSnapshot)) return;
  book_.clear();
  shape_keeper_.forget();
  ++book_resets_;
}

void InstrumentFeatures::take_trade(TimeNs now, const MarketEvent& event) noexcept {
  if (event.h.has(kFlagNonMarket)) {
    ++non_market_trades_;
    return;
  }
  advance(now);  // the trade meets the windows, the bar and the mid of its own time
  const std::int64_t sign = sign_of(event.h.side());
  trades_.add(now.value, event.a, event.b, sign, mid_half_ticks_);
  bars_.add_trade(event.a, event.b, sign);
  vpin_.add(now.value, event.b, sign);
}

void InstrumentFeatures::advance(TimeNs now) noexcept {
  bars_.advance(now.value, mid_half_ticks_);
  trades_.advance(now.value, mid_half_ticks_);
}

bool InstrumentFeatures::complete(TimeNs now) noexcept {
  advance(now);  // with the mid that stood until now
  if (book_touched_) {
    book_touched_ = false;
    look_at_book();
    flow_.advance(now.value);
    if (mid_half_ticks_ != 0) {
      flow_.add(now.value, book_);
    } else {
      flow_.restart();
    }
  } else {
    flow_.advance(now.value);
  }
  const bool due = state_changed_ || config_.min_interval_ns == 0 ||
                   last_vector_ns_ == INT64_MIN ||
                   now.value - last_vector_ns_ >= config_.min_interval_ns;
  if (!due) return false;
  state_changed_ = false;
  last_vector_ns_ = now.value;
  return true;
}

void InstrumentFeatures::look_at_book() noexcept {
  shaped_ = book_.two_sided();
  if (shaped_) {
    shape_keeper_.look(book_, config_.collar_bps, shape_);
  } else {
    shape_ = BookShape{};
    shape_keeper_.forget();
  }
  const bool sound = shaped_ && state_ == BookState::kValid && !book_.crossed();
  mid_half_ticks_ = sound ? shape_.mid_half_ticks : 0;
}

void InstrumentFeatures::fill(TimeNs now, FeatureVector& out) noexcept {
  VectorValues v(out);
  const Moment m{now.value, first_ns_, mid_half_ticks_, tick_e8_, mark_e8_, funding_e8_,
                 has_funding_};
  fill_book(v, m, shape_);
  fill_flow(v, m, flow_);
  fill_trades(v, m, trades_);
  fill_spreads(v, m, trades_, vpin_);
  fill_volatility(v, m, bars_, trades_);
  fill_bars(v, m, bars_);
  fill_clock(v, m, trades_);
  v.finish();
  fill_context(out);
  out.told_hash = told_.value();
}

void InstrumentFeatures::fill_context(FeatureVector& out) const noexcept {
  MarketContext& c = out.context;
  c.state = state_;
  if (!book_.bids.empty()) {
    c.bid_ticks = book_.bids.best().price;
    c.bid_lots = book_.bids.best().qty;
  }
  if (!book_.asks.empty()) {
    c.ask_ticks = book_.asks.best().price;
    c.ask_lots = book_.asks.best().qty;
  }
  c.bid_depth_lots = QtyLots(shape_.bid.collar_lots);
  c.ask_depth_lots = QtyLots(shape_.ask.collar_lots);
  c.mark_e8 = mark_e8_;
  c.known_levels = static_cast<std::uint16_t>(
      std::min<std::size_t>({book_.bids.size(), book_.asks.size(), 65'535}));
  c.bar_count = static_cast<std::uint32_t>(bars_.closed());
  if (trades_.trades() > 0) {
    const Int128 lots = trades_.sums(TradeWindows::kMinute).lots;
    c.minute_volume_lots = QtyLots(static_cast<std::int64_t>(std::min<Int128>(lots, INT64_MAX)));
    c.valid |= kContextMinuteVolume;
  }
  if (out.valid(kAtr14Bps)) {
    c.atr_bps = out.values[kAtr14Bps];
    c.valid |= kContextAtr;
  }
  if (out.valid(kRealisedVol36Bars)) {
    // Variance of 36 bars, scaled to a year of 365 days.
    const double years = static_cast<double>(kBarsLong) * static_cast<double>(config_.bar_ns) /
                         (365.0 * 86'400.0 * static_cast<double>(kNsPerSecond));
    c.annual_vol = annualised(bars_.stats().vol_36, years);
    c.valid |= kContextVol;
  }
}

void InstrumentFeatures::save(StateWriter& w) const noexcept {
  book_.save(w);
  trades_.save(w);
  flow_.save(w);
  bars_.save(w);
  vpin_.save(w);
  w.u64(static_cast<std::uint64_t>(state_));
  for (const bool b : {book_touched_, state_changed_, started_, has_funding_}) w.boolean(b);
  for (const std::int64_t v : {mid_half_ticks_, first_ns_, last_vector_ns_, mark_e8_, funding_e8_,
                               non_market_trades_, book_resets_}) {
    w.i64(v);
  }
  w.u64(told_.state());
  // Within a venue message the shape is still that of the book before it.
  w.boolean(shaped_);
  for (const std::int64_t v : {shape_.mid_half_ticks, shape_.bid_ticks, shape_.ask_ticks}) w.i64(v);
  for (const SideShape* s : {&shape_.bid, &shape_.ask}) {
    for (const std::int64_t v : {s->levels, s->lots_1, s->lots_5, s->lots_10, s->lots_20,
                                 s->lots_50, s->collar_lots}) {
      w.i64(v);
    }
    for (const double v : {s->slope, s->concentration, s->offset_5}) w.f64(v);
  }
}

bool InstrumentFeatures::load(StateReader& r) {
  if (!book_.load(r) || !trades_.load(r) || !flow_.load(r) || !bars_.load(r) || !vpin_.load(r)) {
    return false;
  }
  const std::uint64_t state = r.u64();
  if (state >= kBookStateNames.size()) return false;
  state_ = static_cast<BookState>(state);
  for (bool* b : {&book_touched_, &state_changed_, &started_, &has_funding_}) *b = r.boolean();
  for (std::int64_t* v : {&mid_half_ticks_, &first_ns_, &last_vector_ns_, &mark_e8_, &funding_e8_,
                          &non_market_trades_, &book_resets_}) {
    *v = r.i64();
  }
  told_.restore(r.u64());
  shaped_ = r.boolean();
  for (std::int64_t* v : {&shape_.mid_half_ticks, &shape_.bid_ticks, &shape_.ask_ticks}) {
    *v = r.i64();
  }
  for (SideShape* s : {&shape_.bid, &shape_.ask}) {
    for (std::int64_t* v : {&s->levels, &s->lots_1, &s->lots_5, &s->lots_10, &s->lots_20,
                            &s->lots_50, &s->collar_lots}) {
      *v = r.i64();
    }
    for (double* v : {&s->slope, &s->concentration, &s->offset_5}) *v = r.f64();
  }
  shape_keeper_.forget();
  return !r.failed();
}

}  // namespace pinstripe
