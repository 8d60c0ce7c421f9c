// {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{..}]}: the channel says
// what the elements of `data` are. Where `data` comes before `arg` its place is kept and walked
// when the channel is known. Heartbeats are the bare text `pong`.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/okx_decoder.h"

#include "feed/json_walk.h"

namespace pinstripe {
namespace {

/// Members that a message was seen to have.
enum Seen : std::uint32_t {
  kSeenData = 1, kSeenAction = 2, kSeenBids = 4, kSeenAsks = 8, kSeenTime = 16, kSeenId = 32,
  kSeenPrev = 64, kSeenPrice = 128, kSeenQty = 256, kSeenSide = 512,
};

struct Channel {
  std::string_view name;   // with the quote behind it
  VenueKind kind;
  std::uint16_t depth;     // books: levels a side
  bool has_action;         // books: snapshot and update; else every message is the whole book
};

constexpr Channel kChannels[] = {
    {"books\"", VenueKind::kChainedBook, 400, true},
    {"books-l2-tbt\"", VenueKind::kChainedBook, 400, true},
    {"books50-l2-tbt\"", VenueKind::kChainedBook, 50, true},
    {"books5\"", VenueKind::kChainedBook, 5, false},
    {"bbo-tbt\"", VenueKind::kChainedBook, 1, false},
    {"trades\"", VenueKind::kTrades, 0, false},
    {"tickers\"", VenueKind::kTickerState, 0, false},
    {"mark-price\"", VenueKind::kTickerState, 0, false},
    {"funding-rate\"", VenueKind::kTickerState, 0, false},
    {"open-interest\"", VenueKind::kTickerState, 0, false},
};

}  // namespace

struct OkxDecoder::Parser : JsonWalk {
  using JsonWalk::JsonWalk;
  VenueMessage* out = nullptr;
  const Channel* channel = nullptr;
  std::uint32_t seen = 0;
  std::uint32_t trade_seen = 0;
  std::uint64_t books = 0;  // elements of `data`
  bool has_arg = false;
  bool is_event = false;    // an acknowledgement or an error
  bool is_snapshot = false;
  const std::uint32_t* data = nullptr;  // where it begins, while the channel is not known

