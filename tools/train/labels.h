// Labels (trading.md 4): what the mid did after a decision, seen only by training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shm/base/units.h"

namespace pinstripe {

/// The mid of the fused touch as a step function of event time, with the moments at which the book
/// could not be trusted. Times are added in order.
class MidSeries {
 public:
  /// From `t` on: twice the mid in ticks, and whether the book is valid. Equal steps are merged.
  void add(TimeNs t, std::int64_t mid_half_ticks, bool valid);
  /// Twice the mid at `t`, 0 before the first step.
  std::int64_t mid_half_ticks_at(TimeNs t) const noexcept;
  /// True where the book was valid at every moment of [from, to] and `to` has been observed.
  bool valid_throughout(TimeNs from, TimeNs to) const noexcept;
  TimeNs first() const noexcept { return steps_.empty() ? TimeNs(0) : steps_.front().t; }
  TimeNs last() const noexcept { return last_; }
  std::size_t steps() const noexcept { return steps_.size(); }

 private:
  struct Step {
    TimeNs t;
    std::int64_t mid_half_ticks;
    bool valid;
    std::int64_t invalid_so_far;  // invalid steps up to and including this one
  };
  std::size_t step_at(TimeNs t) const noexcept;  // index + 1 of the step in force, 0 = none

  std::vector<Step> steps_;
  TimeNs last_{0};
};

/// What is to be learned at one decision.
struct Label {
  bool known = false;  // false: book invalid inside the window, or the window runs past the data
  double r_bps = 0;    // 1e4 ln(mid(t + delay + horizon) / mid(t + delay))
  TimeNs end;          // t + delay + horizon: nothing later went into it
};

/// Labels of decisions at `times`; `delay_ns` is the modelled time from feed to venue.
std::vector<Label> make_labels(const MidSeries& mids, std::span<const TimeNs> times,
                               std::int64_t delay_ns, std::int64_t horizon_ns);

/// Median of |r| over the known labels at or before `last_end`; 0 where there are none.
double median_abs_r_bps(std::span<const Label> labels, TimeNs last_end);

}  // namespace pinstripe
