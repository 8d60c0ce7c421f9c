#include "feed/feed_engine.h"

#include <bit>

#include <algorithm>
#include <cstring>
#include <limits>

#include "feed/decoded_frame.h"

namespace pinstripe {
namespace {

/// Room for the longest turn: a snapshot applied in silence, then the fresh book.
std::size_t queue_room(const FeedConfig& c) {
  return 2 * std::size_t{c.frame_levels_max} + 2 * std::size_t{c.book_levels} + 16'384;
}

std::int32_t saturated_us(std::int64_t us) noexcept {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(us, -kMax, kMax));
}

/// Where the text of a frame states `value_e8`, for the place in an error; null where it does not.
[[gnu::noinline, gnu::cold]] const char* find_number(const FeedFrame& frame,
                                                     std::int64_t value_e8) noexcept {
  const char* const begin = frame.bytes.data();
  const char* const limit = begin + frame.bytes.size();
  const auto in_number = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  for (const char* p = begin; p < limit; ++p) {
    if (!in_number(*p) || (p > begin && in_number(p[-1]))) continue;
    const Decimal d = parse_decimal(p, limit);
    if (d.status == DecimalStatus::kOk && d.e8 == value_e8) return p;
  }
  return nullptr;
}

/// The number of a refused level that is off its grid or out of range.
const char* place_of(const FeedFrame& frame, const ExactDivisor& tick,
                     const RawLevel& level) noexcept {
  std::int64_t ticks = 0;
  const bool price_fits = tick.divide(level.price_e8, ticks) && ticks > 0 && ticks <= kTicksMax;
  return find_number(frame, price_fits ? level.qty_e8 : level.price_e8);
}

}  // namespace

FeedEngine::Item::Item(const FeedConfig& config, const Instrument& instrument)
    : keeper(config, instrument.market == Market::kSpot),
      tick(instrument.tick_e8),
      lot(instrument.lot_e8),
      tick_e8(instrument.tick_e8),
      lot_e8(instrument.lot_e8),
      symbol(instrument.symbol) {}

FeedEngine::FeedEngine(const FeedConfig& config)
    : config_(config),
      decoder_(config.frame_bytes_max),
      message_(config.frame_levels_max),
      bids_(config.frame_levels_max),
      asks_(config.frame_levels_max),
      queue_(queue_room(config)) {
  items_.reserve(config.instruments.size());
  for (const Instrument& i : config.instruments) {
    PINSTRIPE_CHECK(i.tick_e8 > 0 && i.lot_e8 > 0, "instrument without tick or lot");
    items_.emplace_back(config, i);
  }
  enter_symbols();
  counters_.assign(counter_names().size(), 0);
}

void FeedEngine::take(TimeNs now, const FeedInput& in) noexcept {
  switch (in.kind()) {
    case InputKind::kTimer: return on_timer(now);
    case InputKind::kContinue:
      while (queue_.empty() && next_fresh_book()) {
      }
      return;
    case InputKind::kMessage: break;
  }
  if (in.room_port() >= 0) return on_room(now, in);
  if (in.is_lost()) return on_lost(now);
  if (!stopped_) on_frame(now, in.frame());
}

void FeedEngine::on_frame(TimeNs now, const FeedFrame& frame) noexcept {
  ++count(FeedCount::kFrames);
  if (frame.format == FrameFormat::kDecoded) return on_decoded(now, frame);
  if (frame.format == FrameFormat::kNotice) [[unlikely]] return on_notice(frame);
  if (decode(frame)) [[likely]] dispatch(now, frame);
}

bool FeedEngine::decode(const FeedFrame& frame) noexcept {
  const DecodeFault fault = decoder_.decode(frame.format, frame.bytes, message_);
  if (fault.kind == FeedErrorKind::kNone) [[likely]] return true;
  refuse(frame, fault.kind, fault.at);
  return false;
}

/// Linear probing, at most a quarter full: hundreds of symbols cost what one does.
void FeedEngine::enter_symbols() {
  symbols_.assign(std::bit_ceil(4 * items_.size() + 1), kNoInstrument);
  const std::vector<std::uint8_t> venues = venue_numbers(config_.instruments);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    items_[i].venue = venues[i];
    std::size_t slot = first_slot(venues[i], items_[i].symbol);
    while (symbols_[slot] != kNoInstrument) slot = (slot + 1) % symbols_.size();
    symbols_[slot] = static_cast<std::uint16_t>(i);
  }
}

std::size_t FeedEngine::first_slot(std::uint8_t venue, std::string_view symbol) const noexcept {
  Hasher hash(venue);
  hash.bytes(symbol.data(), symbol.size());
  return hash.value() % symbols_.size();
}

