// The model file: what `pinstripe train` writes and the models stage loads. One JSON object.
//
//   format "pinstripe-model", version 1, name, kind, horizon_ns, registry_hash "0x...",
//   features [names], training {from_ns, to_ns, samples, data_digest},
//   standardise {mean, scale} (mlp, logistic), calibration {kind, a, b | margins, probabilities},
//   mean_abs_r_bps, importance {feature: gain}, evaluation {...},
//   trees {base_margin, xgboost} | layers [{inputs, outputs, weights, bias}]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/tree_model.h"
#include "shm/base/result.h"
#include "shm/base/units.h"

namespace pinstripe {

enum class ModelKind : std::uint8_t { kTrees = 0, kMlp = 1, kLogistic = 2 };
inline constexpr const char* kModelKindNames[] = {"trees", "mlp", "logistic"};

enum class CalibrationKind : std::uint8_t { kNone = 0, kPlatt = 1, kIsotonic = 2 };

/// Margin -> probability of "up". None: 1 / (1 + e^-margin). Platt: 1 / (1 + e^-(a margin + b)).
/// Isotonic: straight lines between the knots (margins rising, probabilities not falling), constant
/// outside. All are kept inside [kProbabilityMin, 1 - kProbabilityMin].
struct Calibration {
  CalibrationKind kind = CalibrationKind::kNone;
  double a = 1;
  double b = 0;
  std::vector<double> margins;
  std::vector<double> probabilities;
};
inline constexpr double kProbabilityMin = 1e-6;

/// The calibrated probability; a margin that is not finite counts as 0 evidence (0.5).
double calibrated(const Calibration& calibration, double margin) noexcept;

/// outputs x inputs, row-major. A network applies tanh after every layer but the last, which has
/// one output: the margin. A logistic model is one layer with one output.
struct DenseLayer {
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  std::vector<float> weights;
  std::vector<float> bias;
};

struct ModelFile {
  std::string name;                   // "up_5s_trees"
  ModelKind kind = ModelKind::kTrees;
  std::int64_t horizon_ns = 0;        // of its label (trading.md 4), 1 ms to 1 h
  std::uint64_t registry_hash = 0;    // of the feature registry it was trained on
  std::vector<std::string> features;  // names in vector order; input i of the model is feature i
  TimeNs train_from, train_to;        // event time, both ends included
  std::int64_t training_samples = 0;  // rows that were fitted
  std::string data_digest;            // of the training data, as text
  std::vector<float> mean, scale;     // mlp, logistic: z = (x - mean) / scale; scale > 0
  Calibration calibration;
  double mean_abs_r_bps = 0;          // mean |r| of the evaluated labels
  std::vector<std::pair<std::string, double>> importance;
  std::string evaluation = "{}";      // JSON object text, kept as it is
  bool beats_baseline = false;        // also stands in the evaluation block
  std::string xgboost_json;           // trees: the booster's own JSON, kept as it is
  float base_margin = 0;              // trees: taken from the library at training time
  std::vector<DenseLayer> layers;     // mlp, logistic
  TreeModel trees;                    // filled by load_model; not written

  std::string source;                 // file it came from; filled by load_model; not written
};

/// A member with fewer fitted samples never votes (trading.md 4).
inline constexpr std::int64_t kVotingSamplesMin = 500;

/// Reads and checks a model file. Errors name the file, what was found and what to do.
Result<ModelFile> load_model(const std::string& path);
/// The same from text; `origin` stands in messages.
Result<ModelFile> parse_model(const std::string& text, const std::string& origin);
/// The text of a model file: the same bytes for the same model, on every machine.
Result<std::string> model_text(const ModelFile& model);
/// Writes through a temporary file and a rename, so that a reader never sees half a model.
Result<void> save_model(const ModelFile& model, const std::string& path);

/// Refuses a model made for another feature registry; names both hashes and the first feature that
/// differs.
Result<void> check_registry(const ModelFile& model, std::uint64_t registry_hash,
                            std::span<const std::string> names);

/// The event time that a session will trade; `known` is false for a live session, whose time is
/// later than every training range by nature.
struct TradedRange {
  TimeNs from, to;
  bool known = false;
};
struct FoldChoice {
  std::size_t index = 0;
  bool in_sample = false;  // its training range overlaps the traded time (only where allowed)
};
/// The first fold whose training range does not overlap the traded time. Where every fold does: the
/// first one, flagged, if `in_sample` is allowed, else an error that names the ranges and the
/// option.
Result<FoldChoice> choose_fold(std::span<const ModelFile> folds, const TradedRange& traded,
                               bool in_sample);

}  // namespace pinstripe
