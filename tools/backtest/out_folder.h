// The folder of a backtest's results: config.json (the resolved plan), result.json, and the
// recorder's orders.csv, fills.csv and equity.csv.
#pragma once

#include <string>

#include "tools/backtest/backtest.h"

namespace pinstripe {

/// Makes `folder`, or takes an empty one, and writes the plan into it; a folder that holds anything
/// is refused (usage).
Result<void> make_out_folder(const std::string& folder, const SessionPlan& plan);
Result<void> write_result(const std::string& folder, const BacktestResult& result);

}  // namespace pinstripe
