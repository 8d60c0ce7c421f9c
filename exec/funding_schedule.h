// When a perpetual pays funding, and at what rate (trading.md 1). One object an instrument.
//
// Sources, best first: the settled rates of the file given by the config, the venue's own
// announcements (rate and next instant with each mark), and, where neither names an instant, the
// plain grid of the configured interval with an unknown rate. An unknown rate is counted, never
// taken as 0.
#pragma once

#include <cstdint>
#include <span>

#include "exec/exec_config.h"
#include "shm/base/state_io.h"

namespace pinstripe {

struct FundingDue {
  TimeNs at{TimeNs::max()};
  std::int64_t rate_e8 = 0;
  bool known = false;
};

class FundingSchedule {
 public:
  /// `entries` rise in time and outlive the schedule.
  FundingSchedule(std::span<const FundingEntry> entries, std::int64_t interval_ns) noexcept
      : entries_(entries), interval_ns_(interval_ns) {}

  /// The venue announced `rate_e8` for the instant `at`.
  void announce(TimeNs now, TimeNs at, std::int64_t rate_e8) noexcept;
  /// The instant up to and including which funding is settled.
  void settled(TimeNs at) noexcept { settled_ = at; }
  /// The first instant at or after `now` that is not settled yet.
  FundingDue next(TimeNs now) const noexcept;

  void save(StateWriter& w) const noexcept;
  void load(StateReader& r);

 private:
  std::span<const FundingEntry> entries_;
  std::int64_t interval_ns_;
  FundingEntry announced_;  // time 0: none
  FundingEntry following_;  // announced while `announced_` was still to be settled
  TimeNs settled_{TimeNs::min()};
};

}  // namespace pinstripe
