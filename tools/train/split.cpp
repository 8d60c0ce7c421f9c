#include "tools/train/split.h"

#include <algorithm>
#include <vector>

#include "shm/base/check.h"

namespace pinstripe {
namespace {

std::vector<TimeSpan> union_of(std::span<const TimeSpan> observed) {
  std::vector<TimeSpan> sorted(observed.begin(), observed.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.from < b.from; });
  std::vector<TimeSpan> joined;
  for (const TimeSpan& s : sorted) {
    if (!joined.empty() && s.from <= joined.back().to) {
      joined.back().to = std::max(joined.back().to, s.to);
    } else {
      joined.push_back(s);
    }
  }
  return joined;
}

TimeNs after_observing(std::span<const TimeSpan> joined, std::int64_t ns) {
  for (const TimeSpan& s : joined) {
    const std::int64_t length = (s.to - s.from).value;
    if (ns <= length) return s.from + TimeNs(ns);
    ns -= length;
  }
  return joined.empty() ? TimeNs(0) : joined.back().to;
}

}  // namespace

Slice Split::slice_of(TimeNs t, TimeNs label_end) const noexcept {
  if (t < fit_end) return label_end < fit_end ? Slice::kFit : Slice::kNone;
  const TimeNs embargo(embargo_ns);
  if (t < calibrate_end) {
    const bool clear = t >= saturating_add(fit_end, embargo) && label_end < calibrate_end;
    return clear ? Slice::kCalibrate : Slice::kNone;
  }
  return t >= saturating_add(calibrate_end, embargo) ? Slice::kTest : Slice::kNone;
}

std::int64_t observed_ns(std::span<const TimeSpan> observed) {
  std::int64_t sum = 0;
  for (const TimeSpan& s : union_of(observed)) sum += (s.to - s.from).value;
  return sum;
}

Split plan_split(std::span<const TimeSpan> observed, double fit_share, double calibrate_share,
                 std::int64_t embargo_ns) {
  PINSTRIPE_CHECK(fit_share > 0 && calibrate_share > 0 && fit_share + calibrate_share < 1,
                  "shares of fit and calibration are positive and leave some for the test");
  const std::vector<TimeSpan> joined = union_of(observed);
  const auto total = static_cast<double>(observed_ns(observed));
  Split split;
  split.fit_end = after_observing(joined, static_cast<std::int64_t>(total * fit_share));
  split.calibrate_end = after_observing(
      joined, static_cast<std::int64_t>(total * (fit_share + calibrate_share)));
  split.embargo_ns = embargo_ns;
  return split;
}

}  // namespace pinstripe