std::size_t FeedEngine::find_symbol(std::uint8_t venue, std::string_view symbol) const noexcept {
  std::size_t slot = first_slot(venue, symbol);
  for (; symbols_[slot] != kNoInstrument; slot = (slot + 1) % symbols_.size()) {
    const Item& item = items_[symbols_[slot]];
    if (item.venue == venue && item.symbol == symbol) return symbols_[slot];
  }
  return SIZE_MAX;
}

/// Index of the instrument that `symbol` names in the frame's file or at its venue; SIZE_MAX: none
/// of ours.
std::size_t FeedEngine::find_item(const FeedFrame& frame, std::string_view symbol) noexcept {
  const std::size_t told = frame.instrument;
  if (told < items_.size() &&
      (symbol.empty() || symbol == items_[told].symbol)) [[likely]] {
    return told;
  }
  if (frame.venue != kAnyVenue) return find_symbol(frame.venue, symbol);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].symbol == symbol) return i;
  }
  return SIZE_MAX;
}

FeedErrorKind FeedEngine::to_grid(const Item& item, const RawLevel& from,
                                  BookLevel& to) const noexcept {
  std::int64_t ticks = 0;
  std::int64_t lots = 0;
  const bool on_tick = item.tick.divide(from.price_e8, ticks);
  const bool on_lot = item.lot.divide(from.qty_e8, lots);
  const bool on_grid = on_tick && on_lot;
  if (!on_grid) [[unlikely]] return FeedErrorKind::kOffGrid;
  if (ticks <= 0 || ticks > kTicksMax ||
      lots > kLotsMax) [[unlikely]] return FeedErrorKind::kOverflow;
  to = {PriceTicks(ticks), QtyLots(lots)};
  return FeedErrorKind::kNone;
}

bool FeedEngine::convert(const FeedFrame& frame, const Item& item, std::span<const RawLevel> from,
                         std::vector<BookLevel>& to) noexcept {
  BookLevel* target = to.data();
  for (const RawLevel& level : from) {
    const FeedErrorKind kind = to_grid(item, level, *target++);
    if (kind != FeedErrorKind::kNone) [[unlikely]] {
      refuse(frame, kind, place_of(frame, item.tick, level));
      return false;
    }
  }
  return true;
}

bool FeedEngine::convert_levels(const FeedFrame& frame, const Item& item) noexcept {
  bid_count_ = message_.bid_count;
  ask_count_ = message_.ask_count;
  return convert(frame, item, {message_.bids.data(), bid_count_}, bids_) &&
         convert(frame, item, {message_.asks.data(), ask_count_}, asks_);
}

void FeedEngine::begin(const FeedFrame& frame, std::size_t index, std::int64_t venue_us) noexcept {
  queue_.origin_ns = frame.origin_ns;
  queue_.venue_offset_us = kNoVenueStamp;
  if (venue_us > 0) {
    const std::int64_t offset_us = venue_us - frame.origin_ns.value / kNsPerUs;
    queue_.venue_offset_us = saturated_us(offset_us);
    if (offset_us > 0) ++count(FeedCount::kClockAhead);
  }
  queue_.begin_update(static_cast<std::uint16_t>(index));
}

void FeedEngine::dispatch(TimeNs now, const FeedFrame& frame) noexcept {
  const VenueMessage& m = message_;
  if (m.kind == VenueKind::kOther) {
    ++count(FeedCount::kEvents);
    ++count(FeedCount::kOther);
    return;
  }
  if (m.kind == VenueKind::kLiquidations) [[unlikely]] return on_liquidations(frame);
  const std::size_t index = find_item(frame, m.symbol);
  if (index == SIZE_MAX) [[unlikely]] {
    return refuse(frame, FeedErrorKind::kUnknownSymbol,
                  m.symbol.empty() ? frame.bytes.data() : m.symbol.data());
  }
  Item& item = items_[index];
  if (passes_over(item, m.kind != VenueKind::kMark && m.kind != VenueKind::kTickerState)) return;
  switch (m.kind) {
    case VenueKind::kTrade:
    case VenueKind::kAggTrade:
      begin(frame, index, m.venue_us);
      on_trade(now, frame, item);
      return end(index);
    case VenueKind::kTrades: return on_trades(now, frame, index);
    case VenueKind::kBars: return on_bars(frame, index);
    default: break;
  }
  if (!convert_levels(frame, item)) return;
  begin(frame, index, m.venue_us);
  ++count(FeedCount::kEvents);
  on_venue_book(now, index);
  end(index);
}

