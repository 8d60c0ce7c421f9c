// Two steps. simdjson finds every bracket, colon, comma, quote and scalar of the frame and checks
// UTF-8 and closed strings, with the widest vectors of this machine (its stage 1). The walk over
// those places is ours (json_walk.h): it knows what a venue message looks like and reads numbers
// straight into integers.
//
// Members are taken in the order in which they come, whatever it is. `a` and `b` mean three things
// (levels, a price, an id); the first character tells which, the kind of message decides at the
// end.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/binance_decoder.h"

#include "feed/venue_walk.h"

namespace pinstripe {
namespace {

/// Fields seen so far, one bit each.
enum Seen : std::uint32_t {
  kSeenFirst = 1, kSeenLast = 2, kSeenBids = 4, kSeenAsks = 8, kSeenBidPrice = 16,
  kSeenAskPrice = 32, kSeenBidQty = 64, kSeenAskQty = 128, kSeenPrice = 256, kSeenQty = 512,
  kSeenTradeId = 1024, kSeenMaker = 2048, kSeenSnapshotId = 4096, kSeenIndex = 8192,
  kSeenRate = 16384, kSeenTradeTime = 32768, kSeenEventTime = 65536, kSeenAggId = 131072,
  kSeenInterest = 262144,
};

struct Fields {
  std::uint32_t seen = 0;
  VenueKind kind = VenueKind::kOther;
  bool kind_known = false;
  std::int64_t event_ms = 0;
  std::int64_t trade_ms = 0;
  std::uint64_t trade_id = 0;
  std::uint64_t agg_first = 0;
  std::uint64_t agg_last = 0;
  // Decimals are kept as text until the kind says what they are.
  const char* price = nullptr;
  const char* qty = nullptr;
  const char* index = nullptr;
  const char* rate = nullptr;
};

/// Type of message from the text of "e" (after its quote).
VenueKind kind_of(const char* p) noexcept {
  if (starts_with(p, "depthUpdate\"")) return VenueKind::kDepth;
  if (starts_with(p, "bookTicker\"")) return VenueKind::kTicker;
  if (starts_with(p, "trade\"")) return VenueKind::kTrade;
  if (starts_with(p, "aggTrade\"")) return VenueKind::kAggTrade;
  if (starts_with(p, "markPriceUpdate\"")) return VenueKind::kMark;
  if (starts_with(p, "kline\"")) return VenueKind::kBars;
  if (starts_with(p, "forceOrder\"")) return VenueKind::kLiquidations;
  return VenueKind::kOther;
}

}  // namespace

struct BinanceDecoder::Parser : VenueWalk {
  using VenueWalk::VenueWalk;
  Fields fields;

