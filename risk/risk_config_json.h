// Reads risk's part of the session config. Not a stage file.
#pragma once

#include "risk/risk_config.h"
#include "shm/run/config_node.h"

namespace pinstripe {

/// Keys and ranges: risk/README.md. `instruments`, `budget_ns` and `epoch` are the session's to
/// fill (budget_ns may stand in the node and then holds until the session overwrites it).
RiskConfig read_risk_config(ConfigNode& node);

}  // namespace pinstripe
