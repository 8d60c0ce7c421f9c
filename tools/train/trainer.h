// The whole of training: tapes -> labels -> split -> fit -> calibrate -> evaluate -> model files.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/model_file.h"
#include "tools/train/evaluate.h"
#include "tools/train/fit_dense.h"
#include "tools/train/fit_trees.h"
#include "tools/train/split.h"
#include "tools/train/tape.h"

namespace pinstripe {

/// One member to fit: "trees:1s".
struct MemberSpec {
  ModelKind kind = ModelKind::kTrees;
  std::int64_t horizon_ns = 5 * kNsPerSecond;
  std::string name() const;  // "trees_1s"
};

/// "trees:1s,mlp:5s" -> specs; kinds trees, mlp, logistic; horizons 1 ms to 1 h.
Result<std::vector<MemberSpec>> parse_members(const std::string& text);
/// "1s", "500ms" -> ns.
Result<std::int64_t> parse_horizon(const std::string& text);

struct TrainOptions {
  std::vector<MemberSpec> members{{ModelKind::kTrees, 1 * kNsPerSecond},
                                  {ModelKind::kTrees, 5 * kNsPerSecond},
                                  {ModelKind::kMlp, 5 * kNsPerSecond}};
  std::int64_t label_delay_ns = 1'060'000;  // decision -> order at the venue
  double fit_share = 0.7;
  double calibrate_share = 0.12;
  std::int64_t decision_interval_ns = 100'000'000;  // of the tapes: how many labels overlap
  CalibrationKind calibration = CalibrationKind::kPlatt;
  std::vector<std::string> inputs;          // features that are fitted, by name; empty: all
  bool shuffle_labels = false;              // leak test: outcomes drawn by coin, nothing to learn
  std::uint64_t seed = 1;                   // of the network's start and shuffles
  TreeOptions trees;
  DenseOptions dense;
};

/// Features that are fitted by default: those for which the literature says why they lead the mid
/// (book imbalance, order flow, aggressor flow, short reversal) and the few that say how much.
/// Captures of minutes hold a hundred independent labels; with all sixty features a model learns
/// the minutes.
std::vector<std::string> default_inputs();

/// Longest time a feature looks back, from the registry's warm-ups.
std::int64_t longest_feature_window_ns(const FeaturesConfig& config);

struct TrainedMember {
  ModelFile model;
  Evaluation evaluation;
  Split split;
  double theta_median_bps = 0;        // median |r| of the fitted time, mean over tapes
  std::int64_t fit_rows = 0, calibrate_rows = 0;
  double oracle_auc = 0;              // synthetic market: of the best possible forecast, else 0
};

using Progress = std::function<void(const std::string&)>;

/// Fits every member. `name` stands in front of the models' names. Errors say what the data lacks.
Result<std::vector<TrainedMember>> train(std::span<const Tape> tapes, const TrainOptions& options,
                                         const FeaturesConfig& features, const std::string& name,
                                         const Progress& progress);

/// Judges finished models on tapes they have not seen, beside baselines fitted on nothing but what
/// the model file carries: prior 0.5, and the imbalance line fitted on the first half of the tapes.
Result<Evaluation> evaluate_on(const ModelFile& model, std::span<const Tape> tapes,
                               const TrainOptions& options);

/// Digest of the tapes as text, for the model file.
std::string tapes_digest(std::span<const Tape> tapes);

}  // namespace pinstripe
