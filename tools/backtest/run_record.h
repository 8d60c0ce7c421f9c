// One finished run as `compare` sees it: its plan, what it decided and what that earned. Either the
// folder of `backtest --out`, or the journal of a session.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/backtest/decisions.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Net profit by settle asset, 1e-8 of it: gross - fees + funding.
using Profits = std::map<std::string, std::int64_t>;

/// What the run saw of the market.
struct SeenData {
  std::int64_t events = 0, gaps = 0, bad_lines = 0;
  friend bool operator==(const SeenData&, const SeenData&) = default;
};

struct RunRecord {
  std::string path;
  SessionPlan plan;                     // self-contained (plan_parts.h)
  std::vector<Decision> decisions;
  Profits profits;
  std::optional<SeenData> seen;         // nothing: a journal does not say; a second run will
  std::string note;                     // for people: what limits it; "": nothing
};

/// `path` is a folder of results, a journal's directory, or a session: its newest journal.
Result<RunRecord> read_run(const std::string& path);

}  // namespace pinstripe
