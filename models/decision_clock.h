// When a decision is taken (trading.md 4): at the first event at or past each multiple of the
// interval in event time. `pinstripe train` lays its rows on the same clock.
#pragma once

#include <cstdint>
#include <limits>

#include "shm/base/units.h"

namespace pinstripe {

/// One instrument's clock. The first event decides; interval 0 decides on every event.
class DecisionClock {
 public:
  explicit DecisionClock(std::int64_t interval_ns = 0) noexcept : interval_ns_(interval_ns) {}

  /// True where the event at `t` takes a decision. Times do not run backwards.
  bool due(TimeNs t) noexcept {
    if (interval_ns_ <= 0) return true;
    if (t.value < next_ns_) return false;
    const std::int64_t into = ((t.value % interval_ns_) + interval_ns_) % interval_ns_;
    next_ns_ = saturating_add(TimeNs(t.value - into), TimeNs(interval_ns_)).value;
    return true;
  }
  std::int64_t state() const noexcept { return next_ns_; }
  void restore(std::int64_t state) noexcept { next_ns_ = state; }

 private:
  std::int64_t interval_ns_;
  std::int64_t next_ns_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace pinstripe
