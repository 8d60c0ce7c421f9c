// From margins to probabilities, on a slice later than the fit and earlier than the test.
#pragma once

#include <cstdint>
#include <span>

#include "models/model_file.h"

namespace pinstripe {

struct Scored {
  double margin = 0;
  bool up = false;
};

/// Platt's sigmoid (1999, smoothed targets) with two departures that a slice of a minute asks for:
/// - the intercept is 0: up and down are mirror images, and the average direction of one minute
///   says nothing about the next;
/// - the slope has a prior, 1 +- kSlopeDeviation (the margin was fitted to a likelihood already),
///   and the likelihood counts each move once: `overlap` neighbouring rows share one label window.
///   The slope is never negative: a model that ranks the wrong way round gets 0, that is p = 0.5.
Calibration fit_platt(std::span<const Scored> rows, double overlap = 1);
inline constexpr double kSlopeDeviation = 0.5;

/// Pool-adjacent-violators on the margins and their mirror images (-margin, other outcome), as
/// straight lines between blocks of at least `rows_min`.
Calibration fit_isotonic(std::span<const Scored> rows, std::size_t rows_min = 200);

}  // namespace pinstripe
