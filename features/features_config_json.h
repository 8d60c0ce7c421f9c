// Reads the "features" object of a session config.
#pragma once

#include "features/features_config.h"
#include "shm/run/config_node.h"

namespace pinstripe {

/// Reads every key of FeaturesConfig but `instruments`; problems are remembered in `node`.
FeaturesConfig read_features_config(ConfigNode& node);

}  // namespace pinstripe
