// The walk over a JSON message that every venue's decoder shares: simdjson's stage 1 finds the
// places, the walk reads them one after the other.
//
// PERF NOTE: a level [["price","qty"],...] is six places whose characters are compared and two
// decimals of two loads each; nothing is allocated and no text is copied. The same decoder through
// simdjson's on-demand iterators took about 1.8 times as long (README, "Figures").
//
// Only for decoders (*_decoder.cpp), which set SIMDJSON_EXCEPTIONS to 0 before they include it.
#pragma once

#include <simdjson.h>

#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "feed/decimal.h"
#include "feed/frame.h"
#include "feed/venue_message.h"
#include "shm/base/check.h"

namespace pinstripe {

static_assert(kFramePadding >= simdjson::SIMDJSON_PADDING);
inline constexpr unsigned kJsonDepthMax = 64;

/// The two characters of a key that tell the short ones apart; longer keys get their first two.
constexpr std::uint16_t key_of(char a, char b = '"') noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(a) |
                                    (static_cast<unsigned char>(b) << 8));
}

/// Whether the text at `p` begins with `word`; the frame's padding makes the read legal.
inline bool starts_with(const char* p, std::string_view word) noexcept {
  return std::memcmp(p, word.data(), word.size()) == 0;
}

/// Microseconds of a venue's milliseconds; 0 (no stamp) where they do not fit.
inline std::int64_t microseconds(std::int64_t ms) noexcept {
  std::int64_t us = 0;
  return __builtin_mul_overflow(ms, kNsPerUs, &us) ? 0 : us;
}

class JsonWalk {
 public:
  explicit JsonWalk(std::size_t frame_bytes_max) : bytes_max_(frame_bytes_max) {
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        frame_bytes_max, kJsonDepthMax, index_);
    PINSTRIPE_CHECK(error == simdjson::SUCCESS, "no memory for the JSON decoder");
  }

  /// Finds the places of `bytes`, checks UTF-8 and that every string is closed.
  bool begin(std::string_view bytes) noexcept {
    base = bytes.data();
    limit = bytes.data() + bytes.size();
    fault = {};
    depth = 0;
    next = last = nullptr;
    if (bytes.size() > bytes_max_) return refuse(FeedErrorKind::kTooLong, base + bytes_max_);
    if (index_->stage1(reinterpret_cast<const std::uint8_t*>(base), bytes.size(),
                       simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
      return refuse(FeedErrorKind::kBadJson, base);
    }
    next = index_->structural_indexes.get();
    last = next + index_->n_structural_indexes;
    return true;
  }
  /// Nothing may follow the message.
  bool ends() noexcept { return next == last || refuse(FeedErrorKind::kBadJson, base + *next); }

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
  /// A whole string.
  bool word(std::string_view& whole) noexcept {
    const char* start = nullptr;
    if (!text(start)) return false;
    const void* end = std::memchr(start, '"', static_cast<std::size_t>(limit - start));
    if (end == nullptr) return refuse(FeedErrorKind::kBadJson, start);
    whole = {start, static_cast<std::size_t>(static_cast<const char*>(end) - start)};
    return true;
  }
  bool number(std::uint64_t& value) noexcept;
  bool time(std::int64_t& ms) noexcept {
    std::uint64_t value = 0;
    if (!number(value)) return false;
    ms = static_cast<std::int64_t>(value);
    return ms >= 0 || refuse(FeedErrorKind::kBadNumber, limit);
  }
  /// A whole number that stands as a string.
  bool number_text(std::uint64_t& value) noexcept {
    const char* start = nullptr;
    return text(start) && (digits(start, value) == '"' ||
                           refuse(FeedErrorKind::kBadNumber, start));
  }
  bool time_text(std::int64_t& ms) noexcept {
    std::uint64_t value = 0;
    if (!number_text(value)) return false;
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
  /// A decimal that stands as a string.
  bool decimal_text(std::int64_t& e8, bool any_sign = false) noexcept {
    const char* start = nullptr;
    return text(start) && decimal(start, e8, any_sign);
  }
  /// An amount that no order ever has (open interest, a day's volume) as a string: cut after the
  /// eighth decimal, and held at the largest that is kept.
  bool amount_text(std::int64_t& e8) noexcept {
    const char* start = nullptr;
    if (!text(start)) return false;
    const Decimal d = parse_decimal(start, limit);
    const bool is_amount = d.status != DecimalStatus::kBad && *d.end == '"' && *start != '-';
    e8 = d.status == DecimalStatus::kOverflow ? std::numeric_limits<std::int64_t>::max() : d.e8;
    return is_amount || refuse(FeedErrorKind::kBadNumber, start);
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
  /// One object; `field(key)` takes each member's value, `key` is the text behind its quote.
  template <class Field>
  bool members(Field field) noexcept {
    if (++depth > kJsonDepthMax) return refuse_here();
    if (!expect('{')) return false;
    if (token() == '}') return ++next, --depth, true;
    while (true) {
      const char* key = nullptr;
      if (!text(key) || !expect(':') || !field(key)) return false;
      const char separator = token();
      if (separator != ',') {
        --depth;
        return expect('}');
      }
      ++next;
    }
  }
  /// One list; `element()` takes each of its values.
  template <class Element>
  bool elements(Element element) noexcept {
    if (++depth > kJsonDepthMax) return refuse_here();
    if (!expect('[')) return false;
    if (token() == ']') return ++next, --depth, true;
    while (true) {
      if (!element()) return false;
      const char separator = token();
      if (separator != ',') {
        --depth;
        return expect(']');
      }
      ++next;
    }
  }
  /// The number whose digits begin at `at`, and the character behind it; zero where it is none.
  char digits(const char* at, std::uint64_t& value) const noexcept;

  const char* base = nullptr;   // of the frame
  const char* limit = nullptr;  // its end
  const std::uint32_t* next = nullptr;  // place of the next token
  const std::uint32_t* last = nullptr;  // one behind the last
  unsigned depth = 0;           // of the object being walked
  DecodeFault fault;

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> index_;
  std::size_t bytes_max_;
};

inline char JsonWalk::digits(const char* at, std::uint64_t& value) const noexcept {
  const char* const start = at;
  std::uint64_t sum = 0;
  unsigned got = 8;
  while (got == 8 && at - start < 24) {
    const std::uint64_t word = load_eight(at);
    got = leading_digits(word);
    if (got == 0) break;
    for (unsigned i = 0; got < 8 && i < got; ++i) sum *= 10;
    if (got == 8) sum *= 100'000'000;
    sum += eight_digits((word << (64 - 8 * got)) | (got == 8 ? 0 : kEightZeros >> (8 * got)));
    at += got;
  }
  if (at == start || at - start > 19 || at >= limit) [[unlikely]] return '\0';
  value = sum;
  return *at;
}

/// A whole number without sign.
inline bool JsonWalk::number(std::uint64_t& value) noexcept {
  if (next >= last) return refuse_here();
  const char* const start = base + *next++;
  const char c = digits(start, value);
  const bool is_end =
      c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
  return is_end || refuse(FeedErrorKind::kBadNumber, start);
}

/// Passes over one value of any kind.
inline bool JsonWalk::skip() noexcept {
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

/// [["price","qty"], ...] into `target`; what stands behind the two in a level is passed over (OKX:
/// a zero and the number of orders; very old Binance snapshots: an empty list).
inline bool JsonWalk::levels(std::vector<RawLevel>& target, std::size_t& count) noexcept {
  if (!expect('[')) return false;
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
    while (token() == ',') {
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

}  // namespace pinstripe
