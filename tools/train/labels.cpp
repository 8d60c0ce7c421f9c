#include "tools/train/labels.h"

#include <algorithm>

#include "shm/base/check.h"
#include "shm/base/math.h"

namespace pinstripe {

void MidSeries::add(TimeNs t, std::int64_t mid_half_ticks, bool valid) {
  PINSTRIPE_CHECK(steps_.empty() || t >= last_, "mids are added in time order");
  last_ = t;
  valid = valid && mid_half_ticks > 0;
  if (!steps_.empty() && steps_.back().mid_half_ticks == mid_half_ticks &&
      steps_.back().valid == valid) {
    return;
  }
  const std::int64_t before = steps_.empty() ? 0 : steps_.back().invalid_so_far;
  steps_.push_back({t, mid_half_ticks, valid, before + (valid ? 0 : 1)});
}

std::size_t MidSeries::step_at(TimeNs t) const noexcept {
  const auto after = std::upper_bound(steps_.begin(), steps_.end(), t,
                                      [](TimeNs v, const Step& s) { return v < s.t; });
  return static_cast<std::size_t>(after - steps_.begin());
}

std::int64_t MidSeries::mid_half_ticks_at(TimeNs t) const noexcept {
  const std::size_t at = step_at(t);
  return at == 0 ? 0 : steps_[at - 1].mid_half_ticks;
}

bool MidSeries::valid_throughout(TimeNs from, TimeNs to) const noexcept {
  const std::size_t first = step_at(from);
  if (first == 0 || to > last_ || to < from) return false;
  const Step& start = steps_[first - 1];
  return start.valid && steps_[step_at(to) - 1].invalid_so_far == start.invalid_so_far;
}

std::vector<Label> make_labels(const MidSeries& mids, std::span<const TimeNs> times,
                               std::int64_t delay_ns, std::int64_t horizon_ns) {
  std::vector<Label> labels;
  labels.reserve(times.size());
  for (const TimeNs t : times) {
    Label label;
    const TimeNs from = saturating_add(t, TimeNs(delay_ns));
    label.end = saturating_add(from, TimeNs(horizon_ns));
    label.known = mids.valid_throughout(t, label.end);
    if (label.known) {
      const auto before = static_cast<double>(mids.mid_half_ticks_at(from));
      const auto after = static_cast<double>(mids.mid_half_ticks_at(label.end));
      label.r_bps = 1e4 * log_fixed(after / before);
    }
    labels.push_back(label);
  }
  return labels;
}

double median_abs_r_bps(std::span<const Label> labels, TimeNs last_end) {
  std::vector<double> sizes;
  for (const Label& label : labels) {
    if (!label.known || label.end > last_end) continue;
    sizes.push_back(label.r_bps < 0 ? -label.r_bps : label.r_bps);
  }
  if (sizes.empty()) return 0;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

}  // namespace pinstripe
