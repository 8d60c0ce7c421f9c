// The tree evaluator: margins bit-equal to XGBoosterPredictFromDense (missing = NaN), one row at a
// time, without allocation.
//
// Layout. All trees lie in one array of 8-byte nodes, breadth first, siblings side by side. A node
// is a threshold and a word: 20 bits distance to the left child, 12 bits input slot. The step
//     node += distance + !(slots[slot] < threshold)
// has no branch. Two tricks take the rest out of it:
// - Missing values. Each input has two slots: one as it is (NaN < t is false: right) and one with
//   NaN replaced by -inf (-inf < t is true for every finite t: left). A split reads the slot that
//   its default direction needs, so no mask is needed.
// - Leaves. A leaf has distance 0, reads a slot that is always -inf and has its output as
//   threshold: -inf < output, so it steps to itself. Trees of unequal depth then walk in step.
// Trees are walked several at once; their outputs are added in tree order from the base margin,
// which fixes the bits whatever the width.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/tree_model.h"
#include "shm/base/isa.h"

namespace pinstripe {

/// The kernel that a session takes unless its config names another. On every machine measured the
/// sixteen interleaved scalar walks beat the gathers of AVX2 and AVX-512 for one row (Zen 3, Zen 4;
/// `pinstripe bench trees` prints each width).
inline constexpr Isa kTreeIsa = Isa::kPlain;

/// Owns the laid-out trees and the scratch of one caller; not for two threads at once.
class TreeEvaluator {
 public:
  /// `model` has passed the loader's checks. `isa` is capped by the machine.
  explicit TreeEvaluator(const TreeModel& model, Isa isa = kTreeIsa);

  /// Margin of one row of `features()` values; NaN is missing.
  float margin(std::span<const float> row) noexcept;

  std::uint32_t features() const noexcept { return features_; }
  std::size_t tree_count() const noexcept { return tree_count_; }
  Isa isa() const noexcept { return isa_; }

  struct Node {
    float threshold;
    std::uint32_t step;  // distance to the left child << 12 | slot
  };
  /// 16 trees walked together for `depth` steps; absent ones of the last group are one leaf.
  struct Group {
    std::uint32_t depth;
    std::uint32_t roots[16];
  };

 private:
  std::vector<Node> nodes_;
  std::vector<Group> groups_;
  std::vector<float> slots_;    // inputs as they are, inputs with NaN as -inf, -inf
  std::vector<float> outputs_;  // one a tree, filled up to whole groups
  std::size_t tree_count_ = 0;
  std::uint32_t features_ = 0;
  float base_margin_ = 0;
  Isa isa_;
};

}  // namespace pinstripe
