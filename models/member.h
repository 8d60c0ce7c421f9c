// One member of the ensemble at work: a model with its evaluator and its calibration.
#pragma once

#include <optional>
#include <span>

#include "models/dense.h"
#include "models/models_config.h"
#include "models/tree_eval.h"

namespace pinstripe {

class Member {
 public:
  Member(const MemberConfig& config, Isa isa, Isa tree_isa = kTreeIsa);

  /// Calibrated probability of "up"; `row` has one value a feature, NaN where it is absent.
  double probability(std::span<const float> row) noexcept;
  /// The raw margin, for training and benches.
  float margin(std::span<const float> row) noexcept;

  bool may_vote() const noexcept { return samples_ >= kVotingSamplesMin; }
  bool is_calibrated() const noexcept { return calibration_.kind != CalibrationKind::kNone; }
  std::size_t features() const noexcept { return features_; }
  std::uint64_t registry_hash() const noexcept { return registry_hash_; }
  std::int64_t horizon_ns() const noexcept { return horizon_ns_; }
  std::int64_t cost_ns() const noexcept { return cost_ns_; }
  double weight() const noexcept { return weight_; }
  double prior_abs_r_bps() const noexcept { return prior_abs_r_bps_; }
  TimeNs trained_to() const noexcept { return trained_to_; }

 private:
  std::optional<TreeEvaluator> trees_;
  std::optional<DenseNet> net_;
  Calibration calibration_;
  std::size_t features_;
  std::uint64_t registry_hash_;
  std::int64_t horizon_ns_;
  std::int64_t cost_ns_;
  std::int64_t samples_;
  double weight_;
  double prior_abs_r_bps_;
  TimeNs trained_to_;
};

}  // namespace pinstripe
