// Reads ModelsConfig from its node of the session's config. Not part of the stage.
#pragma once

#include "models/models_config.h"
#include "shm/run/config_node.h"

namespace pinstripe {

/// Keys: members [{name, file | folds [files], weight, cost_ns}], voting, threshold, min_voters,
/// budget_ns, decision_interval_ns, eta, edge_prior_labels, min_valid_share, isa,
/// tree_isa. Problems are
/// remembered in the node. Models are loaded apart, by load_members.
ModelsConfig read_models_config(ConfigNode& node);

}  // namespace pinstripe
