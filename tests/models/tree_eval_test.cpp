// The evaluator against the library it must equal, bit for bit.
#include "models/tree_eval.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "models/loader/tree_loader.h"
#include "tests/models/booster.h"

namespace pinstripe {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Isa> available() {
  std::vector<Isa> all{Isa::kPlain};
  if (widest_isa() >= Isa::kAvx2) all.push_back(Isa::kAvx2);
  if (widest_isa() >= Isa::kAvx512) all.push_back(Isa::kAvx512);
  return all;
}

/// For each feature the thresholds of the model, to be hit exactly and missed by one ulp.
std::vector<std::vector<float>> thresholds_of(const TreeModel& model) {
  std::vector<std::vector<float>> all(model.features);
  for (const Tree& tree : model.trees) {
    for (std::size_t i = 0; i < tree.left.size(); ++i) {
      if (!tree.is_leaf(i)) all[tree.feature[i]].push_back(tree.value[i]);
    }
  }
  return all;
}

float hard_value(TestRandom& random, const std::vector<float>& thresholds) {
  switch (random.next() % 16) {
    case 0: return 0.0F;
    case 1: return -0.0F;
    case 2: return std::numeric_limits<float>::denorm_min();
    case 3: return -std::numeric_limits<float>::denorm_min() * 77;
    case 4: return kInfinity;
    case 5: return -kInfinity;
    case 6: return std::nanf("");
    case 7: return std::numeric_limits<float>::max();
    case 8: case 9: case 10: case 11: {
      if (thresholds.empty()) return random.bell();
      const float at = thresholds[random.next() % thresholds.size()];
      const std::uint64_t side = random.next() % 3;
      if (side == 0) return at;
      return std::nextafter(at, side == 1 ? kInfinity : -kInfinity);
    }
    default: return random.bell();
  }
}

std::vector<float> hard_rows(const TreeModel& model, std::size_t count, std::uint64_t seed) {
  TestRandom random(seed);
  const auto thresholds = thresholds_of(model);
  std::vector<float> rows;
  rows.reserve(count * model.features);
  for (std::size_t r = 0; r < count; ++r) {
    for (const auto& of_feature : thresholds) rows.push_back(hard_value(random, of_feature));
  }
  return rows;
}

/// Number of rows whose margin differs in any bit, over every available instruction set.
std::size_t differing(Booster& booster, const TreeModel& model, std::size_t count,
                      std::uint64_t seed) {
  const std::vector<float> rows = hard_rows(model, count, seed);
  const float* expected = booster.margins(rows.data(), count);
  std::size_t wrong = 0;
  for (const Isa isa : available()) {
    TreeEvaluator sut(model, isa);
    EXPECT_EQ(sut.isa(), isa);
    for (std::size_t r = 0; r < count; ++r) {
      const float margin = sut.margin({rows.data() + r * model.features, model.features});
      wrong += std::bit_cast<std::uint32_t>(margin) != std::bit_cast<std::uint32_t>(expected[r]);
    }
  }
  return wrong;
}

Booster::Parameters parameters(int depth, const std::string& base_score,
                               const std::string& objective = "binary:logistic") {
  return {{"max_depth", std::to_string(depth)}, {"base_score", base_score},
          {"objective", objective}, {"tree_method", "hist"}, {"min_child_weight", "0.01"},
          {"eta", "0.3"}};
}

class TreeEvalOfDepth : public ::testing::TestWithParam<int> {};

TEST_P(TreeEvalOfDepth, EqualsXgboostInEveryBitOnHardRows) {
  const int depth = GetParam();
  const auto seed = static_cast<std::uint64_t>(depth);
  const std::uint32_t features = depth % 2 == 0 ? 8 : 21;
  const TrainingSet set = training_set(features, 1500, seed);
  Booster booster(set, 19, parameters(depth, depth % 3 == 0 ? "0.5" : "0.31"));
  const auto json = parse_tree_model(booster.save("json"), "test.json");
  ASSERT_TRUE(json.has_value()) << json.error().message;
  const auto ubj = parse_tree_model(booster.save("ubj"), "test.ubj");
  ASSERT_TRUE(ubj.has_value()) << ubj.error().message;
  EXPECT_EQ(differing(booster, *json, 75'000, seed), 0U);
  EXPECT_EQ(differing(booster, *ubj, 10'000, seed + 100), 0U);
}

INSTANTIATE_TEST_SUITE_P(Depths, TreeEvalOfDepth, ::testing::Range(1, 13));

TEST(TreeEval, EqualsXgboostOnAHundredTreesOfDepthSevenOverSixtyFourFeatures) {
  const TrainingSet set = training_set(64, 3000, 7);
  Booster booster(set, 100, parameters(7, "0.5"));
  const auto model = parse_tree_model(booster.save("json"), "test.json");
  ASSERT_TRUE(model.has_value()) << model.error().message;
  ASSERT_EQ(model->trees.size(), 100U);
  EXPECT_EQ(differing(booster, *model, 100'000, 70), 0U);
}

TEST(TreeEval, EqualsXgboostForEveryObjectiveThatItAccepts) {
  const TrainingSet set = training_set(9, 800, 3);
  for (const std::string objective :
       {"reg:squarederror", "reg:logistic", "binary:logistic", "binary:logitraw"}) {
    for (const std::string base : {"0.5", "0.2", "0.93"}) {
      Booster booster(set, 5, parameters(4, base, objective));
      const auto model = parse_tree_model(booster.save("ubj"), "test.ubj");
      ASSERT_TRUE(model.has_value()) << model.error().message;
      EXPECT_EQ(differing(booster, *model, 2'000, 5), 0U) << objective << " base " << base;
    }
  }
}

TEST(TreeEval, AModelWithoutTreesGivesItsBaseMargin) {
  TreeModel model;
  model.features = 3;
  model.base_margin = -0.25F;
  for (const Isa isa : available()) {
    TreeEvaluator sut(model, isa);
    const float row[3] = {1, 2, 3};
    EXPECT_EQ(sut.margin(row), -0.25F);
  }
}

TEST(TreeEval, GivesTheSameBitsAgainAfterOtherRows) {
  const TrainingSet set = training_set(16, 800, 3);
  Booster booster(set, 30, parameters(6, "0.5"));
  const auto model = parse_tree_model(booster.save("json"), "test.json");
  ASSERT_TRUE(model.has_value());
  TreeEvaluator sut(*model);
  const std::vector<float> rows = hard_rows(*model, 50, 1);
  std::vector<float> first;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t r = 0; r < 50; ++r) {
      const float margin = sut.margin({rows.data() + r * 16, 16});
      if (pass == 0) first.push_back(margin);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(first[r]), std::bit_cast<std::uint32_t>(margin));
    }
  }
}

}  // namespace
}  // namespace pinstripe
