// How many signals may wait at risk for the market of their own time: those of one delay window.
//
// Risk takes the market before the signals of the same time, so a signal waits until feed has gone
// past it by the delays of features and models. If the signals ring fills up before that, models
// stops, then features, then feed, and nobody goes on (tools/decisions/look-ahead.md, 4).
#pragma once

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// The longest that features and models may hold back what follows from one market event: base
/// delays, and tails where they have a probability.
std::int64_t delay_window_ns(const SessionPlan& plan);

/// Least capacity of the signals ring of `lane`: every decision that its instruments can take
/// within one delay window, and one burst. 0 where no rate is known beforehand: with
/// `decision_interval_ns` 0 every vector decides. Then a ring that is too small shows while the
/// session runs (standstill.h).
std::uint64_t least_signals_capacity(const SessionPlan& plan, std::size_t lane,
                                     std::int64_t decision_interval_ns);

/// Refuses a signals ring below that (wrong usage), naming key, found and needed. The plan's
/// instruments are known already.
Result<void> check_delay_window(const SessionPlan& plan, std::int64_t decision_interval_ns);

}  // namespace pinstripe
