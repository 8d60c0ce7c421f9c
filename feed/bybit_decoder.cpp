// {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":..,"data":{..}}: the topic says what `data`
// is, and may come before or after it (spot and linear write their members in different orders).
// Where `data` comes first its place is kept and walked when the topic is known.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/bybit_decoder.h"

#include "feed/json_walk.h"

namespace pinstripe {
namespace {

/// Members that a message was seen to have.
enum Seen : std::uint32_t {
  kSeenType = 1, kSeenData = 2, kSeenSymbol = 4, kSeenBids = 8, kSeenAsks = 16, kSeenId = 32,
  kSeenPrice = 64, kSeenQty = 128, kSeenSide = 256,
};

/// The whole number at `p` and what follows it.
std::uint16_t depth_of(const char*& p) noexcept {
  unsigned depth = 0;
  while (*p >= '0' && *p <= '9' && depth < 10'000) depth = 10 * depth + unsigned(*p++ - '0');
  return depth < 10'000 ? static_cast<std::uint16_t>(depth) : 0;
}

}  // namespace

struct BybitDecoder::Parser : JsonWalk {
  using JsonWalk::JsonWalk;
  VenueMessage* out = nullptr;
  std::uint32_t seen = 0;
  std::uint32_t trade_seen = 0;
  bool has_topic = false;
  bool is_snapshot = false;
  std::string_view topic_symbol;
  const std::uint32_t* data = nullptr;  // where it begins, while the topic is not known

