// How a venue's history is asked for, page by page from the oldest on. A pager knows no connection
// and no file: it says what to ask next and makes rows of the answer, so that each venue's way of
// paging is tested without either.
//
//   klines, funding   windows of time that hold no more than an answer may: nothing can be left out
//   trades, Binance   by time to the first one, then from id to id
//   trades, OKX       by time to the first id, then a hundred ids at a time
//   trades, Bybit     the newest alone: Bybit serves no older ones
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "shm/base/result.h"
#include "tools/rest/backfill_file.h"

namespace pinstripe {

struct BackfillRequest {
  std::string venue, symbol;        // as in instrument ids
  BackfillKind kind = BackfillKind::kKlines;
  std::int64_t from_ms = 0;         // included
  std::int64_t to_ms = 0;           // excluded
  std::int64_t interval_min = 1;    // of klines, minutes
};

/// What to ask next.
struct BackfillStep {
  std::string target;
  std::uint32_t weight = 1;
};

class BackfillPager {
 public:
  virtual ~BackfillPager() = default;
  /// Goes on behind these rows, which all bear the last time of a file.
  virtual void go_on_behind(const std::vector<BackfillRow>& last) = 0;
  virtual bool at_end() const = 0;
  virtual BackfillStep step() const = 0;
  /// The rows of the answer to `step()` that are new, oldest first; moves on.
  virtual Result<std::vector<BackfillRow>> take(const nlohmann::json& answer) = 0;
  /// Up to when everything has come, milliseconds since 1970.
  virtual std::int64_t reached_ms() const = 0;
};

/// Refuses what the venue does not have, by name. Klines: only whole ones within from .. to.
Result<std::unique_ptr<BackfillPager>> make_pager(const BackfillRequest& request);
std::unique_ptr<BackfillPager> make_trade_pager(const BackfillRequest& request);

/// The list of rows in an answer, as each venue wraps it.
Result<const nlohmann::json*> backfill_rows(const std::string& venue, const nlohmann::json& answer);

}  // namespace pinstripe
