// Fits the tree members through the XGBoost C API.
#pragma once

#include <cstdint>
#include <vector>

#include "models/model_file.h"
#include "shm/base/result.h"
#include "tools/train/dataset.h"

namespace pinstripe {

/// The defaults are for captures of minutes: few effective samples, so shallow trees, small steps
/// and leaves that must hold many rows.
struct TreeOptions {
  int rounds = 140;
  int depth = 3;
  double step = 0.06;             // eta
  double leaf_weight_min = 60;    // least sum of p(1-p) in a leaf
  double ridge = 20;              // lambda
  std::vector<int> rising;        // +1: the margin may only rise with this input; empty: free
};

/// Fills xgboost_json, base_margin and importance of `model` (kind trees). One thread, no
/// subsampling, gradients computed here with the own exp and handed over by XGBoosterBoostOneIter:
/// the same rows give the same bytes every time. `model.features` names the inputs.
Result<void> fit_trees(const Dataset& data, const TreeOptions& options, ModelFile& model);

}  // namespace pinstripe
