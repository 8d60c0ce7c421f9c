// Small models for tests: a booster trained here, a network and a logistic model with known
// weights.
#pragma once

#include <string>
#include <vector>

#include "models/loader/tree_loader.h"
#include "models/model_file.h"
#include "tests/models/booster.h"

namespace pinstripe {

inline constexpr std::uint64_t kTestRegistry = 0x1234ABCD5678EF01ULL;

inline ModelFile sample_head(const std::string& name, ModelKind kind, std::uint32_t features) {
  ModelFile m;
  m.name = name;
  m.kind = kind;
  m.horizon_ns = kNsPerSecond;
  m.registry_hash = kTestRegistry;
  for (std::uint32_t i = 0; i < features; ++i) m.features.push_back("f" + std::to_string(i));
  m.train_from = TimeNs(1'000 * kNsPerSecond);
  m.train_to = TimeNs(2'000 * kNsPerSecond);
  m.training_samples = 5'000;
  m.data_digest = "0xfeed";
  m.mean_abs_r_bps = 1.5;
  m.importance = {{"f1", 0.75}, {"f0", 0.25}};
  m.evaluation = R"({"log_loss":0.68,"beats_baseline":true})";
  m.beats_baseline = true;
  return m;
}

/// One layer, margin = Σ weights · z + bias with mean 0 and scale 1.
inline ModelFile sample_logistic(const std::string& name, std::vector<float> weights, float bias) {
  ModelFile m =
      sample_head(name, ModelKind::kLogistic, static_cast<std::uint32_t>(weights.size()));
  m.mean.assign(weights.size(), 0.0F);
  m.scale.assign(weights.size(), 1.0F);
  m.layers.push_back({static_cast<std::uint32_t>(weights.size()), 1, std::move(weights), {bias}});
  return m;
}

inline ModelFile sample_mlp(const std::string& name, std::uint32_t features, std::uint32_t hidden) {
  TestRandom random(17);
  ModelFile m = sample_head(name, ModelKind::kMlp, features);
  for (std::uint32_t i = 0; i < features; ++i) {
    m.mean.push_back(0.3F * random.bell());
    m.scale.push_back(0.5F + static_cast<float>(random.uniform()));
  }
  const auto layer = [&](std::uint32_t inputs, std::uint32_t outputs) {
    DenseLayer out{inputs, outputs, {}, {}};
    for (std::uint32_t i = 0; i < inputs * outputs; ++i) out.weights.push_back(random.bell());
    for (std::uint32_t i = 0; i < outputs; ++i) out.bias.push_back(random.bell());
    m.layers.push_back(std::move(out));
  };
  layer(features, hidden);
  layer(hidden, 1);
  m.calibration = {CalibrationKind::kPlatt, 0.8, -0.05, {}, {}};
  return m;
}

inline ModelFile sample_trees(const std::string& name, std::uint32_t features) {
  ModelFile m = sample_head(name, ModelKind::kTrees, features);
  Booster booster(training_set(features, 800, 11), 12,
                  {{"max_depth", "4"}, {"objective", "binary:logistic"}, {"tree_method", "hist"}});
  m.xgboost_json = booster.save("json");
  auto trees = parse_tree_model(m.xgboost_json, name);
  if (!trees) std::abort();
  m.trees = std::move(*trees);
  m.base_margin = m.trees.base_margin;
  m.calibration = {CalibrationKind::kIsotonic, 1, 0, {-1, 0, 1}, {0.2, 0.5, 0.7}};
  return m;
}

}  // namespace pinstripe
