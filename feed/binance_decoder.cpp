// Two steps. simdjson finds every bracket, colon, comma, quote and scalar of the frame and checks
// UTF-8 and closed strings, with the widest vectors of this machine (its stage 1). The walk over
// those places is ours: it knows what a venue message looks like and reads numbers straight into
// integers.
//
// PERF NOTE: a level [["price","qty"],...] is six places whose characters are compared and two
// decimals of two loads each; nothing is allocated and no text is copied. The same decoder through
// simdjson's on-demand iterators took about 1.8 times as long (README, "Figures").
//
// Members are taken in the order in which they come, whatever it is. `a` and `b` mean three things
// (levels, a price, an id); the first character tells which, the kind of message decides at the
// end.
#define SIMDJSON_EXCEPTIONS 0
#include "feed/binance_decoder.h"

#include <simdjson.h>

#include "feed/decimal.h"
#include "feed/frame.h"
#include "shm/base/check.h"

namespace pinstripe {
namespace {

using StageOne = simdjson::internal::dom_parser_implementation;

static_assert(kFramePadding >= simdjson::SIMDJSON_PADDING);
constexpr unsigned kDepthMax = 64;

/// Fields seen so far, one bit each.
enum Seen : std::uint32_t {
  kSeenFirst = 1, kSeenLast = 2, kSeenBids = 4, kSeenAsks = 8, kSeenBidPrice = 16,
  kSeenAskPrice = 32, kSeenBidQty = 64, kSeenAskQty = 128, kSeenPrice = 256, kSeenQty = 512,
  kSeenTradeId = 1024, kSeenMaker = 2048, kSeenSnapshotId = 4096, kSeenIndex = 8192,
  kSeenRate = 16384, kSeenTradeTime = 32768, kSeenEventTime = 65536, kSeenAggId = 131072,
};

/// The two characters of a key that tell the short ones apart; longer keys get their first two.
constexpr std::uint16_t key_of(char a, char b = '"') noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(a) |
                                    (static_cast<unsigned char>(b) << 8));
}

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

bool starts_with(const char* p, std::string_view word) noexcept {
  return std::memcmp(p, word.data(), word.size()) == 0;  // padding makes the read legal
}

std::int64_t microseconds(std::int64_t ms) noexcept {
  std::int64_t us = 0;
  return __builtin_mul_overflow(ms, kNsPerUs, &us) ? 0 : us;
}

/// Type of message from the text of "e" (after its quote).
VenueKind kind_of(const char* p) noexcept {
  if (starts_with(p, "depthUpdate\"")) return VenueKind::kDepth;
  if (starts_with(p, "bookTicker\"")) return VenueKind::kTicker;
  if (starts_with(p, "trade\"")) return VenueKind::kTrade;
  if (starts_with(p, "aggTrade\"")) return VenueKind::kAggTrade;
  if (starts_with(p, "markPriceUpdate\"")) return VenueKind::kMark;
  return VenueKind::kOther;
}

}  // namespace

struct BinanceDecoder::Parser {
  std::unique_ptr<StageOne> index;
  std::size_t bytes_max = 0;
  VenueMessage* out = nullptr;
  const char* base = nullptr;   // of the frame
  const char* limit = nullptr;  // its end
  const std::uint32_t* next = nullptr;  // place of the next token
  const std::uint32_t* last = nullptr;  // one behind the last
  DecodeFault fault;
  Fields fields;

  [[gnu::noinline, gnu::cold]] bool refuse(FeedErrorKind kind, const char* at) noexcept {
    if (fault.kind == FeedErrorKind::kNone) fault = {kind, at};
    return false;
  }
  [[gnu::noinline, gnu::cold]] bool refuse_decimal(const Decimal& d, const char* at) noexcept {
    if (d.status == DecimalStatus::kOverflow) return refuse(FeedErrorKind::kOverflow, at);
    if (d.status == DecimalStatus::kTooFine) return refuse(FeedErrorKind::kOffGrid, at);
    return refuse(FeedErrorKind::kBadNumber, at);
  }
  bool refuse_here() noexcept {
    return refuse(FeedErrorKind::kBadJson, next < last ? base + *next : limit);
  }

