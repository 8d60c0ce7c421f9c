#include "shm/run/config_node.h"

#include <array>

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

ConfigNode parsed(std::string_view text) {
  auto node = ConfigNode::parse(text, "test.json");
  EXPECT_TRUE(node.has_value()) << (node ? "" : node.error().message);
  return node ? *node : ConfigNode::empty();
}

std::string problems_of(const ConfigNode& node) {
  const auto result = node.finish();
  if (result) return "";
  EXPECT_EQ(result.error().exit, Exit::kUsage);
  return result.error().message;
}

TEST(ConfigNode, GivesValuesAndDefaults) {
  ConfigNode sut = parsed(R"({"a": 5, "b": 1.5, "c":true, "d": "x", "e": ["p", "q"],"big": 60e9})");
  EXPECT_EQ(sut.integer("a", 1, 0, 10), 5);
  EXPECT_EQ(sut.number("b", 1, 0, 10), 1.5);
  EXPECT_TRUE(sut.boolean("c", false));
  EXPECT_EQ(sut.text("d", ""), "x");
  EXPECT_EQ(sut.texts("e"), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(sut.integer("big", 0, 0, 100'000'000'000), 60'000'000'000);
  EXPECT_EQ(sut.integer("absent", 7, 0, 10), 7);
  EXPECT_EQ(problems_of(sut), "");
}

TEST(ConfigNode, AcceptsComments) {
  ConfigNode sut = parsed("{ // why\n \"a\": 1 /* one */ }");
  EXPECT_EQ(sut.integer("a", 0, 0, 1), 1);
  EXPECT_EQ(problems_of(sut), "");
}

TEST(ConfigNode, NamesPathFoundAndAllowedOfAValueOutOfRange) {
  ConfigNode sut = parsed(R"({"risk": {"limits": {"leverage": 9}}})");
  ConfigNode limits = sut.child("risk").child("limits");
  EXPECT_EQ(limits.integer("leverage", 1, 1, 3), 1);
  EXPECT_EQ(problems_of(sut),
            "test.json: risk.limits.leverage: found 9, allowed a whole number from 1 to 3");
}

TEST(ConfigNode, RefusesTheWrongType) {
  ConfigNode sut = parsed(R"({"a": "5", "b": 1, "c": {}, "d": 4, "e": [1], "f": 1.5})");
  sut.integer("a", 1, 0, 9);
  sut.boolean("b", true);
  sut.number("c", 1, 0, 9);
  sut.child("d");
  sut.texts("e");
  sut.integer("f", 1, 0, 9);
  const std::string all = problems_of(sut);
  for (const char* key : {"a: found \"5\"", "b: found 1", "c: found {}", "d: found 4",
      "e: found [1]",
                          "f: found 1.5"}) {
    EXPECT_NE(all.find(key), std::string::npos) << key << " in " << all;
  }
}

TEST(ConfigNode, SuggestsTheNearestKeyForAnUnknownOne) {
  ConfigNode sut = parsed(R"({"feed": {"on_bad_lin": "skip"}})");
  ConfigNode feed = sut.child("feed");
  static constexpr std::array<std::string_view, 2> kNames{"skip", "stop"};
  feed.choice("on_bad_line", 0, kNames);
  EXPECT_EQ(problems_of(sut),
            "test.json: feed.on_bad_lin: unknown key; did you mean 'on_bad_line'?");
}

TEST(ConfigNode, ListsTheAllowedKeysWhereNoneIsNear) {
  ConfigNode sut = parsed(R"({"zzzzzzzzz": 1})");
  sut.integer("alpha", 0, 0, 1);
  sut.integer("beta", 0, 0, 1);
  EXPECT_EQ(problems_of(sut),
            "test.json: zzzzzzzzz: unknown key; allowed here are alpha, beta");
}

TEST(ConfigNode, SuggestsTheNearestChoice) {
  ConfigNode sut = parsed(R"({"wait": "yeild"})");
  static constexpr std::array<std::string_view, 3> kNames{"spin", "yield", "park"};
  EXPECT_EQ(sut.choice("wait", 2, kNames), 2U);
  EXPECT_NE(problems_of(sut).find("did you mean \"yield\"?"), std::string::npos);
}

TEST(ConfigNode, NamesTheElementOfAList) {
  ConfigNode sut = parsed(R"({"lanes": [{"name": "a"}, {"nmae": "b"}]})");
  for (ConfigNode& lane : sut.list("lanes")) lane.text("name", "");
  EXPECT_EQ(problems_of(sut), "test.json: lanes[1].nmae: unknown key; did you mean 'name'?");
}

TEST(ConfigNode, ReportsAllProblemsAtOnce) {
  ConfigNode sut = parsed(R"({"a": 50, "b": 60})");
  sut.integer("a", 1, 0, 9);
  sut.integer("b", 1, 0, 9);
  const std::string all = problems_of(sut);
  EXPECT_NE(all.find("a: found 50"), std::string::npos);
  EXPECT_NE(all.find("b: found 60"), std::string::npos);
}

TEST(ConfigNode, RefusesBrokenJsonWithItsPlace) {
  const auto sut = ConfigNode::parse("{\n \"a\": ,\n}", "broken.json");
  ASSERT_FALSE(sut);
  EXPECT_NE(sut.error().message.find("broken.json: not valid JSON"), std::string::npos);
  EXPECT_NE(sut.error().message.find("line 2"), std::string::npos);
}

TEST(ConfigNode, RefusesAKeyThatStandsTwice) {
  const auto sut = ConfigNode::parse(R"({"x": {"a": 1}, "y": {"a": 1, "b": {"a": 2}, "a": 3}})",
      "t");
  ASSERT_FALSE(sut);
  EXPECT_NE(sut.error().message.find("key 'a' stands twice"), std::string::npos);
  EXPECT_TRUE(ConfigNode::parse(R"({"x": {"a": 1}, "y": [{"a": 1}, {"a": 2}], "a": 1})", "t"));
}

TEST(ConfigNode, RefusesAMissingFile) {
  const auto sut = ConfigNode::load("/nonexistent/config.json");
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  EXPECT_NE(sut.error().message.find("/nonexistent/config.json"), std::string::npos);
}

}  // namespace
}  // namespace pinstripe
