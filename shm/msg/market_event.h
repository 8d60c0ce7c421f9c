// MarketEvent: what feed publishes, one cache line. The header's type says which variant it is.
//
//   type        a                  b                     flags
//   kLevel      price_ticks        qty_lots (absolute,   side, end_of_update, snapshot, from_ticker
//                                  0 deletes)
//   kTouch      price_ticks        qty_lots              side, end_of_update, from_ticker
//               one message a side, only for a side whose best price or quantity changed
//   kTrade      price_ticks        qty_lots              aggressor side, non_market, end_of_update
//   kMark       mark_e8            index_e8 (0: absent)  end_of_update       quote units x 1e8
//   kFunding    rate_e8            funding_ns            end_of_update       rate, its instant
//   kBookState  state              gaps                  end_of_update       BookState, gaps so far
//   kOverruled  hash               statements so far     end_of_update       to features only
//   kOpenInterest  interest_e8     0                     end_of_update       to features only
//   kLiquidation   price_ticks     qty_lots              side of the order that liquidates,
//                                                        end_of_update       to features only
//   kBar        start_ns           interval_ns           end_of_update       to features only
//   kBarBody    open_ticks         close_ticks           the same
//   kBarRange   high_ticks         low_ticks             the same
//   kBarVolume  volume_lots        trades (0: not told)  the same
//
// kOpenInterest counts in 1e-8 of what the venue counts it in: base coins (Binance USD-M, Bybit) or
// contracts (Binance COIN-M, OKX), not in lots, since positions of an older, finer lot stay open.
// kLiquidation: the price is the order's or the bankruptcy price, to the nearest tick.
// kBar and the three after it are one candle of the venue's, told once, when it is closed; an
// interval of 0 is a month.
//
// kOverruled: the depth stream spoke of a level about which a newer ticker had the last word. The
// book does not show it; the running hash lets the signals digest tell runs apart that were told
// different things. It rides with the next message that has something else to say.
//
// One decoded venue message becomes a run of these, the last flagged end_of_update; between first
// and last nothing is decided (trading.md 2). A side without any level has a touch of price 0,
// quantity 0.
#pragma once

#include "shm/msg/header.h"

namespace pinstripe {

/// Why the book may or may not be trusted. Everything but kValid forbids opening orders.
enum class BookState : std::uint8_t {
  kEmpty = 0,       // nothing seen
  kWarming = 1,     // being built without a snapshot; not yet proven
  kValid = 2,
  kGap = 3,         // the venue's sequence broke; waiting for a fresh book
  kCrossed = 4,     // best bid >= best ask after a complete update
  kStale = 5,       // a channel has been silent too long
  kDropped = 6,     // a resync ring lost messages; a fresh book follows
  kHalted = 7,      // the venue does not trade it, or its tick or lot is no longer the session's
};
inline constexpr std::array<std::string_view, 8> kBookStateNames{
    "empty", "warming", "valid", "gap", "crossed", "stale", "dropped", "halted"};

struct MarketEvent {
  MsgHeader h;
  std::int64_t a = 0;
  std::int64_t b = 0;

  PriceTicks price() const noexcept { return PriceTicks(a); }
  QtyLots qty() const noexcept { return QtyLots(b); }
  BookState book_state() const noexcept { return static_cast<BookState>(a); }
  bool ends_update() const noexcept { return h.has(kFlagEndOfUpdate); }

  static constexpr std::string_view kRingType = "market_event";
  static constexpr std::array<FieldDesc, 14> fields(MsgType type) noexcept {
    constexpr auto two = [](std::string_view an, std::string_view au, std::string_view bn,
                            std::string_view bu) {
      return join_fields(kHeaderFields, std::array<FieldDesc, 2>{{
                                            {an, FieldType::kI64, au, 48, 1, false},
                                            {bn, FieldType::kI64, bu, 56, 1, false},
                                        }});
    };
    switch (type) {
      case MsgType::kMark: return two("mark_e8", "1e-8 quote", "index_e8", "1e-8 quote");
      case MsgType::kFunding: return two("rate_e8", "1e-8", "funding_ns", "ns");
      case MsgType::kBookState: return two("state", "enum BookState", "gaps", "count");
      case MsgType::kOverruled: return two("statements_hash", "hash", "statements", "count");
      case MsgType::kOpenInterest: return two("interest_e8", "1e-8 of the venue's", "spare", "");
      case MsgType::kBar: return two("start_ns", "ns", "interval_ns", "ns");
      case MsgType::kBarBody: return two("open_ticks", "ticks", "close_ticks", "ticks");
      case MsgType::kBarRange: return two("high_ticks", "ticks", "low_ticks", "ticks");
      case MsgType::kBarVolume: return two("volume_lots", "lots", "trades", "count");
      default: return two("price_ticks", "ticks", "qty_lots", "lots");
    }
  }
  static const std::uint64_t kLayoutHash;
};
static_assert(sizeof(MarketEvent) == 64);
inline constexpr std::uint64_t MarketEvent::kLayoutHash = [] {
  std::uint64_t hash = 0;
  for (const MsgType t : {MsgType::kOverruled, MsgType::kBookState, MsgType::kFunding,
                          MsgType::kMark, MsgType::kOpenInterest, MsgType::kLiquidation,
                          MsgType::kBar, MsgType::kBarBody, MsgType::kBarRange,
                          MsgType::kBarVolume, MsgType::kLevel}) {
    hash = layout_hash(MarketEvent::fields(t), hash);
  }
  return hash;
}();
static_assert(covers_every_byte(MarketEvent::fields(MsgType::kLevel), sizeof(MarketEvent)));

}  // namespace pinstripe
