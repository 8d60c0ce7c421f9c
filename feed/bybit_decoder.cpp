// {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":..,"data":{..}}: the topic says what `data`
// is, and may come before or after it (spot and linear write their members in different orders).
// Where `data` comes first its place is kept and walked when the topic is known.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/bybit_decoder.h"

#include "feed/venue_walk.h"

namespace pinstripe {
namespace {

/// Members that a message was seen to have.
enum Seen : std::uint32_t {
  kSeenType = 1, kSeenData = 2, kSeenBids = 4, kSeenAsks = 8, kSeenId = 16,
};

/// The whole number at `p` and what follows it.
std::uint16_t depth_of(const char*& p) noexcept {
  unsigned depth = 0;
  while (*p >= '0' && *p <= '9' && depth < 10'000) depth = 10 * depth + unsigned(*p++ - '0');
  return depth < 10'000 ? static_cast<std::uint16_t>(depth) : 0;
}

}  // namespace

struct BybitDecoder::Parser : VenueWalk {
  using VenueWalk::VenueWalk;
  bool has_topic = false;
  bool is_snapshot = false;
  std::string_view topic_symbol;

  bool envelope(const char* key) noexcept;
  bool topic() noexcept;
  bool type() noexcept;
  bool payload() noexcept;
  bool book_field(const char* key) noexcept;
  bool trade_field(const char* key, RawTrade& t) noexcept;
  bool ticker_field(const char* key) noexcept;
  bool liquidation_field(const char* key, RawLiquidation& l) noexcept;
  bool bar_field(const char* key, RawBar& b) noexcept;
  bool symbol() noexcept { return word(out->symbol); }
  bool finish() noexcept;
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
  } else if (starts_with(p, "allLiquidation.")) {
    out->kind = VenueKind::kLiquidations;
  } else if (starts_with(p, "kline.")) {
    out->kind = VenueKind::kBars;
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
    case VenueKind::kTrades:
      return elements([this] {
        return trade(0, [this](const char* key, RawTrade& t) { return trade_field(key, t); });
      });
    case VenueKind::kTickerState:
      return members([this](const char* key) { return ticker_field(key); });
    case VenueKind::kLiquidations:
      return elements([this] {
        return liquidation([this](const char* key, RawLiquidation& l) {
          return liquidation_field(key, l);
        });
      });
    case VenueKind::kBars:
      return elements([this] {
        return bar([this](RawBar& b) {
          return members([&](const char* key) { return bar_field(key, b); });
        });
      });
    default: return skip();
  }
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

bool BybitDecoder::Parser::trade_field(const char* key, RawTrade& t) noexcept {
  switch (key_of(key[0], key[1])) {
    case key_of('p'): return part(kPartPrice, t.price_e8);
    case key_of('v'): return part(kPartQty, t.qty_e8);
    case key_of('s'): return symbol();
    case key_of('S'): return side("Sell", "Buy", t.is_sell);
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
      return open_interest();
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

/// `S` is the side of the position: a closed long is sold.
bool BybitDecoder::Parser::liquidation_field(const char* key, RawLiquidation& l) noexcept {
  switch (key_of(key[0], key[1])) {
    case key_of('p'): return part(kPartPrice, l.price_e8);
    case key_of('v'): return part(kPartQty, l.qty_e8);
    case key_of('s'): return symbol();
    case key_of('S'): return side("Buy", "Sell", l.is_sell);
    default: return skip();
  }
}

bool BybitDecoder::Parser::bar_field(const char* key, RawBar& b) noexcept {
  if (starts_with(key, "open\"")) return part(kPartOpen, b.open_e8);
  if (starts_with(key, "high\"")) return part(kPartHigh, b.high_e8);
  if (starts_with(key, "low\"")) return part(kPartLow, b.low_e8);
  if (starts_with(key, "close\"")) return part(kPartClose, b.close_e8);
  if (starts_with(key, "volume\"")) return amount(kPartVolume, b.volume_e8);
  if (starts_with(key, "confirm\"")) return truth(b.is_closed);
  if (starts_with(key, "start\"")) {
    parts |= kPartStart;
    return time(b.start_ms);
  }
  return starts_with(key, "end\"") ? time(b.last_ms) : skip();
}

/// Decides what the members seen make up.
bool BybitDecoder::Parser::finish() noexcept {
  VenueMessage& m = *out;
  if (!has_topic) return true;  // an acknowledgement, a pong
  if (m.kind == VenueKind::kOther) return true;
  if (data != nullptr && !late_payload([this] { return payload(); })) return false;
  if (m.symbol.empty()) m.symbol = topic_symbol;
  if (m.symbol != topic_symbol) return refuse(FeedErrorKind::kUnknownSymbol, m.symbol.data());
  switch (m.kind) {
    case VenueKind::kChainedBook:
      // `u` counts by one; 1 says that the service began anew, whatever the type says.
      m.is_fresh = is_snapshot || m.last_id == 1;
      m.has_prev = true;
      m.prev_id = m.last_id - 1;
      return need(seen, kSeenType | kSeenData | kSeenBids | kSeenAsks | kSeenId);
    case VenueKind::kTrades: return need(seen, kSeenData);
    case VenueKind::kLiquidations:
      for (std::size_t i = 0; i < m.liquidation_count; ++i) {
        m.liquidations[i].symbol = topic_symbol;
      }
      return need(seen, kSeenData);
    case VenueKind::kBars:
      if (m.bar_count == 0) m.kind = VenueKind::kOther;
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
  p.start(out);
  p.has_topic = p.is_snapshot = false;
  p.topic_symbol = {};
  if (p.begin(bytes) && p.members([&](const char* key) { return p.envelope(key); }) && p.ends()) {
    p.finish();
  }
  return p.fault;
}

}  // namespace pinstripe
