// A gradient-boosted tree model as its file states it, before it is laid out for speed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pinstripe {

/// One tree as parallel arrays over its nodes; node 0 is the root. A leaf has left -1.
/// A row goes left where value < threshold; a missing value (NaN) goes to the default side.
struct Tree {
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> right;
  std::vector<std::uint32_t> feature;
  std::vector<float> value;  // threshold of a split, output of a leaf (margin)
  std::vector<std::uint8_t> default_left;

  bool is_leaf(std::size_t node) const noexcept { return left[node] < 0; }
};

/// The margin of a row is base_margin + leaf of tree 0 + leaf of tree 1 + ..., added in float in
/// that order, as XGBoost 1.7.4 adds them.
struct TreeModel {
  std::vector<Tree> trees;
  std::uint32_t features = 0;  // number of inputs
  float base_margin = 0;       // -0 for a base_score of 0.5, as the library has it
  std::string objective;
};

/// Largest number of inputs and of nodes a tree that the evaluator lays out.
inline constexpr std::uint32_t kTreeFeatureMax = 2047;
inline constexpr std::uint32_t kTreeNodeMax = 1U << 20;
/// Longest path from root to leaf that is accepted.
inline constexpr std::uint32_t kTreeDepthMax = 64;

}  // namespace pinstripe
