// `backtest`.
#include "tools/commands/options.h"

namespace pinstripe {

Exit run_backtest(const BacktestOptions& options) {
  return report_error(Error{"'backtest' is not in this build yet", Exit::kUsage}, options.json);
}

}  // namespace pinstripe