  bool envelope(const char* key) noexcept;
  bool topic() noexcept;
  bool type() noexcept;
  bool payload() noexcept;
  bool late_payload() noexcept;
  bool book_field(const char* key) noexcept;
  bool trade() noexcept;
  bool trade_field(const char* key, RawTrade& t) noexcept;
  bool ticker_field(const char* key) noexcept;
  bool ticker_decimal(std::uint16_t bit, std::int64_t& value, bool any_sign = false) noexcept;
  bool symbol() noexcept {
    seen |= kSeenSymbol;
    return word(out->symbol);
  }
  bool finish() noexcept;
  bool need(std::uint32_t have, std::uint32_t bits) noexcept {
    return (have & bits) == bits || refuse(FeedErrorKind::kMissingField, limit);
  }
};

bool BybitDecoder::Parser::topic() noexcept {
  std::string_view name;
  if (!word(name)) return false;
  has_topic = true;
  const char* p = name.data();
  if (starts_with(p, "orderbook.")) {
    p += 10;
    out->book_depth = depth_of(p);
    if (out->book_depth == 0 || *p != '.') return refuse(FeedErrorKind::kBadJson, p);
    out->kind = VenueKind::kChainedBook;
  } else if (starts_with(p, "publicTrade.") || starts_with(p, "trade.")) {
    out->kind = VenueKind::kTrades;
  } else if (starts_with(p, "tickers.")) {
    out->kind = VenueKind::kTickerState;
  }
  const std::size_t dot = name.rfind('.');
  topic_symbol = dot == std::string_view::npos ? name : name.substr(dot + 1);
  return true;
}

bool BybitDecoder::Parser::type() noexcept {
  const char* start = nullptr;
  if (!text(start)) return false;
  seen |= kSeenType;
  is_snapshot = starts_with(start, "snapshot\"");
  return is_snapshot || starts_with(start, "delta\"") || refuse(FeedErrorKind::kBadJson, start);
}

/// A member of the message itself.
bool BybitDecoder::Parser::envelope(const char* key) noexcept {
  if (starts_with(key, "topic\"")) return topic();
  if (starts_with(key, "data\"")) {
    seen |= kSeenData;
    if (has_topic) return payload();
    data = next;
    return skip();
  }
  if (starts_with(key, "type\"") && token() == '"') return type();
  if (starts_with(key, "ts\"")) {
    std::int64_t ms = 0;
    if (!time(ms)) return false;
    out->venue_us = microseconds(ms);
    return true;
  }
  return skip();
}

/// What `data` holds, by the topic's kind.
bool BybitDecoder::Parser::payload() noexcept {
  switch (out->kind) {
    case VenueKind::kChainedBook:
      return members([this](const char* key) { return book_field(key); });
    case VenueKind::kTrades: return elements([this] { return trade(); });
    case VenueKind::kTickerState:
      return members([this](const char* key) { return ticker_field(key); });
    default: return skip();
  }
}

/// `data` stood before the topic.
bool BybitDecoder::Parser::late_payload() noexcept {
  const std::uint32_t* const end = next;
  next = data;
  if (!payload()) return false;
  next = end;
  return true;
}

bool BybitDecoder::Parser::book_field(const char* key) noexcept {
  VenueMessage& m = *out;
  switch (key_of(key[0], key[1])) {
    case key_of('s'): return symbol();
    case key_of('b'): seen |= kSeenBids; return levels(m.bids, m.bid_count);
    case key_of('a'): seen |= kSeenAsks; return levels(m.asks, m.ask_count);
    case key_of('u'): seen |= kSeenId; return number(m.last_id);
    default: return skip();
  }
}

bool BybitDecoder::Parser::trade() noexcept {
  VenueMessage& m = *out;
  if (m.trade_count == m.trades.size()) {
    return refuse(FeedErrorKind::kTooLong, next < last ? base + *next : limit);
  }
  RawTrade& t = m.trades[m.trade_count];
  t = {};
  trade_seen = 0;
  if (!members([&](const char* key) { return trade_field(key, t); })) return false;
  if (!need(trade_seen, kSeenPrice | kSeenQty | kSeenSide)) return false;
  ++m.trade_count;
  return true;
}

bool BybitDecoder::Parser::trade_field(const char* key, RawTrade& t) noexcept {
  switch (key_of(key[0], key[1])) {
    case key_of('p'): trade_seen |= kSeenPrice; return decimal_text(t.price_e8);
    case key_of('v'): trade_seen |= kSeenQty; return decimal_text(t.qty_e8);
    case key_of('s'): return symbol();
    case key_of('S'): {
      const char* start = nullptr;
      if (!text(start)) return false;
      trade_seen |= kSeenSide;
      t.is_sell = starts_with(start, "Sell\"");
      return t.is_sell || starts_with(start, "Buy\"") || refuse(FeedErrorKind::kBadJson, start);
    }
    case key_of('B', 'T'): {
      bool is_block = false;
      if (key[2] != '"') return skip();
      if (!truth(is_block)) return false;
      t.is_market = !is_block;
      return true;
    }
    case key_of('s', 'e'): return starts_with(key, "seq\"") ? number(t.id) : skip();
    default: return skip();
  }
}

/// An empty text says that there is no such value (delivery contracts have no funding rate).
bool BybitDecoder::Parser::ticker_decimal(std::uint16_t bit, std::int64_t& value,
                                          bool any_sign) noexcept {
  const char* start = nullptr;
  if (!text(start)) return false;
  if (*start == '"') return true;
  out->ticker.has |= bit;
  return decimal(start, value, any_sign);
}

bool BybitDecoder::Parser::ticker_field(const char* key) noexcept {
  RawTickerState& t = out->ticker;
  switch (key_of(key[0], key[1])) {
    case key_of('s', 'y'): return starts_with(key, "symbol\"") ? symbol() : skip();
    case key_of('b', 'i'):
      if (starts_with(key, "bid1Price\"")) return ticker_decimal(kHasBidPrice, t.bid_price_e8);
      if (starts_with(key, "bid1Size\"")) return ticker_decimal(kHasBidQty, t.bid_qty_e8);
      return skip();
    case key_of('a', 's'):
      if (starts_with(key, "ask1Price\"")) return ticker_decimal(kHasAskPrice, t.ask_price_e8);
      if (starts_with(key, "ask1Size\"")) return ticker_decimal(kHasAskQty, t.ask_qty_e8);
      return skip();
    case key_of('m', 'a'):
      if (starts_with(key, "markPrice\"")) return ticker_decimal(kHasMark, t.mark_e8);
      return skip();
    case key_of('i', 'n'):
      if (starts_with(key, "indexPrice\"")) return ticker_decimal(kHasIndex, t.index_e8);
      return skip();
    case key_of('o', 'p'):
      if (!starts_with(key, "openInterest\"")) return skip();
      return ticker_decimal(kHasOpenInterest, t.open_interest_e8);
    case key_of('f', 'u'):
      if (!starts_with(key, "fundingRate\"")) return skip();
      return ticker_decimal(kHasRate, t.rate_e8, true);
    case key_of('n', 'e'): {
      if (!starts_with(key, "nextFundingTime\"") || token() != '"') return skip();
      if (base[*next + 1] == '"') return skip();
      t.has |= kHasFundingTime;
      return time_text(t.funding_ms);
    }
    default: return skip();
  }
}

/// Decides what the members seen make up.
bool BybitDecoder::Parser::finish() noexcept {
  VenueMessage& m = *out;
  if (!has_topic) return true;  // an acknowledgement, a pong
  if (m.kind == VenueKind::kOther) return true;
  if (data != nullptr && !late_payload()) return false;
  if (m.symbol.empty()) m.symbol = topic_symbol;
  if (m.symbol != topic_symbol) return refuse(FeedErrorKind::kUnknownSymbol, m.symbol.data());
  switch (m.kind) {
    case VenueKind::kChainedBook:
      // `u` counts by one; 1 says that the service began anew, whatever the type says.
      m.is_fresh = is_snapshot || m.last_id == 1;
      m.has_prev = true;
      m.prev_id = m.last_id - 1;
      return need(seen, kSeenType | kSeenData | kSeenBids | kSeenAsks | kSeenId);
    case VenueKind::kTrades:
      return need(seen, kSeenData);
    default: return need(seen, kSeenType | kSeenData);
  }
}

BybitDecoder::BybitDecoder(std::size_t frame_bytes_max)
    : parser_(std::make_unique<Parser>(frame_bytes_max)) {}
BybitDecoder::~BybitDecoder() = default;
BybitDecoder::BybitDecoder(BybitDecoder&&) noexcept = default;
BybitDecoder& BybitDecoder::operator=(BybitDecoder&&) noexcept = default;

DecodeFault BybitDecoder::decode(std::string_view bytes, VenueMessage& out) noexcept {
  Parser& p = *parser_;
  p.out = &out;
  p.seen = 0;
  p.has_topic = p.is_snapshot = false;
  p.topic_symbol = {};
  p.data = nullptr;
  out.clear();
  if (p.begin(bytes) && p.members([&](const char* key) { return p.envelope(key); }) && p.ends()) {
    p.finish();
  }
  return p.fault;
}

}  // namespace pinstripe
