// A model for tests: votes with the imbalance of the touch alone, which trades often on the
// synthetic market.
#pragma once

#include <cstdint>
#include <string>

#include "features/registry.h"
#include "models/model_file.h"

namespace pinstripe {

inline ModelFile imbalance_model(std::uint64_t registry, std::int64_t horizon_ns) {
  ModelFile m;
  m.name = "imbalance";
  m.kind = ModelKind::kLogistic;
  m.horizon_ns = horizon_ns;
  m.registry_hash = registry;
  for (const std::string& name : feature_names()) m.features.emplace_back(name);
  m.train_from = TimeNs(1);
  m.train_to = TimeNs(2);
  m.training_samples = 10'000;
  m.data_digest = "test";
  m.mean.assign(m.features.size(), 0.0F);
  m.scale.assign(m.features.size(), 1.0F);
  m.mean_abs_r_bps = 2;
  DenseLayer layer;
  layer.inputs = static_cast<std::uint32_t>(m.features.size());
  layer.outputs = 1;
  layer.weights.assign(m.features.size(), 0.0F);
  layer.weights.at(feature_index("imbalance_1")) = 2.0F;
  layer.bias = {0.0F};
  m.layers = {layer};
  return m;
}

}  // namespace pinstripe
