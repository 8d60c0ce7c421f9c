// The dense members: a small network (tanh) and the logistic model, which is a network of one
// layer.
//
// Eigen holds the weights; the hot path reads them through dot16 of shm/base, whose order of
// additions is fixed, and never through Eigen's products (protocol 9).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "models/model_file.h"
#include "shm/base/isa.h"

namespace pinstripe {

/// Standardised inputs of a dense model: z = (x - mean) / scale in float, clipped to ±8; an absent
/// input (NaN) is 0, that is, the training mean.
void standardise(std::span<const float> mean, std::span<const float> scale,
                 std::span<const float> row, std::span<float> z) noexcept;
inline constexpr float kStandardisedMax = 8.0F;

/// Owns weights and scratch of one caller. Memory is taken in the constructor.
class DenseNet {
 public:
  /// `model` is of kind mlp or logistic and has passed load_model's checks.
  explicit DenseNet(const ModelFile& model, Isa isa = Isa::kAvx512);
  ~DenseNet();
  DenseNet(DenseNet&&) noexcept;
  DenseNet& operator=(DenseNet&&) noexcept;

  /// Margin of one row of `features()` values; NaN is absent.
  float margin(std::span<const float> row) noexcept;
  std::uint32_t features() const noexcept;

 private:
  struct Weights;
  std::unique_ptr<Weights> weights_;
};

}  // namespace pinstripe
