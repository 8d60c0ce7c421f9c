#include "models/tree_eval.h"

#include <algorithm>
#include <limits>

#include "shm/base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12 warns about its own header: the "undefined" source of an unmasked gather is never read.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace pinstripe {
namespace {

using Node = TreeEvaluator::Node;
using Group = TreeEvaluator::Group;

constexpr std::uint32_t kSlotBits = 12;
constexpr std::uint32_t kSlotMask = (1U << kSlotBits) - 1;
constexpr std::size_t kGroupTrees = 16;
static_assert(2 * kTreeFeatureMax + 1 <= kSlotMask, "every input has two slots, leaves have one");
static_assert(kTreeNodeMax <= 1U << (32 - kSlotBits), "distance to a child fits its bits");

// PERF NOTE: the body of the walk is load, load, compare, set, add for each of eight trees whose
// chains of loads do not depend on each other; a branch that could be mispredicted exists only at
// the end of a level.
template <std::size_t kTrees>
[[gnu::always_inline]] inline void walk(const Node* nodes, const float* slots,
                                        const std::uint32_t* roots, std::uint32_t depth,
                                        float* outputs) noexcept {
  std::uint32_t at[kTrees];
  for (std::size_t k = 0; k < kTrees; ++k) at[k] = roots[k];
  for (std::uint32_t level = 0; level < depth; ++level) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < kTrees; ++k) {
      const Node node = nodes[at[k]];
      const bool left = slots[node.step & kSlotMask] < node.threshold;
      at[k] += (node.step >> kSlotBits) + static_cast<std::uint32_t>(!left);
    }
  }
  for (std::size_t k = 0; k < kTrees; ++k) outputs[k] = nodes[at[k]].threshold;
}

void walk_plain(const Node* nodes, const float* slots, const Group& group,
                float* outputs) noexcept {
  walk<8>(nodes, slots, group.roots, group.depth, outputs);
  walk<8>(nodes, slots, group.roots + 8, group.depth, outputs + 8);
}

#if defined(__x86_64__)

/// One level for eight trees: `at` becomes the chosen children.
__attribute__((target("avx2"), always_inline)) inline __m256i step_avx2(
    const Node* nodes, const float* slots, __m256i at) noexcept {
  const auto* words = reinterpret_cast<const int*>(nodes);
  const __m256 threshold = _mm256_i32gather_ps(reinterpret_cast<const float*>(nodes), at, 8);
  const __m256i step = _mm256_i32gather_epi32(words + 1, at, 8);
  const __m256i slot =
      _mm256_and_si256(step, _mm256_set1_epi32(static_cast<int>(kSlotMask)));
  const __m256 value = _mm256_i32gather_ps(slots, slot, 4);
  // All ones where left: adding 1 and the mask adds nothing there, and 1 to the right.
  const __m256i left = _mm256_castps_si256(_mm256_cmp_ps(value, threshold, _CMP_LT_OQ));
  const __m256i distance = _mm256_srli_epi32(step, kSlotBits);
  const __m256i right = _mm256_add_epi32(left, _mm256_set1_epi32(1));
  return _mm256_add_epi32(at, _mm256_add_epi32(distance, right));
}

__attribute__((target("avx2"))) void walk_avx2(const Node* nodes, const float* slots,
                                               const Group& group, float* outputs) noexcept {
  __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group.roots));
  __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group.roots + 8));
  for (std::uint32_t level = 0; level < group.depth; ++level) {
    a = step_avx2(nodes, slots, a);
    b = step_avx2(nodes, slots, b);
  }
  const auto* thresholds = reinterpret_cast<const float*>(nodes);
  _mm256_storeu_ps(outputs, _mm256_i32gather_ps(thresholds, a, 8));
  _mm256_storeu_ps(outputs + 8, _mm256_i32gather_ps(thresholds, b, 8));
}

