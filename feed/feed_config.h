// Settings of the feed stage; the defaults are those of trading.md 2.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shm/market/instrument.h"

namespace pinstripe {

enum class OnBadLine : std::uint8_t { kSkip, kStop };
/// Which trade stream counts: `trade` where there is one, else `aggTrade`.
enum class TradeStream : std::uint8_t { kAuto, kTrade, kAggTrade };

struct FeedConfig {
  std::vector<Instrument> instruments;  // index = instrument id; filled by the session
  OnBadLine on_bad_line = OnBadLine::kSkip;
  TradeStream trade_stream = TradeStream::kAuto;
  // A channel is stale after this much silence, max(3 x its median gap, 2 s); 0 = never. Depth and
  // ticker make the book stale; trade and mark are only counted. The median gaps of the captures:
  // depth 13 to 100 ms, ticker 5 to 50 ms, mark 1 s.
  std::int64_t stale_depth_ns = 2'000'000'000;
  std::int64_t stale_ticker_ns = 2'000'000'000;
  std::int64_t stale_trade_ns = 2'000'000'000;
  std::int64_t stale_mark_ns = 3'000'000'000;
  // A book without a snapshot is valid after so many successive matching tickers and this much
  // time.
  std::uint32_t warm_matches = 20;
  std::int64_t warm_ns = 5'000'000'000;
  // False where snapshots can be had (a live session, set by it): the touch may agree while levels
  // behind it are missing, so nothing but a snapshot makes a book valid.
  bool warms_up = true;
  // Memory taken at start.
  std::uint32_t book_levels = 8'192;           // a side and instrument
  std::uint32_t frame_bytes_max = 1 << 20;
  std::uint32_t frame_levels_max = 16'384;     // a side
  std::uint32_t diffs_buffered_max = 1'024;    // depth updates kept while waiting for a snapshot
  std::uint32_t diff_levels_buffered_max = 65'536;
};

/// One number for each venue, in the order in which the instruments first name it.
std::vector<std::uint8_t> venue_numbers(std::span<const Instrument> instruments);

}  // namespace pinstripe
