#include "models/member.h"

#include "shm/base/check.h"

namespace pinstripe {

Member::Member(const MemberConfig& config, Isa isa, Isa tree_isa)
    : calibration_(config.model.calibration),
      features_(config.model.features.size()),
      registry_hash_(config.model.registry_hash),
      horizon_ns_(config.model.horizon_ns),
      cost_ns_(config.cost_ns),
      samples_(config.model.training_samples),
      weight_(config.weight),
      prior_abs_r_bps_(config.model.mean_abs_r_bps),
      trained_to_(config.model.train_to) {
  if (config.model.kind == ModelKind::kTrees) {
    trees_.emplace(config.model.trees, tree_isa);
    PINSTRIPE_CHECK(trees_->features() == features_, "load_model compares the two");
  } else {
    net_.emplace(config.model, isa);
    PINSTRIPE_CHECK(net_->features() == features_, "load_model compares the two");
  }
}

float Member::margin(std::span<const float> row) noexcept {
  return trees_ ? trees_->margin(row) : net_->margin(row);
}

double Member::probability(std::span<const float> row) noexcept {
  return calibrated(calibration_, static_cast<double>(margin(row)));
}

}  // namespace pinstripe