  bool book_side(std::vector<RawLevel>& target, std::size_t& count, std::uint32_t seen_list,
                 std::uint32_t seen_price) noexcept;
  bool field(const char* key) noexcept;
  bool other_field(const char* key) noexcept;
  bool object() noexcept {
    return members([this](const char* key) { return field(key); });
  }
  // Rare: kept out of the walk over streams, which is the hotter for being short.
  [[gnu::noinline, gnu::cold]] bool rest_field(const char* key) noexcept;
  [[gnu::noinline, gnu::cold]] bool candle() noexcept;
  [[gnu::noinline, gnu::cold]] bool forced_order() noexcept;
  bool bar_field(const char* key, RawBar& b) noexcept;
  bool liquidation_field(const char* key, RawLiquidation& l) noexcept;
  bool finish() noexcept;
  bool finish_trade() noexcept;
  bool finish_mark() noexcept;
  bool need(std::uint32_t bits) noexcept { return VenueWalk::need(fields.seen, bits); }
};

/// `b` or `a`: levels (depth), a price (ticker) or an order id (old trades).
bool BinanceDecoder::Parser::book_side(std::vector<RawLevel>& target, std::size_t& count,
                                       std::uint32_t seen_list,
                                       std::uint32_t seen_price) noexcept {
  const char c = token();
  if (c == '[') {
    fields.seen |= seen_list;
    return levels(target, count);
  }
  if (c == '"') {
    const char* start = nullptr;
    fields.seen |= seen_price;
    return text(start) && decimal(start, target[0].price_e8);
  }
  std::uint64_t ignored = 0;
  if (seen_list == kSeenAsks) fields.seen |= kSeenAggId;  // aggTrade `a`; harmless elsewhere
  return number(ignored);
}

/// One member's value; `key` is the text after the opening quote.
bool BinanceDecoder::Parser::field(const char* key) noexcept {
  VenueMessage& m = *out;
  Fields& f = fields;
  const char* start = nullptr;
  switch (key_of(key[0], key[1])) {
    case key_of('e'):
      if (!text(start)) return false;
      f.kind = kind_of(start);
      f.kind_known = true;
      return true;
    case key_of('E'): f.seen |= kSeenEventTime; return time(f.event_ms);
    case key_of('T'): f.seen |= kSeenTradeTime; return time(f.trade_ms);
    case key_of('s'): return word(m.symbol);
    case key_of('U'): f.seen |= kSeenFirst; return number(m.first_id);
    case key_of('u'): f.seen |= kSeenLast; return number(m.last_id);
    case key_of('p', 'u'):
      if (key[2] != '"') return skip();
      m.has_prev = true;
      return number(m.prev_id);
    case key_of('b'): return book_side(m.bids, m.bid_count, kSeenBids, kSeenBidPrice);
    case key_of('a'): return book_side(m.asks, m.ask_count, kSeenAsks, kSeenAskPrice);
    case key_of('B'): f.seen |= kSeenBidQty; return text(start) && decimal(start, m.bids[0].qty_e8);
    case key_of('A'): f.seen |= kSeenAskQty; return text(start) && decimal(start, m.asks[0].qty_e8);
    case key_of('p'): f.seen |= kSeenPrice; return text(f.price);
    case key_of('q'): f.seen |= kSeenQty; return text(f.qty);
    case key_of('t'): f.seen |= kSeenTradeId; return number(f.trade_id);
    case key_of('m'): f.seen |= kSeenMaker; return truth(m.is_buyer_maker);
    case key_of('X'):
      if (!text(start)) return false;
      m.is_market = starts_with(start, "MARKET\"");
      return true;
    default: return other_field(key);
  }
}

/// The rarer members.
bool BinanceDecoder::Parser::other_field(const char* key) noexcept {
  Fields& f = fields;
  const char c = token();
  switch (key_of(key[0], key[1])) {
    // Marks and aggregate trades have these as texts and ids; elsewhere they are passed over.
    case key_of('i'):
      if (c != '"') return skip();
      f.seen |= kSeenIndex;
      return text(f.index);
    case key_of('r'):
      if (c != '"') return skip();
      f.seen |= kSeenRate;
      return text(f.rate);
    // A candle and a liquidation are objects of their own; elsewhere these are other things.
    case key_of('k'): return c == '{' ? candle() : skip();
    case key_of('o'): return c == '{' ? forced_order() : skip();
    case key_of('f'): return c == '"' || c == '[' || c == '{' ? skip() : number(f.agg_first);
    case key_of('l'): return c == '"' || c == '[' || c == '{' ? skip() : number(f.agg_last);
    default: break;
  }
  if (starts_with(key, "stream\"")) {
    // Spot bookTicker says its type nowhere else.
    const char* start = nullptr;
    if (!text(start)) return false;
    const void* at = std::memchr(start, '@', static_cast<std::size_t>(limit - start));
    if (at != nullptr && starts_with(static_cast<const char*>(at), "@bookTicker\"")) {
      f.kind = VenueKind::kTicker;
      f.kind_known = true;
    }
    return true;
  }
  if (starts_with(key, "data\"") && c == '{') return object();
  return rest_field(key);
}

/// Members of REST answers: a depth snapshot, an open interest.
bool BinanceDecoder::Parser::rest_field(const char* key) noexcept {
  if (starts_with(key, "lastUpdateId\"")) {
    fields.seen |= kSeenSnapshotId;
    return number(out->last_id);
  }
  if (starts_with(key, "symbol\"")) return word(out->symbol);
  if (starts_with(key, "bids\"")) {
    return book_side(out->bids, out->bid_count, kSeenBids, kSeenBidPrice);
  }
  if (starts_with(key, "asks\"")) {
    return book_side(out->asks, out->ask_count, kSeenAsks, kSeenAskPrice);
  }
  if (starts_with(key, "openInterest\"")) {
    fields.seen |= kSeenInterest;
    return open_interest();
  }
  const bool is_time = starts_with(key, "time\"") && token() >= '0' && token() <= '9';
  return is_time ? time(fields.trade_ms) : skip();
}

bool BinanceDecoder::Parser::candle() noexcept {
  if (fields.kind_known && fields.kind != VenueKind::kBars) return skip();
  return bar([this](RawBar& b) {
    return members([&](const char* name) { return bar_field(name, b); });
  });
}

bool BinanceDecoder::Parser::forced_order() noexcept {
  if (fields.kind_known && fields.kind != VenueKind::kLiquidations) return skip();
  return liquidation([this](const char* name, RawLiquidation& l) {
    return liquidation_field(name, l);
  });
}

bool BinanceDecoder::Parser::bar_field(const char* key, RawBar& b) noexcept {
  switch (key_of(key[0], key[1])) {
    case key_of('t'): parts |= kPartStart; return time(b.start_ms);
    case key_of('T'): return time(b.last_ms);
    case key_of('o'): return part(kPartOpen, b.open_e8);
    case key_of('h'): return part(kPartHigh, b.high_e8);
    case key_of('l'): return part(kPartLow, b.low_e8);
    case key_of('c'): return part(kPartClose, b.close_e8);
    case key_of('v'): return amount(kPartVolume, b.volume_e8);
    case key_of('n'): return number(b.trades);
    case key_of('x'): return truth(b.is_closed);
    default: return skip();
  }
}

/// Price and quantity are those of the order, which lie on the grid; `ap` is a mean of its fills.
bool BinanceDecoder::Parser::liquidation_field(const char* key, RawLiquidation& l) noexcept {
  switch (key_of(key[0], key[1])) {
    case key_of('s'): return word(l.symbol);
    case key_of('S'): return side("SELL", "BUY", l.is_sell);
    case key_of('p'): return part(kPartPrice, l.price_e8);
    case key_of('q'): return part(kPartQty, l.qty_e8);
    default: return skip();
  }
}

bool BinanceDecoder::Parser::finish_trade() noexcept {
  VenueMessage& m = *out;
  const bool aggregate = m.kind == VenueKind::kAggTrade;
  if (!need(kSeenPrice | kSeenQty | kSeenMaker | (aggregate ? kSeenAggId : kSeenTradeId))) {
    return false;
  }
  m.first_id = aggregate ? fields.agg_first : fields.trade_id;
  m.last_id = aggregate ? fields.agg_last : fields.trade_id;
  return decimal(fields.price, m.price_e8) && decimal(fields.qty, m.qty_e8);
}

bool BinanceDecoder::Parser::finish_mark() noexcept {
  VenueMessage& m = *out;
  if (!need(kSeenPrice) || !decimal(fields.price, m.price_e8)) return false;
  m.venue_us = microseconds(fields.event_ms);  // T is the next funding instant here
  if ((fields.seen & kSeenIndex) != 0 && *fields.index != '"') {
    if (!decimal(fields.index, m.qty_e8)) return false;
    m.has_index = true;
  }
  // Delivery contracts send an empty rate.
  if ((fields.seen & kSeenRate) != 0 && *fields.rate != '"' && fields.trade_ms > 0) {
    if (!decimal(fields.rate, m.rate_e8, true)) return false;
    m.has_rate = true;
    m.funding_ms = fields.trade_ms;
  }
  return true;
}

/// Decides what the members seen make up.
bool BinanceDecoder::Parser::finish() noexcept {
  VenueMessage& m = *out;
  Fields& f = fields;
  constexpr std::uint32_t kTouch = kSeenBidPrice | kSeenAskPrice | kSeenBidQty | kSeenAskQty;
  if ((f.seen & kSeenSnapshotId) != 0) {
    m.kind = VenueKind::kSnapshot;
  } else if (f.kind_known) {
    m.kind = f.kind;
  } else if ((f.seen & kSeenInterest) != 0) {
    m.kind = VenueKind::kTickerState;
  } else if ((f.seen & (kTouch | kSeenLast)) == (kTouch | kSeenLast)) {
    m.kind = VenueKind::kTicker;  // bare spot bookTicker
  }
  m.venue_us = microseconds((f.seen & kSeenEventTime) != 0 ? f.event_ms : f.trade_ms);
  switch (m.kind) {
    case VenueKind::kSnapshot: return need(kSeenBids | kSeenAsks);
    case VenueKind::kDepth: return need(kSeenFirst | kSeenLast | kSeenBids | kSeenAsks);
    case VenueKind::kTicker:
      m.bid_count = m.ask_count = 1;
      return need(kTouch | kSeenLast);
    case VenueKind::kTrade:
    case VenueKind::kAggTrade: return finish_trade();
    case VenueKind::kMark: return finish_mark();
    case VenueKind::kBars:
      if (m.bar_count == 0) m.kind = VenueKind::kOther;
      return true;
    case VenueKind::kLiquidations:
      return (m.liquidation_count > 0 && !m.liquidations[0].symbol.empty()) ||
             refuse(FeedErrorKind::kMissingField, limit);
    default: return true;
  }
}

BinanceDecoder::BinanceDecoder(std::size_t frame_bytes_max)
    : parser_(std::make_unique<Parser>(frame_bytes_max)) {}
BinanceDecoder::~BinanceDecoder() = default;
BinanceDecoder::BinanceDecoder(BinanceDecoder&&) noexcept = default;
BinanceDecoder& BinanceDecoder::operator=(BinanceDecoder&&) noexcept = default;

DecodeFault BinanceDecoder::decode(std::string_view bytes, VenueMessage& out) noexcept {
  Parser& p = *parser_;
  p.start(out);
  p.fields = {};
  if (p.begin(bytes) && p.object() && p.ends()) p.finish();
  return p.fault;
}

}  // namespace pinstripe
