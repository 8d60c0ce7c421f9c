// Which rows may be fitted, calibrated and tested (trading.md 4): three slices in time order, cut
// at the same two instants for every instrument, so that no instrument learns what another saw
// later.
//
//   |---- fit ----|purge|-- embargo --|-- calibrate --|purge|-- embargo --|---- test ----|
//
// Purge: a row whose label window reaches past the cut is dropped. Embargo: after a cut, rows are
// dropped for max(horizon, longest feature window), because their features still see what the slice
// before it was fitted on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/base/units.h"

namespace pinstripe {

/// Event time that was observed, both ends included.
struct TimeSpan {
  TimeNs from, to;
};

enum class Slice : std::uint8_t { kNone = 0, kFit = 1, kCalibrate = 2, kTest = 3 };

struct Split {
  TimeNs fit_end;        // rows and labels of `fit` lie before it
  TimeNs calibrate_end;  // rows and labels of `calibrate` lie before it
  std::int64_t embargo_ns = 0;

  /// Slice of a decision at `t` whose label is known at `label_end` (>= t).
  Slice slice_of(TimeNs t, TimeNs label_end) const noexcept;
};

/// Cuts where the given shares of the observed time (the union of `observed`; hours between
/// captures do not count) have passed. Shares are in (0, 1) and their sum is below 1.
Split plan_split(std::span<const TimeSpan> observed, double fit_share, double calibrate_share,
                 std::int64_t embargo_ns);

/// Nanoseconds in the union of the spans.
std::int64_t observed_ns(std::span<const TimeSpan> observed);

}  // namespace pinstripe