__attribute__((target("avx512f"))) void walk_avx512(const Node* nodes, const float* slots,
                                                    const Group& group,
                                                    float* outputs) noexcept {
  const auto* thresholds = reinterpret_cast<const float*>(nodes);
  const auto* words = reinterpret_cast<const int*>(nodes);
  const __m512i mask = _mm512_set1_epi32(static_cast<int>(kSlotMask));
  const __m512i one = _mm512_set1_epi32(1);
  __m512i at = _mm512_loadu_si512(group.roots);
  for (std::uint32_t level = 0; level < group.depth; ++level) {
    const __m512 threshold = _mm512_i32gather_ps(at, thresholds, 8);
    const __m512i step = _mm512_i32gather_epi32(at, words + 1, 8);
    const __m512 value = _mm512_i32gather_ps(_mm512_and_si512(step, mask), slots, 4);
    const __mmask16 left = _mm512_cmp_ps_mask(value, threshold, _CMP_LT_OQ);
    const __m512i distance = _mm512_srli_epi32(step, kSlotBits);
    at = _mm512_add_epi32(at, distance);
    at = _mm512_mask_add_epi32(at, static_cast<__mmask16>(~left), at, one);
  }
  _mm512_storeu_ps(outputs, _mm512_i32gather_ps(at, thresholds, 8));
}

#endif

/// Lays one tree out breadth first behind `nodes`; siblings are side by side. Returns its depth.
std::uint32_t lay_out(const Tree& tree, std::uint32_t features, std::vector<Node>& nodes) {
  const std::uint32_t leaf_slot = 2 * features;
  const auto root = static_cast<std::uint32_t>(nodes.size());
  std::vector<std::size_t> order{0};  // file node of each laid-out node
  std::vector<std::uint32_t> depth{0};
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    const std::size_t from = order[i];
    if (tree.is_leaf(from)) {
      nodes.push_back({tree.value[from], leaf_slot});
      continue;
    }
    const auto distance = static_cast<std::uint32_t>(order.size()) - i;
    PINSTRIPE_CHECK(distance < kTreeNodeMax, "the loader bounds the nodes of a tree");
    const std::uint32_t slot =
        tree.default_left[from] != 0 ? features + tree.feature[from] : tree.feature[from];
    nodes.push_back({tree.value[from], distance << kSlotBits | slot});
    for (const std::int32_t child : {tree.left[from], tree.right[from]}) {
      order.push_back(static_cast<std::size_t>(child));
      depth.push_back(depth[i] + 1);
    }
  }
  PINSTRIPE_CHECK(nodes.size() - root == order.size(), "every node is laid out once");
  return depth.back();
}

}  // namespace

TreeEvaluator::TreeEvaluator(const TreeModel& model, Isa isa)
    : tree_count_(model.trees.size()),
      features_(model.features),
      base_margin_(model.base_margin),
      isa_(usable_isa(isa)) {
  PINSTRIPE_CHECK(features_ <= kTreeFeatureMax, "the loader bounds the number of inputs");
  nodes_.push_back({0.0F, 2 * features_});  // the tree that fills up the last group
  for (std::size_t i = 0; i < tree_count_; ++i) {
    if (i % kGroupTrees == 0) groups_.push_back(Group{0, {}});
    Group& group = groups_.back();
    group.roots[i % kGroupTrees] = static_cast<std::uint32_t>(nodes_.size());
    group.depth = std::max(group.depth, lay_out(model.trees[i], features_, nodes_));
  }
  PINSTRIPE_CHECK(nodes_.size() < (std::size_t{1} << 28), "node indices scaled by 8 fit 31 bits");
  slots_.assign(2 * static_cast<std::size_t>(features_) + 1, 0.0F);
  slots_.back() = -std::numeric_limits<float>::infinity();
  outputs_.assign(groups_.size() * kGroupTrees, 0.0F);
}

float TreeEvaluator::margin(std::span<const float> row) noexcept {
  PINSTRIPE_CHECK(row.size() == features_, "one value for each input of the model");
  constexpr float kMissing = -std::numeric_limits<float>::infinity();
  float* slots = slots_.data();
  for (std::uint32_t i = 0; i < features_; ++i) {
    const float v = row[i];
    slots[i] = v;
    slots[features_ + i] = v == v ? v : kMissing;
  }
  auto* kernel = walk_plain;
#if defined(__x86_64__)
  if (isa_ == Isa::kAvx2) kernel = walk_avx2;
  if (isa_ == Isa::kAvx512) kernel = walk_avx512;
#endif
  float* outputs = outputs_.data();
  for (const Group& group : groups_) {
    kernel(nodes_.data(), slots, group, outputs);
    outputs += kGroupTrees;
  }
  float sum = base_margin_;
  for (std::size_t i = 0; i < tree_count_; ++i) sum = sum + outputs_[i];
  return sum;
}

}  // namespace pinstripe
