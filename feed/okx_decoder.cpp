// {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{..}]}: the channel says
// what the elements of `data` are. Where `data` comes before `arg` its place is kept and walked
// when the channel is known. Heartbeats are the bare text `pong`.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/okx_decoder.h"

#include "feed/venue_walk.h"

namespace pinstripe {
namespace {

/// Members that a message was seen to have.
enum Seen : std::uint32_t {
  kSeenData = 1, kSeenAction = 2, kSeenBids = 4, kSeenAsks = 8, kSeenTime = 16, kSeenId = 32,
  kSeenPrev = 64,
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
    {"liquidation-orders\"", VenueKind::kLiquidations, 0, false},
};
constexpr Channel kCandles = {"candle", VenueKind::kBars, 0, false};

/// Milliseconds of `1m`, `4H`, `1Dutc` ...; 0 for months, which differ.
std::int64_t interval_of(const char* p) noexcept {
  constexpr std::int64_t kMinute = 60'000;
  std::int64_t count = 0;
  while (*p >= '0' && *p <= '9' && count < 1'000) count = 10 * count + (*p++ - '0');
  switch (*p) {
    case 's': return count * 1'000;
    case 'm': return count * kMinute;
    case 'H': return count * 60 * kMinute;
    case 'D': return count * 24 * 60 * kMinute;
    case 'W': return count * 7 * 24 * 60 * kMinute;
    default: return 0;
  }
}

}  // namespace

struct OkxDecoder::Parser : VenueWalk {
  using VenueWalk::VenueWalk;
  const Channel* channel = nullptr;
  std::int64_t interval_ms = 0;  // of a candle channel
  std::uint64_t books = 0;  // elements of `data`
  bool has_arg = false;
  bool is_event = false;    // an acknowledgement or an error
  bool is_snapshot = false;

