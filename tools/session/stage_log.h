// What a stage writes to its standard error while it is supervised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tools/session/session_plan.h"

namespace pinstripe {

std::string stage_log_file(const SessionPlan& plan, const std::string& stage);
/// Bytes in it: what is written from now on lies behind them.
std::uint64_t log_end(const SessionPlan& plan, const std::string& stage);
/// The last lines of a stage's log file behind its first `from` bytes, cut to `bytes_max`.
std::string log_tail(const SessionPlan& plan, const std::string& stage, std::uint64_t from,
                     std::size_t bytes_max);

}  // namespace pinstripe