  /// The next token's first character; behind the last token a zero, which fits nothing.
  char token() const noexcept { return next < last ? base[*next] : '\0'; }
  bool expect(char c) noexcept {
    if (token() != c) [[unlikely]] return refuse_here();
    ++next;
    return true;
  }
  /// A string: its first character behind the quote.
  bool text(const char*& start) noexcept {
    if (token() != '"') [[unlikely]] return refuse_here();
    start = base + *next++ + 1;
    return true;
  }
  bool number(std::uint64_t& value) noexcept;
  bool time(std::int64_t& ms) noexcept {
    std::uint64_t value = 0;
    if (!number(value)) return false;
    ms = static_cast<std::int64_t>(value);
    return ms >= 0 || refuse(FeedErrorKind::kBadNumber, limit);
  }
  /// The decimal at `start`, a string's first character.
  bool decimal(const char* start, std::int64_t& e8, bool any_sign = false) noexcept {
    const Decimal d = parse_decimal(start, limit);
    if (d.status == DecimalStatus::kOk && *d.end == '"' && (d.e8 >= 0 || any_sign)) [[likely]] {
      e8 = d.e8;
      return true;
    }
    return refuse_decimal(d, start);
  }
  bool truth(bool& value) noexcept {
    const char c = token();
    if (c != 't' && c != 'f') return refuse_here();
    const char* at = base + *next++;
    value = c == 't';
    return starts_with(at, value ? "true" : "false") || refuse(FeedErrorKind::kBadJson, at);
  }
  bool skip() noexcept;
  bool levels(std::vector<RawLevel>& target, std::size_t& count) noexcept;
  bool side(std::vector<RawLevel>& target, std::size_t& count, std::uint32_t seen_list,
            std::uint32_t seen_price) noexcept;
  bool field(const char* key) noexcept;
  bool other_field(const char* key) noexcept;
  bool symbol() noexcept;
  bool members(unsigned depth) noexcept;
  bool finish() noexcept;
  bool finish_trade() noexcept;
  bool finish_mark() noexcept;
  bool need(std::uint32_t bits) noexcept {
    return (fields.seen & bits) == bits || refuse(FeedErrorKind::kMissingField, limit);
  }
  unsigned depth = 0;
};

/// A whole number without sign.
bool BinanceDecoder::Parser::number(std::uint64_t& value) noexcept {
  if (next >= last) return refuse_here();
  const char* at = base + *next++;
  const char* const start = at;
  std::uint64_t sum = 0;
  unsigned digits = 8;
  while (digits == 8 && at - start < 24) {
    const std::uint64_t word = load_eight(at);
    digits = leading_digits(word);
    if (digits == 0) break;
    for (unsigned i = 0; digits < 8 && i < digits; ++i) sum *= 10;
    if (digits == 8) sum *= 100'000'000;
    sum += eight_digits((word << (64 - 8 * digits)) |
                        (digits == 8 ? 0 : kEightZeros >> (8 * digits)));
    at += digits;
  }
  const bool ends = *at == ',' || *at == '}' || *at == ']' || *at == ' ' || *at == '\n' ||
                    *at == '\r' || *at == '\t';
  if (at == start || at - start > 19 || !ends || at >= limit) [[unlikely]] {
    return refuse(FeedErrorKind::kBadNumber, start);
  }
  value = sum;
  return true;
}

/// Passes over one value of any kind.
bool BinanceDecoder::Parser::skip() noexcept {
  unsigned open = 0;
  do {
    const char c = token();
    if (c == '\0' || (open == 0 && (c == ',' || c == ':'))) return refuse_here();
    if (c == '{' || c == '[') ++open;
    if (c == '}' || c == ']') {
      if (open == 0) return refuse_here();
      --open;
    }
    ++next;
  } while (open > 0);
  return true;
}

/// [["price","qty"], ...] into `target`.
bool BinanceDecoder::Parser::levels(std::vector<RawLevel>& target, std::size_t& count) noexcept {
  ++next;  // the outer bracket
  count = 0;
  if (token() == ']') {
    ++next;
    return true;
  }
  RawLevel* to = target.data();
  const RawLevel* const end = to + target.size();
  while (true) {
    if (last - next < 6) [[unlikely]] return refuse(FeedErrorKind::kBadJson, limit);
    const bool is_pair = base[next[0]] == '[' && base[next[1]] == '"' && base[next[2]] == ',' &&
                         base[next[3]] == '"';
    if (!is_pair) [[unlikely]] return refuse_here();
    if (to == end) [[unlikely]] return refuse(FeedErrorKind::kTooLong, base + *next);
    if (!decimal(base + next[1] + 1, to->price_e8)) [[unlikely]] return false;
    if (!decimal(base + next[3] + 1, to->qty_e8)) [[unlikely]] return false;
    ++to;
    next += 4;
    if (token() == ',') [[unlikely]] {  // very old spot snapshots carry a third, empty element
      ++next;
      if (!skip()) return false;
    }
    if (!expect(']')) return false;
    const char separator = token();
    ++next;
    if (separator == ']') break;
    if (separator != ',') [[unlikely]] return --next, refuse_here();
  }
  count = static_cast<std::size_t>(to - target.data());
  return true;
}