  bool envelope(const char* key) noexcept;
  bool argument(const char* key) noexcept;
  bool action() noexcept;
  bool payload() noexcept;
  bool book() noexcept;
  bool book_field(const char* key) noexcept;
  bool signed_number(bool& is_negative, std::uint64_t& value) noexcept;
  bool trade_field(const char* key, RawTrade& t) noexcept;
  bool ticker_field(const char* key) noexcept;
  bool liquidations() noexcept;
  bool liquidation_field(const char* key, RawLiquidation& l) noexcept;
  bool candle(RawBar& b) noexcept;
  bool candle_value(unsigned place, RawBar& b) noexcept;
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
  if (starts_with(start, kCandles.name)) {
    channel = &kCandles;
    out->kind = kCandles.kind;
    interval_ms = interval_of(start + kCandles.name.size());
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
    case VenueKind::kTrades:
      return elements([this] {
        return trade(1, [this](const char* key, RawTrade& t) { return trade_field(key, t); });
      });
    case VenueKind::kTickerState:
      return elements([this] {
        return members([this](const char* key) { return ticker_field(key); });
      });
    case VenueKind::kLiquidations: return elements([this] { return liquidations(); });
    case VenueKind::kBars:
      return elements([this] { return bar([this](RawBar& b) { return candle(b); }); });
    default: return skip();
  }
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

bool OkxDecoder::Parser::trade_field(const char* key, RawTrade& t) noexcept {
  if (starts_with(key, "px\"")) return part(kPartPrice, t.price_e8);
  if (starts_with(key, "sz\"")) return part(kPartQty, t.qty_e8);
  if (starts_with(key, "side\"")) return side("sell", "buy", t.is_sell);
  if (starts_with(key, "tradeId\"")) return number_text(t.id);
  if (starts_with(key, "count\"")) return number_text(t.count);
  if (starts_with(key, "ts\"")) return stamp();
  if (starts_with(key, "instId\"")) return symbol();
  return skip();
}

bool OkxDecoder::Parser::ticker_field(const char* key) noexcept {
  RawTickerState& t = out->ticker;
  if (starts_with(key, "bidPx\"")) return ticker_decimal(kHasBidPrice, t.bid_price_e8);
  if (starts_with(key, "bidSz\"")) return ticker_decimal(kHasBidQty, t.bid_qty_e8);
  if (starts_with(key, "askPx\"")) return ticker_decimal(kHasAskPrice, t.ask_price_e8);
  if (starts_with(key, "askSz\"")) return ticker_decimal(kHasAskQty, t.ask_qty_e8);
  if (starts_with(key, "markPx\"")) return ticker_decimal(kHasMark, t.mark_e8);
  if (starts_with(key, "oi\"")) return open_interest();
  if (starts_with(key, "fundingRate\"")) return ticker_decimal(kHasRate, t.rate_e8, true);
  if (starts_with(key, "fundingTime\"")) {
    t.has |= kHasFundingTime;
    return time_text(t.funding_ms);
  }
  if (starts_with(key, "ts\"")) return stamp();
  if (starts_with(key, "instId\"")) return symbol();
  return skip();
}

/// One element an instrument: {"instId":"BTC-USDT-SWAP","details":[{"side":"sell",..},..]}.
bool OkxDecoder::Parser::liquidations() noexcept {
  const std::size_t first = out->liquidation_count;
  std::string_view name;
  const auto detail = [this](const char* key, RawLiquidation& l) {
    return liquidation_field(key, l);
  };
  const auto member = [&](const char* key) {
    if (starts_with(key, "instId\"")) return word(name);
    if (!starts_with(key, "details\"") || token() != '[') return skip();
    return elements([&] { return liquidation(detail); });
  };
  if (!members(member)) return false;
  for (std::size_t i = first; i < out->liquidation_count; ++i) out->liquidations[i].symbol = name;
  return !name.empty() || first == out->liquidation_count ||
         refuse(FeedErrorKind::kMissingField, limit);
}

/// The channel speaks of all instruments of a type: what is finer or larger than an order of ours
/// may be is somebody else's, and ours are held against their grid later.
bool OkxDecoder::Parser::liquidation_field(const char* key, RawLiquidation& l) noexcept {
  if (starts_with(key, "bkPx\"")) return amount(kPartPrice, l.price_e8);
  if (starts_with(key, "sz\"")) return amount(kPartQty, l.qty_e8);
  if (starts_with(key, "side\"")) return side("sell", "buy", l.is_sell);
  return starts_with(key, "ts\"") ? stamp() : skip();
}

/// ["ts","open","high","low","close","vol","volCcy","volCcyQuote","confirm"], all of them texts.
bool OkxDecoder::Parser::candle(RawBar& b) noexcept {
  unsigned place = 0;
  if (!elements([&] { return candle_value(place++, b); })) return false;
  return interval_ms == 0 || !__builtin_add_overflow(b.start_ms, interval_ms - 1, &b.last_ms) ||
         refuse(FeedErrorKind::kBadNumber, limit);
}

bool OkxDecoder::Parser::candle_value(unsigned place, RawBar& b) noexcept {
  const char* start = nullptr;
  switch (place) {
    case 0: parts |= kPartStart; return time_text(b.start_ms);
    case 1: return part(kPartOpen, b.open_e8);
    case 2: return part(kPartHigh, b.high_e8);
    case 3: return part(kPartLow, b.low_e8);
    case 4: return part(kPartClose, b.close_e8);
    case 5: return amount(kPartVolume, b.volume_e8);
    case 8:
      if (!text(start)) return false;
      b.is_closed = starts_with(start, "1\"");
      return true;
    default: return skip();
  }
}

/// Decides what the members seen make up.
bool OkxDecoder::Parser::finish() noexcept {
  VenueMessage& m = *out;
  if (is_event || !has_arg || channel == nullptr) {
    m.kind = VenueKind::kOther;
    return true;
  }
  if (data != nullptr && !late_payload([this] { return payload(); })) return false;
  if (m.kind == VenueKind::kLiquidations) {
    if (m.liquidation_count == 0) m.kind = VenueKind::kOther;
    return need(seen, kSeenData);
  }
  if (m.symbol.empty()) return refuse(FeedErrorKind::kMissingField, limit);
  if (m.kind == VenueKind::kBars) {
    if (m.bar_count == 0) m.kind = VenueKind::kOther;
    return need(seen, kSeenData);
  }
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
  p.start(out);
  p.channel = nullptr;
  p.interval_ms = 0;
  p.books = 0;
  p.has_arg = p.is_event = p.is_snapshot = false;
  if (bytes == "pong") return {};
  if (p.begin(bytes) && p.members([&](const char* key) { return p.envelope(key); }) && p.ends()) {
    p.finish();
  }
  return p.fault;
}

}  // namespace pinstripe
