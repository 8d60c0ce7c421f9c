// The `exec` part of a session's JSON config. Not a stage file.
#pragma once

#include "exec/exec_config.h"
#include "shm/run/config_node.h"

namespace pinstripe {

/// Reads and checks every key; problems are collected in the node (see ConfigNode). Funding files
/// are named in the result and not opened: `load_funding_files` does that.
ExecConfig read_exec_config(ConfigNode& node);

}  // namespace pinstripe
