// Two runs side by side: what they decided otherwise, and where the gap in profit comes from.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tools/backtest/decisions.h"
#include "tools/backtest/profit_split.h"
#include "tools/backtest/run_record.h"

namespace pinstripe {

struct RunComparison {
  RunRecord a, b;                       // their decisions are taken out, see `decisions`
  DecisionsDifference decisions;
  std::optional<ProfitSplit> split;
  std::string split_reason;             // why there is no split; "": there is one
};

/// Paths as read_run takes them. Without `split` nothing is run again.
Result<RunComparison> compare_runs(const std::string& a, const std::string& b, bool split,
                                const std::function<void(const std::string&)>& say);

/// One JSON object; keys: tools/README.md.
std::string comparison_json(const RunComparison& c);
/// For people.
std::string comparison_text(const RunComparison& c);

}  // namespace pinstripe
