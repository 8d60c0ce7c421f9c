#include "tools/session/delay_window.h"

#include <algorithm>
#include <bit>

#include "shm/msg/signal.h"
#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

std::int64_t longest_delay_ns(const LatencyPlan& l) {
  return l.base_ns + (l.tail_probability > 0 ? l.tail_ns : 0);
}

std::string milliseconds(std::int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f ms", static_cast<double>(ns) / 1e6);
  return text;
}

}  // namespace

std::int64_t delay_window_ns(const SessionPlan& plan) {
  return longest_delay_ns(plan.latency[index_of(StageKind::kFeatures)]) +
         longest_delay_ns(plan.latency[index_of(StageKind::kModels)]);
}

std::uint64_t least_signals_capacity(const SessionPlan& plan, std::size_t lane,
                                     std::int64_t decision_interval_ns) {
  if (decision_interval_ns <= 0) return 0;
  // Decisions lie in different intervals of the clock; a closed window touches one more of them
  // than it is long.
  const std::int64_t window_ns = delay_window_ns(plan);
  const auto decisions = static_cast<std::uint64_t>(
      window_ns / decision_interval_ns + (window_ns % decision_interval_ns != 0 ? 1 : 0) + 1);
  const std::uint64_t instruments =
      std::max<std::uint64_t>(plan.lanes.at(lane).instruments.size(), 1);
  // Models takes the next vector only where a burst more has room, whether it decides or not.
  return std::bit_ceil(decisions * instruments + largest_burst(StageKind::kModels));
}

Result<void> check_delay_window(const SessionPlan& plan, std::int64_t decision_interval_ns) {
  for (const RingSpec& ring : plan.topology.rings) {
    if (ring.type != Signal::kRingType) continue;
    const std::size_t lane = plan.stage(ring.producer)->lane;
    const std::uint64_t least = least_signals_capacity(plan, lane, decision_interval_ns);
    if (ring.capacity >= least) continue;
    return fail_usage(
        "rings." + ring.name + ".capacity: found " + std::to_string(ring.capacity) +
        ", needed is at least " + std::to_string(least) + ": every signal of one delay window (" +
        milliseconds(delay_window_ns(plan)) +
        ", the longest delays of features and models), one in " +
        milliseconds(decision_interval_ns) + " for each of " +
        std::to_string(plan.lanes[lane].instruments.size()) +
        " instruments, or the session would come to a standstill (tools/decisions/look-ahead.md)");
  }
  return {};
}

}  // namespace pinstripe
