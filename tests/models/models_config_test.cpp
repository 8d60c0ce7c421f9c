#include <gtest/gtest.h>

#include "models/models_config_json.h"

namespace pinstripe {
namespace {

TEST(ModelsConfigJson, AnEmptyNodeGivesTheDefaultsOfTheTradingContract) {
  ConfigNode node = ConfigNode::empty();
  const ModelsConfig sut = read_models_config(node);
  EXPECT_TRUE(node.finish().has_value());
  EXPECT_EQ(sut.decision_interval_ns, 100'000'000);
  EXPECT_EQ(sut.voting, Voting::kFixed);
  EXPECT_TRUE(sut.members.empty());
}

TEST(ModelsConfigJson, ReadsMembersFoldsAndModes) {
  auto node = ConfigNode::parse(R"({"voting":"performance","eta":2.5,"isa":"plain",
      "tree_isa":"avx2",
      "members":[{"file":"a.json","weight":2},{"name":"x","folds":["b.json","c.json"],
      "cost_ns":700}]})", "test");
  ASSERT_TRUE(node.has_value());
  const ModelsConfig sut = read_models_config(*node);
  const auto done = node->finish();
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(sut.voting, Voting::kPerformance);
  EXPECT_EQ(sut.eta, 2.5);
  EXPECT_EQ(sut.isa, Isa::kPlain);
  EXPECT_EQ(sut.tree_isa, Isa::kAvx2);
  ASSERT_EQ(sut.members.size(), 2U);
  EXPECT_EQ(sut.members[0].folds, std::vector<std::string>{"a.json"});
  EXPECT_EQ(sut.members[0].weight, 2.0);
  EXPECT_EQ(sut.members[1].folds.size(), 2U);
  EXPECT_EQ(sut.members[1].cost_ns, 700);
}

TEST(ModelsConfigJson, NamesEveryProblemAtOnce) {
  auto node = ConfigNode::parse(R"({"voting":"loudest","treshold":0.1,"min_voters":0,
      "members":[{"weight":1}]})", "test");
  ASSERT_TRUE(node.has_value());
  read_models_config(*node);
  const auto done = node->finish();
  ASSERT_FALSE(done.has_value());
  for (const char* says : {"voting", "loudest", "treshold", "threshold", "min_voters", "file"}) {
    EXPECT_NE(done.error().message.find(says), std::string::npos) << done.error().message;
  }
}

}  // namespace
}  // namespace pinstripe