  bool envelope(const char* key) noexcept;
  bool argument(const char* key) noexcept;
  bool action() noexcept;
  bool payload() noexcept;
  bool late_payload() noexcept;
  bool book() noexcept;
  bool book_field(const char* key) noexcept;
  bool signed_number(bool& is_negative, std::uint64_t& value) noexcept;
  bool trade() noexcept;
  bool trade_field(const char* key, RawTrade& t) noexcept;
  bool ticker_field(const char* key) noexcept;
  bool ticker_decimal(std::uint16_t bit, std::int64_t& value, bool any_sign = false) noexcept;
  bool stamp() noexcept {
    std::int64_t ms = 0;
    if (!time_text(ms)) return false;
    seen |= kSeenTime;
    out->venue_us = microseconds(ms);
    return true;
  }
  /// The element's own name of its instrument must be the channel's.
  bool symbol() noexcept {
    std::string_view own;
    if (!word(own)) return false;
    return own == out->symbol || refuse(FeedErrorKind::kUnknownSymbol, own.data());
  }
  bool finish() noexcept;
  bool need(std::uint32_t have, std::uint32_t bits) noexcept {
    return (have & bits) == bits || refuse(FeedErrorKind::kMissingField, limit);
  }
};

/// A member of the message itself.
bool OkxDecoder::Parser::envelope(const char* key) noexcept {
  if (starts_with(key, "arg\"") && token() == '{') {
    has_arg = true;
    return members([this](const char* name) { return argument(name); });
  }
  if (starts_with(key, "data\"")) {
    seen |= kSeenData;
    if (has_arg) return payload();
    data = next;
    return skip();
  }
  if (starts_with(key, "action\"")) return action();
  if (starts_with(key, "event\"")) is_event = true;
  return skip();
}

bool OkxDecoder::Parser::argument(const char* key) noexcept {
  if (starts_with(key, "instId\"")) return word(out->symbol);
  if (!starts_with(key, "channel\"")) return skip();
  const char* start = nullptr;
  if (!text(start)) return false;
  for (const Channel& c : kChannels) {
    if (!starts_with(start, c.name)) continue;
    channel = &c;
    out->kind = c.kind;
    out->book_depth = c.depth;
  }
  return true;
}

bool OkxDecoder::Parser::action() noexcept {
  const char* start = nullptr;
  if (!text(start)) return false;
  seen |= kSeenAction;
  is_snapshot = starts_with(start, "snapshot\"");
  return is_snapshot || starts_with(start, "update\"") || refuse(FeedErrorKind::kBadJson, start);
}

/// What `data` holds, by the channel.
bool OkxDecoder::Parser::payload() noexcept {
  switch (out->kind) {
    case VenueKind::kChainedBook: return elements([this] { return book(); });
    case VenueKind::kTrades: return elements([this] { return trade(); });
    case VenueKind::kTickerState:
      return elements([this] {
        return members([this](const char* key) { return ticker_field(key); });
      });
    default: return skip();
  }
}

/// `data` stood before `arg`.
bool OkxDecoder::Parser::late_payload() noexcept {
  const std::uint32_t* const end = next;
  next = data;
  if (!payload()) return false;
  next = end;
  return true;
}

/// One book a message: two would be two updates with one place for the levels.
bool OkxDecoder::Parser::book() noexcept {
  if (++books > 1) return refuse_here();
  return members([this](const char* key) { return book_field(key); });
}

/// The checksum and the id before the first are signed.
bool OkxDecoder::Parser::signed_number(bool& is_negative, std::uint64_t& value) noexcept {
  is_negative = token() == '-';
  if (!is_negative) return number(value);
  const char* const at = base + *next++;
  const char end = digits(at + 1, value);
  return end == ',' || end == '}' || end == ']' || end == ' ' ||
         refuse(FeedErrorKind::kBadNumber, at);
}

bool OkxDecoder::Parser::book_field(const char* key) noexcept {
  VenueMessage& m = *out;
  bool is_negative = false;
  std::uint64_t value = 0;
  if (starts_with(key, "asks\"")) {
    seen |= kSeenAsks;
    return levels(m.asks, m.ask_count);
  }
  if (starts_with(key, "bids\"")) {
    seen |= kSeenBids;
    return levels(m.bids, m.bid_count);
  }
  if (starts_with(key, "ts\"")) return stamp();
  if (starts_with(key, "instId\"")) return symbol();
  if (starts_with(key, "seqId\"")) {
    seen |= kSeenId;
    return number(m.last_id);
  }
  if (starts_with(key, "prevSeqId\"")) {
    if (!signed_number(is_negative, value)) return false;
    seen |= kSeenPrev;
    m.prev_id = is_negative ? 0 : value;  // -1: nothing was before
    return true;
  }
  if (!starts_with(key, "checksum\"")) return skip();
  const char* const at = next < last ? base + *next : limit;
  if (!signed_number(is_negative, value)) return false;
  if (value > std::uint64_t{1} << 31) return refuse(FeedErrorKind::kBadNumber, at);
  // 0 stands for none: the venue no longer computes it.
  m.has_checksum = value != 0;
  const auto positive = static_cast<std::int64_t>(value);
  m.checksum = static_cast<std::int32_t>(is_negative ? -positive : positive);
  return true;
}

bool OkxDecoder::Parser::trade() noexcept {
  VenueMessage& m = *out;
  if (m.trade_count == m.trades.size()) {
    return refuse(FeedErrorKind::kTooLong, next < last ? base + *next : limit);
  }
  RawTrade& t = m.trades[m.trade_count];
  t = {};
  t.count = 1;
  trade_seen = 0;
  if (!members([&](const char* key) { return trade_field(key, t); })) return false;
  if (!need(trade_seen, kSeenPrice | kSeenQty | kSeenSide)) return false;
  ++m.trade_count;
  return true;
}

bool OkxDecoder::Parser::trade_field(const char* key, RawTrade& t) noexcept {
  if (starts_with(key, "px\"")) {
    trade_seen |= kSeenPrice;
    return decimal_text(t.price_e8);
  }
  if (starts_with(key, "sz\"")) {
    trade_seen |= kSeenQty;
    return decimal_text(t.qty_e8);
  }
  if (starts_with(key, "side\"")) {
    const char* start = nullptr;
    if (!text(start)) return false;
    trade_seen |= kSeenSide;
    t.is_sell = starts_with(start, "sell\"");
    return t.is_sell || starts_with(start, "buy\"") || refuse(FeedErrorKind::kBadJson, start);
  }
  if (starts_with(key, "tradeId\"")) return number_text(t.id);
  if (starts_with(key, "count\"")) return number_text(t.count);
  if (starts_with(key, "ts\"")) return stamp();
  if (starts_with(key, "instId\"")) return symbol();
  return skip();
}

/// An empty text says that there is no such value (an option without a bid).
bool OkxDecoder::Parser::ticker_decimal(std::uint16_t bit, std::int64_t& value,
                                        bool any_sign) noexcept {
  const char* start = nullptr;
  if (!text(start)) return false;
  if (*start == '"') return true;
  out->ticker.has |= bit;
  return decimal(start, value, any_sign);
}

bool OkxDecoder::Parser::ticker_field(const char* key) noexcept {
  RawTickerState& t = out->ticker;
  if (starts_with(key, "bidPx\"")) return ticker_decimal(kHasBidPrice, t.bid_price_e8);
  if (starts_with(key, "bidSz\"")) return ticker_decimal(kHasBidQty, t.bid_qty_e8);
  if (starts_with(key, "askPx\"")) return ticker_decimal(kHasAskPrice, t.ask_price_e8);
  if (starts_with(key, "askSz\"")) return ticker_decimal(kHasAskQty, t.ask_qty_e8);
  if (starts_with(key, "markPx\"")) return ticker_decimal(kHasMark, t.mark_e8);
  if (starts_with(key, "oi\"")) return ticker_decimal(kHasOpenInterest, t.open_interest_e8);
  if (starts_with(key, "fundingRate\"")) return ticker_decimal(kHasRate, t.rate_e8, true);
  if (starts_with(key, "fundingTime\"")) {
    t.has |= kHasFundingTime;
    return time_text(t.funding_ms);
  }
  if (starts_with(key, "ts\"")) return stamp();
  if (starts_with(key, "instId\"")) return symbol();
  return skip();
}

/// Decides what the members seen make up.
bool OkxDecoder::Parser::finish() noexcept {
  VenueMessage& m = *out;
  if (is_event || !has_arg || channel == nullptr) {
    m.kind = VenueKind::kOther;
    return true;
  }
  if (m.symbol.empty()) return refuse(FeedErrorKind::kMissingField, limit);
  if (data != nullptr && !late_payload()) return false;
  if (!need(seen, kSeenData | kSeenTime)) return false;
  if (m.kind != VenueKind::kChainedBook) return true;
  m.is_fresh = channel->has_action ? is_snapshot : true;
  m.has_prev = !m.is_fresh && (seen & kSeenPrev) != 0;
  if (channel->has_action && !need(seen, kSeenAction)) return false;
  if (m.has_prev && !need(seen, kSeenId)) return false;
  return need(seen, kSeenBids | kSeenAsks);
}

OkxDecoder::OkxDecoder(std::size_t frame_bytes_max)
    : parser_(std::make_unique<Parser>(frame_bytes_max)) {}
OkxDecoder::~OkxDecoder() = default;
OkxDecoder::OkxDecoder(OkxDecoder&&) noexcept = default;
OkxDecoder& OkxDecoder::operator=(OkxDecoder&&) noexcept = default;

DecodeFault OkxDecoder::decode(std::string_view bytes, VenueMessage& out) noexcept {
  Parser& p = *parser_;
  p.out = &out;
  p.channel = nullptr;
  p.seen = 0;
  p.books = 0;
  p.has_arg = p.is_event = p.is_snapshot = false;
  p.data = nullptr;
  out.clear();
  if (bytes == "pong") return {};
  if (p.begin(bytes) && p.members([&](const char* key) { return p.envelope(key); }) && p.ends()) {
    p.finish();
  }
  return p.fault;
}

}  // namespace pinstripe
