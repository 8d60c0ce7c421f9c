// Files of maintenance-margin tiers: JSON, comments allowed. Not a stage file.
//
//   {"BINANCE_USDM:BTCUSDT": [{"notional_cap": 50000, "maintenance_rate": 0.004}, ...], ...}
//
// Caps rise and rates do not fall. The deduction of a tier, which makes the maintenance continuous
// from tier to tier, is computed and not written: deduction += cap before x (rate - rate before).
#pragma once

#include <string>
#include <string_view>

#include "exec/exec_config.h"
#include "shm/base/result.h"

namespace pinstripe {

/// Reads `text` into the tiers of every perpetual of `config`, in place of the instrument table's;
/// `origin` names it in errors. Instruments that the session lacks are passed over; a perpetual
/// that the file lacks is an error.
Result<void> parse_tiers(std::string_view text, const std::string& origin, ExecConfig& config);

/// With margin, reads `config.margin.tiers_file` where one is named, and sees that every perpetual
/// has tiers.
Result<void> load_tiers(ExecConfig& config);

}  // namespace pinstripe
