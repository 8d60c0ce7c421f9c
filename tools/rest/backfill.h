// A backfill: pages of a venue's history, in the order of time, into one file that says itself
// where to go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "shm/base/result.h"
#include "tools/rest/backfill_pager.h"
#include "tools/rest/venue_rest.h"

namespace pinstripe {

struct BackfillProgress {
  std::string file;
  std::uint64_t rows_before = 0;   // that were there already
  std::uint64_t rows = 0;          // in the file now
  std::uint64_t mended_bytes = 0;  // of a cut row that were taken away at first
  std::uint64_t requests = 0;      // repetitions included
  std::int64_t first_ms = 0;       // time of the first row; 0 without
  std::int64_t last_ms = 0;
  std::int64_t reached_ms = 0;     // everything up to here has come
  std::string warning;             // at the end, see missing_history()
};

/// Called after each page.
using BackfillReport = std::function<void(const BackfillProgress&)>;

/// Fetches what is missing of `request` into a file below `folder`, whose name holds everything but
/// the end: a later `to_ms` goes on in the same file. Background priority.
Result<BackfillProgress> backfill(VenueRest& rest, const BackfillRequest& request,
                                  const std::string& folder, const BackfillReport& report);

/// For people where the first row is later than what was asked for by more than rows lie apart by
/// themselves (klines: their length, funding: 8 h, trades: 1 h); else "". It is no error: a venue
/// keeps what it keeps, and what was not listed yet has no history.
std::string missing_history(const BackfillRequest& request, const BackfillProgress& progress);

/// "BINANCE_USDM_BTCUSDT_klines_1m_20240808T000000Z.csv"; trades end in .txt.
std::string backfill_file_name(const BackfillRequest& request);

}  // namespace pinstripe
