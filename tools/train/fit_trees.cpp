#include "tools/train/fit_trees.h"

#include <xgboost/c_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "shm/base/math.h"

namespace pinstripe {
namespace {

/// Frees what the library allocated, whatever way we leave.
struct Handles {
  DMatrixHandle matrix = nullptr;
  BoosterHandle booster = nullptr;
  ~Handles() {
    if (booster != nullptr) XGBoosterFree(booster);
    if (matrix != nullptr) XGDMatrixFree(matrix);
  }
};

Result<void> check(int status, const char* what) {
  if (status == 0) return {};
  return fail(std::string("xgboost: cannot ") + what + ": " + XGBGetLastError());
}

std::string decimal(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", v);
  return text;
}

/// "(0,1,0)": XGBoost's way to write monotone constraints.
std::string constraints(const std::vector<int>& rising) {
  std::string text = "(";
  for (std::size_t i = 0; i < rising.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(rising[i]);
  }
  return text + ")";
}

Result<void> set_parameters(BoosterHandle booster, const TreeOptions& o) {
  const std::pair<const char*, std::string> parameters[] = {
      {"booster", "gbtree"},
      {"objective", "binary:logistic"},
      {"base_score", "0.5"},
      {"tree_method", "hist"},
      {"nthread", "1"},
      {"seed", "0"},
      {"max_depth", std::to_string(o.depth)},
      {"eta", decimal(o.step)},
      {"lambda", decimal(o.ridge)},
      {"min_child_weight", decimal(o.leaf_weight_min)},
      {"max_bin", "256"},
  };
  for (const auto& [name, value] : parameters) {
    if (auto ok = check(XGBoosterSetParam(booster, name, value.c_str()), name); !ok) return ok;
  }
  if (o.rising.empty()) return {};
  return check(XGBoosterSetParam(booster, "monotone_constraints", constraints(o.rising).c_str()),
               "constrain the signs");
}

Result<void> open(const Dataset& data, const TreeOptions& options, Handles& h) {
  if (auto ok = check(XGDMatrixCreateFromMat(data.x.data(), data.rows(), data.inputs,
                                             std::numeric_limits<float>::quiet_NaN(), &h.matrix),
                      "take the rows"); !ok) {
    return ok;
  }
  const DMatrixHandle cache[] = {h.matrix};
  if (auto ok = check(XGBoosterCreate(cache, 1, &h.booster), "make a booster"); !ok) return ok;
  return set_parameters(h.booster, options);
}

/// Margins of all rows so far.
Result<void> margins_of(const Handles& h, std::vector<float>& margins) {
  constexpr const char* kMargins =
      R"({"type":1,"training":true,"iteration_begin":0,"iteration_end":0,"strict_shape":false})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  const auto ok = check(XGBoosterPredictFromDMatrix(h.booster, h.matrix, kMargins, &shape,
                                                    &dimensions, &values), "predict");
  if (ok) std::copy(values, values + margins.size(), margins.begin());
  return ok;
}

Result<void> read_importance(const Handles& h, ModelFile& model) {
  bst_ulong count = 0, dimensions = 0;
  const bst_ulong* shape = nullptr;
  const char** names = nullptr;
  const float* scores = nullptr;
  auto ok = check(XGBoosterFeatureScore(h.booster, R"({"importance_type":"total_gain"})", &count,
                                        &names, &dimensions, &shape, &scores), "rank the inputs");
  if (!ok) return ok;
  double sum = 0;
  for (bst_ulong i = 0; i < count; ++i) sum += scores[i];
  for (bst_ulong i = 0; i < count; ++i) {
    // The booster names inputs by number, "f12".
    const auto input = static_cast<std::size_t>(std::strtoul(names[i] + 1, nullptr, 10));
    if (input >= model.features.size()) return fail("xgboost: ranks an unknown input");
    model.importance.emplace_back(model.features[input], scores[i] / sum);
  }
  std::stable_sort(model.importance.begin(), model.importance.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return {};
}

}  // namespace

Result<void> fit_trees(const Dataset& data, const TreeOptions& options, ModelFile& model) {
  Handles h;
  if (auto ok = open(data, options, h); !ok) return ok;
  std::vector<float> margins(data.rows()), slopes(data.rows()), curves(data.rows());
  for (int round = 0; round < options.rounds; ++round) {
    if (auto ok = margins_of(h, margins); !ok) return ok;
    if (round == 0) model.base_margin = margins.front();
    for (std::size_t i = 0; i < data.rows(); ++i) {
      const double p = 1 / (1 + exp_fixed(-static_cast<double>(margins[i])));
      slopes[i] = static_cast<float>(p - (data.up[i] != 0 ? 1.0 : 0.0));
      curves[i] = static_cast<float>(p * (1 - p));
    }
    if (auto ok = check(XGBoosterBoostOneIter(h.booster, h.matrix, slopes.data(), curves.data(),
                                              data.rows()), "add a tree"); !ok) {
      return ok;
    }
  }
  bst_ulong size = 0;
  const char* bytes = nullptr;
  if (auto ok = check(XGBoosterSaveModelToBuffer(h.booster, R"({"format":"json"})", &size, &bytes),
                      "write the model"); !ok) {
    return ok;
  }
  model.xgboost_json.assign(bytes, size);
  return read_importance(h, model);
}

}  // namespace pinstripe