/// Everything but trades: the message's levels are on the grid.
void FeedEngine::on_venue_book(TimeNs now, std::size_t index) noexcept {
  const VenueMessage& m = message_;
  Item& item = items_[index];
  const std::span<const BookLevel> bids{bids_.data(), bid_count_};
  const std::span<const BookLevel> asks{asks_.data(), ask_count_};
  switch (m.kind) {
    case VenueKind::kDepth:
      ++count(FeedCount::kDepths);
      count(FeedCount::kLevelChanges) += static_cast<std::int64_t>(bid_count_ + ask_count_);
      item.keeper.on_depth(now, {m.first_id, m.last_id, m.prev_id, m.has_prev, bids, asks}, queue_);
      break;
    case VenueKind::kTicker:
      ++count(FeedCount::kTickers);
      item.keeper.on_ticker(now, {m.last_id, bids_[0], asks_[0]}, queue_);
      break;
    case VenueKind::kSnapshot:
      ++count(FeedCount::kSnapshots);
      item.keeper.on_snapshot(now, m.last_id, bids, asks, queue_);
      break;
    case VenueKind::kPlainBook:
      ++count(m.is_fresh ? FeedCount::kSnapshots : FeedCount::kDepths);
      count(FeedCount::kLevelChanges) += static_cast<std::int64_t>(bid_count_ + ask_count_);
      item.keeper.on_plain_book(now, m.is_fresh, bids, asks, queue_);
      break;
    case VenueKind::kMark: on_mark(now, item); break;
    case VenueKind::kChainedBook: on_book_change(now, item); break;
    case VenueKind::kTickerState: on_ticker_state(now, item); break;
    case VenueKind::kTrade:
    case VenueKind::kTrades:
    case VenueKind::kAggTrade:
    case VenueKind::kLiquidations:
    case VenueKind::kBars:
    case VenueKind::kOther: break;
  }
}

void FeedEngine::end(std::size_t index) noexcept {
  queue_.end_update();
  collect(index);
  due_ = std::min(due_, items_[index].keeper.next_due());
}

void FeedEngine::on_timer(TimeNs now) noexcept {
  queue_.origin_ns = now;
  queue_.venue_offset_us = kNoVenueStamp;
  TimeNs due = TimeNs::max();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    queue_.begin_update(static_cast<std::uint16_t>(i));
    items_[i].keeper.on_time(now, queue_);
    queue_.end_update();
    collect(i);
    due = std::min(due, items_[i].keeper.next_due());
  }
  due_ = due;
}

/// One trade stream counts (trading.md 2): `trade`, or `aggTrade` as long as no `trade` was seen.
/// An id that was already there is a repetition, whichever stream brings it.
bool FeedEngine::takes_trade(Item& item) noexcept {
  const VenueMessage& m = message_;
  const bool is_aggregate = m.kind == VenueKind::kAggTrade;
  const bool is_wanted = config_.trade_stream == TradeStream::kAuto
                             ? !(is_aggregate && item.has_trade)
                             : is_aggregate == (config_.trade_stream == TradeStream::kAggTrade);
  if (!is_wanted) {
    ++count(FeedCount::kUnusedTrades);
    return false;
  }
  item.has_trade |= !is_aggregate;
  if (m.last_id == 0) return true;  // a source without ids
  if (item.has_trade_id) {
    if (m.last_id <= item.trade_id) {
      ++count(FeedCount::kTradeDuplicates);
      return false;
    }
    if (m.first_id > item.trade_id + 1) ++count(FeedCount::kTradeHoles);
  }
  item.has_trade_id = true;
  item.trade_id = m.last_id;
  return true;
}

void FeedEngine::on_trade(TimeNs now, const FeedFrame& frame, Item& item) noexcept {
  const VenueMessage& m = message_;
  BookLevel trade;
  const RawLevel stated{m.price_e8, m.qty_e8};
  const FeedErrorKind kind = to_grid(item, stated, trade);
  if (kind != FeedErrorKind::kNone) [[unlikely]] {
    return refuse(frame, kind, place_of(frame, item.tick, stated));
  }
  ++count(FeedCount::kEvents);
  item.keeper.on_channel(now, FeedChannel::kTrade, queue_);
  if (takes_trade(item)) publish_trade(trade, m.is_buyer_maker, m.is_market);
}

void FeedEngine::publish_trade(const BookLevel& trade, bool is_sell, bool is_market) noexcept {
  ++count(FeedCount::kTrades);
  if (!is_market) ++count(FeedCount::kNonMarketTrades);
  const auto flags = static_cast<std::uint8_t>((is_sell ? kFlagSell : 0) |
                                               (is_market ? 0 : kFlagNonMarket));
  queue_.push(MsgType::kTrade, flags, trade.price.value, trade.qty.value, kToAll);
}

