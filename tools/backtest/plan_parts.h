// The parts of a resolved plan that explain why two runs earn differently, and how one part of a
// plan is put into another.
//
// | part      | holds                                                                            |
// |-----------|----------------------------------------------------------------------------------|
// | latency   | feed, stage, order and response latencies, and the seed of their tails           |
// | queue     | how the paper venue fills: exec's settings besides latencies and costs           |
// | fees      | maker and taker fees, funding, margin and its tiers                              |
// | data      | files or synthetic market, window, clock offsets, what feed refuses              |
// | decisions | everything else: features, models, risk, budgets, epoch, rings                   |
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

enum class PlanPart : std::uint8_t { kLatency = 0, kQueue, kFees, kData, kDecisions };
inline constexpr std::size_t kPlanParts = 5;
inline constexpr std::array<const char*, kPlanParts> kPlanPartNames{
    "latency", "queue", "fees", "missed_data", "decisions"};

/// Why parts of these plans cannot be put into each other; "": they can. Both must trade the same
/// instruments in the same lanes.
std::string cannot_mix(const SessionPlan& a, const SessionPlan& b);

/// `a` with that part of `b`. Both plans name their files by absolute path (self_contained).
Result<SessionPlan> with_part(const SessionPlan& a, const SessionPlan& b, PlanPart part);

/// `plan` with the models and rates that it names by absolute path, and without what belongs to one
/// run alone: session id, journal, speed, texts.
Result<SessionPlan> self_contained(const SessionPlan& plan);

/// Equal where two self-contained plans decide and earn the same: files count by their bytes.
Result<std::string> plan_identity(const SessionPlan& plan);

}  // namespace pinstripe
