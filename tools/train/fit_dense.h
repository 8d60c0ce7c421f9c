// Fits the dense members: logistic regression (Newton) and a small tanh network (Adam).
//
// Deterministic: own loops in a fixed order, own exp and tanh, draws that are a hash of the seed.
// The same rows give the same bytes on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/model_file.h"
#include "tools/train/dataset.h"

namespace pinstripe {

struct DenseOptions {
  std::uint32_t hidden = 8;        // of the network; at least 1
  int epochs = 10;
  std::uint32_t batch = 256;
  double rate = 2e-3;              // Adam's step
  double ridge = 1e-2;             // L2 a row, on weights of standardised inputs
  std::uint64_t seed = 1;
};

/// Means and deviations of the present values, in row order; inputs that never vary get weight 0.
void fit_standardisation(const Dataset& data, ModelFile& model);

/// Fills standardise and layers of `model` (kind logistic). Newton's method with a ridge.
void fit_logistic(const Dataset& data, const DenseOptions& options, ModelFile& model);

/// Fills standardise and layers of `model` (kind mlp): inputs -> hidden tanh -> 1. Adam (Kingma, Ba
/// 2015) on shuffled batches; the weights are the mean over the last half of the epochs (Polyak),
/// which takes out the noise of the last step.
void fit_mlp(const Dataset& data, const DenseOptions& options, ModelFile& model);

/// Mean size of each input's path to the margin, largest first, at most `count`.
std::vector<std::pair<std::string, double>> dense_importance(const ModelFile& model,
                                                             std::size_t count = 20);

/// One-feature logistic regression up ~ a x + b over present x: the baseline.
struct LineFit {
  double a = 0, b = 0;
  double probability(double x) const noexcept;
};
LineFit fit_line(const std::vector<double>& x, const std::vector<std::uint8_t>& up);

}  // namespace pinstripe
