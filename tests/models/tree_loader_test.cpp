#include "models/loader/tree_loader.h"

#include <gtest/gtest.h>

#include <fstream>

#include "models/loader/model_value.h"
#include "tests/models/booster.h"

namespace pinstripe {
namespace {

std::string sample_json(const Booster::Parameters& more = {}) {
  Booster::Parameters parameters{{"max_depth", "3"}, {"objective", "binary:logistic"},
                                 {"tree_method", "hist"}};
  parameters.insert(parameters.end(), more.begin(), more.end());
  return Booster(training_set(5, 400, 2), 4, parameters).save("json");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void expect_refusal(const std::string& bytes, const std::string& says) {
  const auto sut = parse_tree_model(bytes, "bad.json");
  ASSERT_FALSE(sut.has_value()) << says;
  EXPECT_NE(sut.error().message.find(says), std::string::npos) << sut.error().message;
  EXPECT_NE(sut.error().message.find("bad.json"), std::string::npos) << sut.error().message;
}

TEST(TreeLoader, ReadsBothFormsOfTheBaseScore) {
  const std::string old_form = sample_json({{"base_score", "0.31"}});
  const auto start = old_form.find("\"base_score\":\"") + 14;
  const std::string score = old_form.substr(start, old_form.find('"', start) - start);
  const std::string new_form = replaced(old_form, "\"base_score\":\"" + score + "\"",
                                        "\"base_score\":\"[" + score + "]\"");
  const auto a = parse_tree_model(old_form, "old.json"), b = parse_tree_model(new_form, "new.json");
  ASSERT_TRUE(a.has_value()) << a.error().message;
  ASSERT_TRUE(b.has_value()) << b.error().message;
  EXPECT_EQ(a->base_margin, b->base_margin);
  EXPECT_NEAR(a->base_margin, -0.8001, 1e-3);
  EXPECT_EQ(parse_tree_model(replaced(old_form, "\"base_score\":\"" + score + "\"",
                                      "\"base_score\":\"[5E-1]\""), "x")->base_margin, 0.0F);
}

TEST(TreeLoader, JsonAndUbjGiveTheSameTrees) {
  Booster booster(training_set(6, 400, 2), 5, {{"max_depth", "5"}, {"tree_method", "exact"},
                                               {"objective", "binary:logistic"}});
  const auto a = parse_tree_model(booster.save("json"), "a"),
             b = parse_tree_model(booster.save("ubj"), "b");
  ASSERT_TRUE(a.has_value() && b.has_value());
  ASSERT_EQ(a->trees.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(a->trees[i].left, b->trees[i].left);
    EXPECT_EQ(a->trees[i].right, b->trees[i].right);
    EXPECT_EQ(a->trees[i].feature, b->trees[i].feature);
    EXPECT_EQ(a->trees[i].value, b->trees[i].value);
    EXPECT_EQ(a->trees[i].default_left, b->trees[i].default_left);
  }
}

TEST(TreeLoader, RefusesDartByName) {
  expect_refusal(sample_json({{"booster", "dart"}}), "DART");
}

TEST(TreeLoader, RefusesLinearBoostersByName) {
  Booster booster(training_set(5, 300, 2), 2, {{"booster", "gblinear"},
                                               {"objective", "binary:logistic"}});
  expect_refusal(booster.save("json"), "gblinear");
}

TEST(TreeLoader, RefusesCategoricalSplitsByName) {
  const std::string text = sample_json();
  const auto at = text.find("\"split_type\":[0");
  ASSERT_NE(at, std::string::npos);
  std::string bad = text;
  bad[at + 14] = '1';
  expect_refusal(bad, "categorical splits");
}

TEST(TreeLoader, RefusesOtherObjectivesAndSeveralOutputsByName) {
  expect_refusal(replaced(sample_json(), "\"name\":\"binary:logistic\"",
                          "\"name\":\"count:poisson\""), "count:poisson");
  expect_refusal(replaced(sample_json(), "\"num_class\":\"0\"", "\"num_class\":\"3\""),
                 "several outputs");
}

TEST(TreeLoader, RefusesDamagedTrees) {
  const std::string text = sample_json();
  expect_refusal(replaced(text, "\"left_children\":[1", "\"left_children\":[0"), "child 0");
  expect_refusal(replaced(text, "\"left_children\":[1", "\"left_children\":[999"), "out of range");
  expect_refusal(replaced(text, "\"split_indices\":[", "\"split_indices\":[99,"), "as long as");
  expect_refusal(replaced(text, "\"num_trees\":\"4\"", "\"num_trees\":\"5\""), "holds 4 trees");
  expect_refusal(replaced(text, "\"learner\"", "\"teacher\""), "learner");
  expect_refusal("", "empty");
  expect_refusal("[1,2]", "learner");
  expect_refusal(std::string(200, '['), "nested deeper");
}

TEST(TreeLoader, RefusesAFileThatIsNotThere) {
  const auto sut = load_tree_model("/nonexistent/model.json");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("/nonexistent/model.json"), std::string::npos);
}

TEST(TreeLoader, EveryCutAndEveryFlippedByteOfAModelIsReadOrRefusedNeverWorse) {
  Booster booster(training_set(3, 200, 2), 2, {{"max_depth", "2"}, {"tree_method", "hist"},
                                               {"objective", "binary:logistic"}});
  for (const std::string format : {"json", "ubj"}) {
    const std::string whole = booster.save(format);
    for (std::size_t cut = 0; cut + 1 < whole.size(); ++cut) {
      EXPECT_FALSE(parse_tree_model(whole.substr(0, cut), "cut").has_value()) << format << cut;
    }
    TestRandom random(3);
    for (int i = 0; i < 4'000; ++i) {
      std::string bad = whole;
      bad[random.next() % bad.size()] = static_cast<char>(random.next());
      static_cast<void>(parse_tree_model(bad, "flipped"));
    }
  }
}

TEST(ModelValue, ReadsAFloatFromItsDigitsWithoutRoundingTwice) {
  // Halfway between two floats plus a hair: through a double the hair is lost.
  const auto sut = parse_json_value("[1.00000005960464477539062501, 1e-46, 1e99, 3]", "digits");
  ASSERT_TRUE(sut.has_value());
  float v = 0;
  ASSERT_TRUE(sut->float_at(0, v));
  EXPECT_EQ(v, std::nextafter(1.0F, 2.0F));
  ASSERT_TRUE(sut->float_at(1, v));
  EXPECT_EQ(v, 0.0F);
  EXPECT_FALSE(sut->float_at(2, v));
  ASSERT_TRUE(sut->float_at(3, v));
  EXPECT_EQ(v, 3.0F);
}

}  // namespace
}  // namespace pinstripe
