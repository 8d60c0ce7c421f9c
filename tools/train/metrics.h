// How good probabilities are: log-loss, AUC, Brier, reliability, block bootstrap.
//
// All sums run in the order of the rows; the same rows give the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pinstripe {

/// Probability of "up" (inside (0, 1)) and whether it went up.
struct Forecast {
  double probability = 0.5;
  bool up = false;
};

/// Mean of -ln of the probability given to what happened; 0 for no rows.
double log_loss(std::span<const Forecast> rows);
/// Mean squared difference of probability and outcome; 0 for no rows.
double brier_score(std::span<const Forecast> rows);
/// Area under the ROC curve: the chance that an up row is ranked above a down row, ties counting
/// half (Mann-Whitney). 0.5 where one of the classes is absent.
double auc(std::span<const Forecast> rows);

struct ReliabilityBin {
  std::int64_t count = 0;
  double mean_probability = 0;
  double share_up = 0;
};
/// Ten bins of equal width over [0, 1].
std::array<ReliabilityBin, 10> reliability(std::span<const Forecast> rows);

struct Interval {
  double low = 0;
  double high = 0;
};
/// 95 % intervals of model against baselines, from whole blocks drawn with replacement: labels that
/// overlap in time are not independent, blocks much longer than the horizon nearly are (Künsch
/// 1989).
struct Bootstrap {
  Interval auc;
  Interval log_loss;
  Interval against_prior;      // log-loss of the model - of the class prior; below 0 is better
  Interval against_imbalance;  // the same against the one-feature logistic model
  std::int64_t blocks = 0;
};
/// `block[i]` is the block of row i (any numbers); all spans have one length.
Bootstrap block_bootstrap(std::span<const Forecast> model, std::span<const Forecast> prior,
                          std::span<const Forecast> imbalance, std::span<const std::int64_t> block,
                          std::uint64_t seed, int draws = 1000);

}  // namespace pinstripe