/// Mark and index each time; funding where rate or instant changed.
void FeedEngine::on_mark(TimeNs now, Item& item) noexcept {
  const VenueMessage& m = message_;
  ++count(FeedCount::kMarks);
  item.keeper.on_channel(now, FeedChannel::kMark, queue_);
  queue_.push(MsgType::kMark, 0, m.price_e8, m.has_index ? m.qty_e8 : 0, kToAll);
  if (m.has_rate) publish_funding(item, m.rate_e8, m.funding_ms);
}

void FeedEngine::publish_funding(Item& item, std::int64_t rate_e8,
                                 std::int64_t funding_ms) noexcept {
  std::int64_t funding_ns = 0;
  if (__builtin_mul_overflow(funding_ms, kNsPerMs, &funding_ns)) return;
  if (rate_e8 == item.rate_e8 && funding_ms == item.funding_ms) return;
  item.rate_e8 = rate_e8;
  item.funding_ms = funding_ms;
  queue_.push(MsgType::kFunding, 0, rate_e8, funding_ns, kToAll);
}

void FeedEngine::on_room(TimeNs now, const FeedInput& in) noexcept {
  count(FeedCount::kMessagesDropped) += static_cast<std::int64_t>(in.dropped());
  room_port_ = static_cast<unsigned>(in.room_port());
  fresh_next_ = 0;
  queue_.origin_ns = now;
  queue_.venue_offset_us = kNoVenueStamp;
  next_fresh_book();
}

void FeedEngine::on_lost(TimeNs now) noexcept {
  ++count(FeedCount::kInterruptions);
  queue_.origin_ns = now;
  queue_.venue_offset_us = kNoVenueStamp;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    queue_.begin_update(static_cast<std::uint16_t>(i));
    items_[i].keeper.on_lost(queue_);
    items_[i].mark_e8 = items_[i].index_e8 = 0;  // a part of the next ticker does not renew them
    queue_.end_update();
    collect(i);
  }
}

/// One instrument's fresh book for the port that has room again; false when there are no more.
bool FeedEngine::next_fresh_book() noexcept {
  if (fresh_next_ >= items_.size()) {
    queue_.is_pending = false;
    return false;
  }
  queue_.restrict_to(static_cast<std::uint8_t>(1u << room_port_));
  queue_.begin_update(static_cast<std::uint16_t>(fresh_next_));
  Item& item = items_[fresh_next_];
  item.keeper.publish_afresh(queue_);
  // Said once, when it changes: who has missed that would not hear of it for hours.
  if (item.funding_ms != 0) {
    queue_.push(MsgType::kFunding, 0, item.rate_e8, item.funding_ms * kNsPerMs, kToAll);
  }
  queue_.end_update();
  queue_.restrict_to(kToAll);
  queue_.is_pending = ++fresh_next_ < items_.size();
  return true;
}

[[gnu::noinline, gnu::cold]] void FeedEngine::refuse(const FeedFrame& frame, FeedErrorKind kind,
                                                     const char* at) noexcept {
  ++count(FeedCount::kBadLines);
  switch (kind) {
    case FeedErrorKind::kUnknownSymbol: ++count(FeedCount::kUnknownSymbol); break;
    case FeedErrorKind::kOffGrid: ++count(FeedCount::kOffGrid); break;
    case FeedErrorKind::kOverflow: ++count(FeedCount::kOverflow); break;
    case FeedErrorKind::kBadJson: ++count(FeedCount::kBadJson); break;
    default: break;
  }
  const char* begin = frame.bytes.data();
  const char* limit = begin + frame.bytes.size();
  if (at == nullptr || at < begin || at > limit) at = begin;
  FeedError& e = last_error_;
  e = {};
  e.kind = kind;
  e.instrument = frame.instrument;
  e.file = frame.file;
  e.line = frame.line;
  e.column = frame.column + static_cast<std::uint32_t>(at - begin) + 1;
  const auto length = std::min<std::size_t>(e.excerpt.size(), static_cast<std::size_t>(limit - at));
  std::memcpy(e.excerpt.data(), at, length);
  e.excerpt_length = static_cast<std::uint8_t>(length);
  const auto k = static_cast<std::size_t>(kind);
  if (errors_.count[k]++ == 0) errors_.first[k] = e;
  if (config_.on_bad_line == OnBadLine::kStop) stopped_ = true;
}

}  // namespace pinstripe
