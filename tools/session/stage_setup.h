// From the plan to a runner's setup: which rings a stage reads and writes, in tie and port order.
#pragma once

#include <functional>
#include <string>

#include "shm/base/result.h"
#include "shm/run/runner.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// What connects a stage to its neighbours: views of rings and park words by name. Implemented over
/// shared memory by the stage programs and over private memory by the one-thread pipeline.
struct Wiring {
  std::function<Result<RingView>(const RingSpec&, bool as_producer)> ring;
  /// Park word of a neighbour, or null where that neighbour never parks.
  std::function<Result<ParkWord*>(const std::string& stage)> park;
};

/// Shape of the ring that `spec` names, from its message type; CHECKs that the type is known.
RingShape shape_of(const RingSpec& spec);

/// Inputs in tie order, outputs in port order (feed: features, risk, exec), delays and limits.
Result<RunnerSetup> make_runner_setup(const SessionPlan& plan, const StageSpec& stage,
                                      const Wiring& wiring, const SessionClock& clock);

/// Reports that may wait for room before exec stops the session (protocol 5).
inline constexpr std::size_t kReportQueue = 16384;

}  // namespace pinstripe