/// `b` or `a`: levels (depth), a price (ticker) or an order id (old trades).
bool BinanceDecoder::Parser::side(std::vector<RawLevel>& target, std::size_t& count,
                                  std::uint32_t seen_list, std::uint32_t seen_price) noexcept {
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

bool BinanceDecoder::Parser::symbol() noexcept {
  const char* start = nullptr;
  if (!text(start)) return false;
  const void* end = std::memchr(start, '"', static_cast<std::size_t>(limit - start));
  if (end == nullptr) return refuse(FeedErrorKind::kBadJson, start);
  out->symbol = {start, static_cast<std::size_t>(static_cast<const char*>(end) - start)};
  return true;
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
    case key_of('s'): return symbol();
    case key_of('U'): f.seen |= kSeenFirst; return number(m.first_id);
    case key_of('u'): f.seen |= kSeenLast; return number(m.last_id);
    case key_of('p', 'u'):
      if (key[2] != '"') return skip();
      m.has_prev = true;
      return number(m.prev_id);
    case key_of('b'): return side(m.bids, m.bid_count, kSeenBids, kSeenBidPrice);
    case key_of('a'): return side(m.asks, m.ask_count, kSeenAsks, kSeenAskPrice);
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
    case key_of('f'): return c == '"' || c == '[' || c == '{' ? skip() : number(f.agg_first);
    case key_of('l'): return c == '"' || c == '[' || c == '{' ? skip() : number(f.agg_last);
    default: break;
  }
  if (starts_with(key, "lastUpdateId\"")) {
    f.seen |= kSeenSnapshotId;
    return number(out->last_id);
  }
  if (starts_with(key, "symbol\"")) return symbol();
  if (starts_with(key, "bids\"")) return side(out->bids, out->bid_count, kSeenBids, kSeenBidPrice);
  if (starts_with(key, "asks\"")) return side(out->asks, out->ask_count, kSeenAsks, kSeenAskPrice);
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
  if (starts_with(key, "data\"") && c == '{') return members(depth + 1);
  return skip();
}

/// One object.
bool BinanceDecoder::Parser::members(unsigned nesting) noexcept {
  if (nesting > kDepthMax) return refuse_here();
  depth = nesting;
  if (!expect('{')) return false;
  if (token() == '}') return ++next, true;
  while (true) {
    const char* key = nullptr;
    if (!text(key) || !expect(':') || !field(key)) return false;
    const char separator = token();
    if (separator != ',') {
      depth = nesting - 1;
      return expect('}');
    }
    ++next;
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
    case VenueKind::kPlainBook:
    case VenueKind::kOther: return true;
  }
  return true;
}

BinanceDecoder::BinanceDecoder(std::size_t frame_bytes_max) : parser_(std::make_unique<Parser>()) {
  parser_->bytes_max = frame_bytes_max;
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      frame_bytes_max, kDepthMax, parser_->index);
  PINSTRIPE_CHECK(error == simdjson::SUCCESS, "no memory for the JSON decoder");
}
BinanceDecoder::~BinanceDecoder() = default;
BinanceDecoder::BinanceDecoder(BinanceDecoder&&) noexcept = default;
BinanceDecoder& BinanceDecoder::operator=(BinanceDecoder&&) noexcept = default;

DecodeFault BinanceDecoder::decode(std::string_view bytes, VenueMessage& out) noexcept {
  Parser& p = *parser_;
  p.out = &out;
  p.base = bytes.data();
  p.limit = bytes.data() + bytes.size();
  p.fault = {};
  p.fields = {};
  p.depth = 0;
  out.kind = VenueKind::kOther;
  out.has_prev = out.has_rate = out.has_index = out.is_buyer_maker = out.is_fresh = false;
  out.is_market = true;
  out.symbol = {};
  out.bid_count = out.ask_count = 0;
  out.first_id = out.last_id = out.prev_id = 0;
  if (bytes.size() > p.bytes_max) return {FeedErrorKind::kTooLong, bytes.data() + p.bytes_max};
  if (p.index->stage1(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                      simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
    return {FeedErrorKind::kBadJson, bytes.data()};
  }
  p.next = p.index->structural_indexes.get();
  p.last = p.next + p.index->n_structural_indexes;
  if (!p.members(1)) return p.fault;
  if (p.next != p.last) return {FeedErrorKind::kBadJson, bytes.data() + *p.next};
  p.finish();
  return p.fault;
}

}  // namespace pinstripe
