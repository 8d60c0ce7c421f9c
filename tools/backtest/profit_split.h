// Why two runs earn differently: the gap between their profits, part by part.
//
// Run A is done again with one more part of B's plan each time: latency, then how the venue fills,
// then fees and funding, then the data, then everything else, which is B. Each step's change is
// that part's share, so the shares and the rest add up to the gap exactly. The rest is what the
// runs as recorded earned otherwise than when they are done again: 0 between backtests of this
// build; between a session and a backtest what no plan explains (orders by hand, a stop).
//
// A share depends on the order of the steps where parts work on each other: a later fill pays
// another fee. It says what changes on the way from A to B, not what a part is worth by itself.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "tools/backtest/plan_parts.h"
#include "tools/backtest/run_record.h"

namespace pinstripe {

struct ProfitSplit {
  std::array<Profits, kPlanParts> parts;  // by PlanPart; B's share over A's
  Profits rest;
  SeenData a, b;                          // of the runs done again
  int runs = 0;                           // how many were needed; equal plans run once
};

/// `say` hears what is run next. Fails where a run cannot be done again: files gone or changed.
Result<ProfitSplit> split_profit(const RunRecord& a, const RunRecord& b,
                                 const std::function<void(const std::string&)>& say);

/// b - a, by asset.
Profits profit_difference(const Profits& a, const Profits& b);

}  // namespace pinstripe
