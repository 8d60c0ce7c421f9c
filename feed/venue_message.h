// One decoded venue message, still in the venue's own terms: decimals x 1e8, ids, milliseconds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "feed/feed_error.h"

namespace pinstripe {

enum class VenueKind : std::uint8_t {
  kOther,  // well formed, but nothing that this stage uses (kline, acknowledgement ...)
  kDepth,
  kTicker,
  kTrade,
  kAggTrade,
  kMark,
  kSnapshot,  // REST depth
  kPlainBook,  // changes of a book without ids (Tardis); `is_fresh`: all of it
};

struct RawLevel {
  std::int64_t price_e8 = 0;
  std::int64_t qty_e8 = 0;
};

/// Levels have room for `capacity` a side, taken once.
struct VenueMessage {
  explicit VenueMessage(std::size_t capacity) : bids(capacity), asks(capacity) {}

  VenueKind kind = VenueKind::kOther;
  bool has_prev = false;        // depth: pu was there (futures rule)
  bool is_buyer_maker = false;  // trade: the aggressor sold
  bool is_market = true;        // trade: X absent or MARKET
  bool has_rate = false;        // mark: funding rate and time were there
  bool has_index = false;       // mark: index price was there
  std::string_view symbol;      // may be empty (spot snapshot)
  bool is_fresh = false;        // plain book: forget what was before
  std::int64_t venue_us = 0;    // E, else T; 0 = none
  std::uint64_t first_id = 0;   // depth U; aggTrade: first trade id
  // depth, ticker u; snapshot lastUpdateId; trade t; aggTrade: last trade
  std::uint64_t last_id = 0;
  std::uint64_t prev_id = 0;    // depth pu
  std::int64_t price_e8 = 0;    // trade p; mark p
  std::int64_t qty_e8 = 0;      // trade q; mark: index i
  std::int64_t rate_e8 = 0;     // mark r
  std::int64_t funding_ms = 0;  // mark T
  std::size_t bid_count = 0;
  std::size_t ask_count = 0;
  std::vector<RawLevel> bids;   // first bid_count count; ticker: one of each
  std::vector<RawLevel> asks;
};

/// Where and why decoding stopped.
struct DecodeFault {
  FeedErrorKind kind = FeedErrorKind::kNone;
  const char* at = nullptr;
};

}  // namespace pinstripe
