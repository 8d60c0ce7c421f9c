// One decoded venue message, still in the venue's own terms: decimals x 1e8, ids, milliseconds.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "feed/feed_error.h"

namespace pinstripe {

enum class VenueKind : std::uint8_t {
  kOther,  // well formed, but nothing that this stage uses (open candle, acknowledgement ...)
  kDepth,
  kTicker,
  kTrade,
  kAggTrade,
  kMark,
  kSnapshot,  // REST depth
  kPlainBook,  // changes of a book without ids (Tardis); `is_fresh`: all of it
  kChainedBook,  // all of a book (`is_fresh`) or changes that name the update before (Bybit, OKX)
  kTrades,     // several trades in one message
  kTickerState,  // what changed of best prices, mark, index, funding, open interest
  kLiquidations,  // of several instruments perhaps: each names its own
  kBars,       // closed candles of one instrument
};

struct RawLevel {
  std::int64_t price_e8 = 0;
  std::int64_t qty_e8 = 0;
};

/// One of several trades in a message.
struct RawTrade {
  std::int64_t price_e8 = 0;
  std::int64_t qty_e8 = 0;
  std::uint64_t id = 0;     // rising; 0 = none. Bybit: `seq`, which trades of one match share
  std::uint64_t count = 0;  // trades that it stands for, ids being without a hole; 0 = they may be
  bool is_sell = false;     // the aggressor sold
  bool is_market = true;    // false: not made in the book (block trade)
};

/// An order by which the venue closes somebody's position.
struct RawLiquidation {
  std::int64_t price_e8 = 0;  // the order's, or that of the bankruptcy
  std::int64_t qty_e8 = 0;
  std::string_view symbol;
  bool is_sell = false;       // the order's side: a long position is closed
};

/// A candle. Prices are those of trades; the volume may be cut after the eighth decimal.
struct RawBar {
  std::int64_t start_ms = 0;
  std::int64_t last_ms = 0;      // its last millisecond; 0 = not told: a month
  std::int64_t open_e8 = 0, high_e8 = 0, low_e8 = 0, close_e8 = 0;
  std::int64_t volume_e8 = 0;    // as the venue counts quantities of orders
  std::uint64_t trades = 0;      // 0 = not told
  bool is_closed = false;
};

/// Fields of a RawTickerState that were there, one bit each.
enum TickerField : std::uint16_t {
  kHasBidPrice = 1, kHasBidQty = 2, kHasAskPrice = 4, kHasAskQty = 8, kHasMark = 16,
  kHasIndex = 32, kHasRate = 64, kHasFundingTime = 128, kHasOpenInterest = 256,
};

/// Part of a ticker: only what `has` names counts, the rest is as it was.
struct RawTickerState {
  std::uint16_t has = 0;
  std::int64_t bid_price_e8 = 0, bid_qty_e8 = 0, ask_price_e8 = 0, ask_qty_e8 = 0;
  std::int64_t mark_e8 = 0, index_e8 = 0;
  std::int64_t rate_e8 = 0;       // of the next funding
  std::int64_t funding_ms = 0;    // its instant
  std::int64_t open_interest_e8 = 0;  // base coin or contracts, as the venue counts; amount_text
};

/// Levels have room for `capacity` a side, taken once.
struct VenueMessage {
  explicit VenueMessage(std::size_t capacity)
      : bids(capacity),
        asks(capacity),
        trades(std::min(capacity, kTradesMax)),
        liquidations(std::min(capacity, kLiquidationsMax)) {}
  /// More in one message than any venue sends (Bybit: 1,024).
  static constexpr std::size_t kTradesMax = 4'096;
  static constexpr std::size_t kLiquidationsMax = 1'024;
  static constexpr std::size_t kBarsMax = 8;

  /// Back to a message that says nothing. Prices and quantities are not touched: they count only
  /// with the kind that has them.
  void clear() noexcept {
    kind = VenueKind::kOther;
    has_prev = has_rate = has_index = is_buyer_maker = is_fresh = has_checksum = false;
    is_market = true;
    symbol = {};
    venue_us = 0;
    bid_count = ask_count = trade_count = liquidation_count = bar_count = 0;
    first_id = last_id = prev_id = 0;
    book_depth = 0;
    checksum = 0;
    ticker.has = 0;
  }

  VenueKind kind = VenueKind::kOther;
  bool has_prev = false;        // depth: pu was there (futures rule); chained book: prev_id counts
  bool is_buyer_maker = false;  // trade: the aggressor sold
  bool is_market = true;        // trade: X absent or MARKET
  bool has_rate = false;        // mark: funding rate and time were there
  bool has_index = false;       // mark: index price was there
  std::string_view symbol;      // may be empty (spot snapshot)
  bool is_fresh = false;        // plain, chained book: forget what was before
  bool has_checksum = false;    // chained book: `checksum` counts
  std::int32_t checksum = 0;    // of the book after this update (okx_checksum)
  std::uint16_t book_depth = 0;  // chained book: levels a side that its channel keeps
  std::int64_t venue_us = 0;    // E, else T; 0 = none
  std::uint64_t first_id = 0;   // depth U; aggTrade: first trade id
  // depth, ticker, chained book: id of the update; snapshot lastUpdateId; trade t; aggTrade: last
  // trade
  std::uint64_t last_id = 0;
  std::uint64_t prev_id = 0;    // depth pu; chained book: id of the update before
  std::int64_t price_e8 = 0;    // trade p; mark p
  std::int64_t qty_e8 = 0;      // trade q; mark: index i
  std::int64_t rate_e8 = 0;     // mark r
  std::int64_t funding_ms = 0;  // mark T
  std::size_t bid_count = 0;
  std::size_t ask_count = 0;
  std::size_t trade_count = 0;
  std::size_t liquidation_count = 0;
  std::size_t bar_count = 0;
  RawTickerState ticker;
  std::vector<RawLevel> bids;   // first bid_count count; ticker: one of each
  std::vector<RawLevel> asks;
  std::vector<RawTrade> trades;  // first trade_count count
  std::vector<RawLiquidation> liquidations;
  std::array<RawBar, kBarsMax> bars;
};

/// Where and why decoding stopped.
struct DecodeFault {
  FeedErrorKind kind = FeedErrorKind::kNone;
  const char* at = nullptr;
};

}  // namespace pinstripe
