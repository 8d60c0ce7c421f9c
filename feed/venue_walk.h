// The walk over messages that carry their payload in `data` (Bybit, OKX), and what the decoders of
// all venues read alike: trades and candles one after the other, parts of a ticker, sides.
//
// Only for decoders, as json_walk.h.
#pragma once

#include "feed/json_walk.h"

namespace pinstripe {

struct VenueWalk : JsonWalk {
  using JsonWalk::JsonWalk;

  /// Members that one element (a trade, a liquidation, a candle) was seen to have.
  enum Part : std::uint32_t {
    kPartPrice = 1, kPartQty = 2, kPartSide = 4, kPartStart = 8, kPartOpen = 16, kPartHigh = 32,
    kPartLow = 64, kPartClose = 128, kPartVolume = 256,
    kWholeTrade = kPartPrice | kPartQty | kPartSide,
    kWholeBar = kPartStart | kPartOpen | kPartHigh | kPartLow | kPartClose | kPartVolume,
  };

  VenueMessage* out = nullptr;
  std::uint32_t seen = 0;   // members of the message, the decoder's own bits
  std::uint32_t parts = 0;  // of the element being read, Part
  const std::uint32_t* data = nullptr;  // where it begins, while it is not known what it holds

  void start(VenueMessage& message) noexcept {
    out = &message;
    seen = 0;
    data = nullptr;
    message.clear();
  }
  bool need(std::uint32_t have, std::uint32_t bits) noexcept {
    return (have & bits) == bits || refuse(FeedErrorKind::kMissingField, limit);
  }
  /// `data` stood before what says what it holds: `payload()` reads it now.
  template <class Payload>
  bool late_payload(Payload payload) noexcept {
    const std::uint32_t* const end = next;
    next = data;
    if (!payload()) return false;
    next = end;
    return true;
  }
  /// The element `kept[count]`, by `read(element)`; `count` is the caller's to raise.
  template <class List, class Read>
  bool element(List& kept, std::size_t count, Read read) noexcept {
    if (count == kept.size()) {
      return refuse(FeedErrorKind::kTooLong, next < last ? base + *next : limit);
    }
    kept[count] = {};
    parts = 0;
    return read(kept[count]);
  }
  /// One of several trades, an object; `field(key, trade)` takes its members. It stands for
  /// `trades` of them where it does not say otherwise.
  template <class Field>
  bool trade(std::uint64_t trades, Field field) noexcept {
    VenueMessage& m = *out;
    const auto read = [&](RawTrade& t) {
      t.count = trades;
      return members([&](const char* key) { return field(key, t); });
    };
    if (!element(m.trades, m.trade_count, read) || !need(parts, kWholeTrade)) return false;
    ++m.trade_count;
    return true;
  }
  /// One of several liquidations, likewise.
  template <class Field>
  bool liquidation(Field field) noexcept {
    VenueMessage& m = *out;
    const auto read = [&](RawLiquidation& l) {
      return members([&](const char* key) { return field(key, l); });
    };
    if (!element(m.liquidations, m.liquidation_count, read) || !need(parts, kWholeTrade)) {
      return false;
    }
    ++m.liquidation_count;
    return true;
  }
  /// One of several candles; `read(bar)` takes all of it. Only closed ones are kept.
  template <class Read>
  bool bar(Read read) noexcept {
    VenueMessage& m = *out;
    if (!element(m.bars, m.bar_count, read)) return false;
    if (!m.bars[m.bar_count].is_closed) return true;
    ++m.bar_count;
    return need(parts, kWholeBar);
  }
  bool part(std::uint32_t bit, std::int64_t& e8) noexcept {
    parts |= bit;
    return decimal_text(e8);
  }
  /// A sum that venues count more finely or higher than an order: amount_text.
  bool amount(std::uint32_t bit, std::int64_t& e8) noexcept {
    parts |= bit;
    return amount_text(e8);
  }
  /// One of two words.
  bool side(std::string_view sell, std::string_view buy, bool& is_sell) noexcept {
    const char* at = nullptr;
    if (!text(at)) return false;
    parts |= kPartSide;
    is_sell = is_word(at, sell);
    return is_sell || is_word(at, buy) || refuse(FeedErrorKind::kBadJson, at);
  }
  /// Part of a ticker. An empty text says that there is no such value (a delivery contract has no
  /// funding rate, an option perhaps no bid).
  bool ticker_decimal(std::uint16_t bit, std::int64_t& value, bool any_sign = false) noexcept {
    const char* at = nullptr;
    if (!text(at)) return false;
    if (*at == '"') return true;
    out->ticker.has |= bit;
    return decimal(at, value, any_sign);
  }
  bool open_interest() noexcept {
    if (token() == '"' && base[*next + 1] == '"') return skip();
    out->ticker.has |= kHasOpenInterest;
    return amount_text(out->ticker.open_interest_e8);
  }

 private:
  static bool is_word(const char* at, std::string_view word) noexcept {
    return starts_with(at, word) && at[word.size()] == '"';
  }
};

}  // namespace pinstripe
