#include "exec/funding_schedule.h"

#include <algorithm>

namespace pinstripe {

void FundingSchedule::announce(TimeNs now, TimeNs at, std::int64_t rate_e8) noexcept {
  if (at.value <= 0) return;  // the venue sent no instant (delivery contracts)
  const FundingEntry entry{at.value, rate_e8};
  const bool current_waits =
      announced_.time_ns >= now.value && TimeNs(announced_.time_ns) > settled_;
  if (current_waits && announced_.time_ns != at.value) {
    following_ = entry;
    return;
  }
  announced_ = entry;
  if (following_.time_ns <= at.value) following_ = {};
}

FundingDue FundingSchedule::next(TimeNs now) const noexcept {
  const std::int64_t from =
      settled_ >= now ? saturating_add(settled_, TimeNs(1)).value : now.value;
  const auto it = std::lower_bound(
      entries_.begin(), entries_.end(), from,
      [](const FundingEntry& e, std::int64_t t) { return e.time_ns < t; });
  // A file that begins later than one interval from now says nothing about the instants before it.
  const bool in_file = it != entries_.end() && (it != entries_.begin() ||
                                                it->time_ns - from <= interval_ns_);
  if (in_file) return {TimeNs(it->time_ns), it->rate_e8, true};
  for (const FundingEntry& e : {announced_, following_}) {
    if (e.time_ns >= from) return {TimeNs(e.time_ns), e.rate_e8, true};
  }
  const std::int64_t steps = from / interval_ns_ + (from % interval_ns_ != 0 ? 1 : 0);
  std::int64_t at = 0;
  if (__builtin_mul_overflow(steps, interval_ns_, &at)) return {};
  return {TimeNs(at), 0, false};
}

void FundingSchedule::save(StateWriter& w) const noexcept {
  for (const FundingEntry& e : {announced_, following_}) {
    w.i64(e.time_ns);
    w.i64(e.rate_e8);
  }
  w.unit(settled_);
}

void FundingSchedule::load(StateReader& r) {
  for (FundingEntry* e : {&announced_, &following_}) {
    e->time_ns = r.i64();
    e->rate_e8 = r.i64();
  }
  settled_ = r.unit<TimeNs>();
}

}  // namespace pinstripe
