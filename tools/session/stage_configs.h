// The stages' own configs out of a session's: their part of the file plus what the session decides.
#pragma once

#include "exec/exec_config.h"
#include "features/features_config.h"
#include "feed/feed_config.h"
#include "models/models_config.h"
#include "risk/risk_config.h"
#include "shm/run/config_node.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Reads every stage's part of the session file (nodes "feed" ... "exec" of `root`), so that all
/// problems are found before anything starts; fills what the plan takes from them.
void check_stage_configs(ConfigNode& root, SessionPlan& plan);

/// Each stage's config for `plan`, complete: instruments, budgets, epoch, ring ids, models loaded.
Result<FeedConfig> feed_config_of(const SessionPlan& plan);
Result<FeaturesConfig> features_config_of(const SessionPlan& plan);
Result<ModelsConfig> models_config_of(const SessionPlan& plan);
Result<RiskConfig> risk_config_of(const SessionPlan& plan);
Result<ExecConfig> exec_config_of(const SessionPlan& plan);

/// How long after a decision its order is at the venue, where labels begin (trading.md 4): the
/// stages' base latencies and the order latency, of a table its median. The same in training and
/// where live members are judged.
std::int64_t label_delay_ns(const SessionPlan& plan, const ExecConfig& exec);

}  // namespace pinstripe
