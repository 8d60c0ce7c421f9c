// The mirror image of a row: the same market with buyers and sellers exchanged.
//
// A market seen in a mirror (prices reflected, bids and asks swapped) must give the mirrored
// forecast. Fitting on every row and on its image teaches exactly that: what a few minutes of
// one-sided market happened to do (volatility, time of day, spread "predicting" up) cannot be
// learned, because each such row comes once with up and once with down.
#pragma once

#include <cstddef>
#include <span>

namespace pinstripe {

enum class Mirror : unsigned char {
  kEven,     // unchanged: spreads, volatilities, intensities
  kOdd,      // changes sign: imbalances, flows, momentum
  kShare,    // x -> 1 - x: a buyers' share
  kPercent,  // x -> 100 - x: RSI
  kSwap,     // takes the value of its partner on the other side of the book
};

struct MirrorRule {
  Mirror kind = Mirror::kEven;
  std::size_t partner = 0;  // for kSwap
};

/// Rule of feature `index` of the registry; every registered feature has one.
MirrorRule mirror_rule(std::size_t index);

/// Writes the image of `row` (vector order; NaN stays absent) to `image`.
void mirror_row(std::span<const float> row, std::span<float> image);

}  // namespace pinstripe
