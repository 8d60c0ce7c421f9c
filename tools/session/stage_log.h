// What a stage writes to its standard error while it is supervised.
#pragma once

#include <cstddef>
#include <string>

#include "tools/session/session_plan.h"

namespace pinstripe {

std::string stage_log_file(const SessionPlan& plan, const std::string& stage);
/// The last lines of a stage's log file, cut to `bytes_max`.
std::string log_tail(const SessionPlan& plan, const std::string& stage, std::size_t bytes_max);

}  // namespace pinstripe
