// A test that asserts nothing is worse than none. Each TEST must assert, itself or through a helper
// of the tests that does.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/house/repository.h"

namespace pinstripe::house {
namespace {

bool asserts(const std::string& body) {
  static const std::regex words(
      R"(\b(EXPECT_\w+|ASSERT_\w+|ADD_FAILURE|FAIL|static_assert|RC_ASSERT)\b)");
  return std::regex_search(body, words);
}

bool calls_any(const std::string& body, const std::set<std::string>& names) {
  static const std::regex call(R"(\b(\w+)\s*(<[^;(]*>)?\()");
  for (std::sregex_iterator i(body.begin(), body.end(), call), end; i != end; ++i) {
    if (names.contains((*i)[1].str())) return true;
  }
  return false;
}

bool is_test_source(const TextFile& f) { return f.is_cpp() && f.path.starts_with("tests/"); }

/// Helpers that assert, directly or through one another, by the file they stand in.
std::map<std::string, std::set<std::string>> asserting_helpers() {
  std::map<std::string, std::set<std::string>> names;
  std::set<std::string> shared;  // of headers and support sources: any test may call them
  std::vector<std::pair<std::string, Function>> others;
  for (const TextFile& f : text_files()) {
    if (!is_test_source(f)) continue;
    for (Function& g : functions_of(f.text)) {
      if (g.macro.empty()) others.emplace_back(f.path, std::move(g));
    }
  }
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [path, g] : others) {
      std::set<std::string>& own = path.ends_with("_test.cpp") ? names[path] : shared;
      if (own.contains(g.name)) continue;
      if (!asserts(g.body) && !calls_any(g.body, own) && !calls_any(g.body, shared)) continue;
      own.insert(g.name);
      grew = true;
    }
  }
  for (const TextFile& f : text_files()) names[f.path].insert(shared.begin(), shared.end());
  return names;
}

TEST(Tests, each_asserts_something) {
  auto helpers = asserting_helpers();
  std::size_t tests = 0;
  for (const TextFile& f : text_files()) {
    if (!is_test_source(f)) continue;
    for (const Function& g : functions_of(f.text)) {
      if (g.macro.empty()) continue;
      ++tests;
      EXPECT_TRUE(asserts(g.body) || calls_any(g.body, helpers[f.path]))
          << f.path << ":" << g.first_line << ": " << g.name << " asserts nothing";
    }
  }
  EXPECT_GT(tests, 100u) << "the tests are no longer found";
}

TEST(Tests, none_is_disabled) {
  const std::string prefix = std::string("DISABLED") + "_";
  for (const TextFile& f : text_files()) {
    if (!is_test_source(f)) continue;
    EXPECT_EQ(without_comments(f.text).find(prefix), std::string::npos) << f.path;
  }
}

TEST(Tests, files_lie_in_a_folder_that_mirrors_what_they_test) {
  for (const TextFile& f : text_files()) {
    if (!f.path.starts_with("tests/") || !f.path.ends_with("_test.cpp")) continue;
    const std::string mirrored = f.folder().substr(std::string("tests/").size());
    // What no folder holds: the house's rules, whole sessions, the fault simulator.
    bool exists = mirrored == "house" || mirrored == "pipeline" || mirrored == "sim";
    for (const TextFile& g : text_files()) exists |= g.path.starts_with(mirrored + "/");
    EXPECT_TRUE(exists) << f.path << " mirrors no folder";
  }
}

TEST(Functions, have_at_most_70_lines_counted_by_braces) {
  for (const TextFile& f : text_files()) {
    if (!f.is_cpp()) continue;
    for (const Function& g : functions_of(f.text)) {
      EXPECT_LE(g.last_line - g.first_line + 1, 70u) << f.path << ":" << g.first_line;
    }
  }
}

TEST(Functions, are_told_from_scopes) {
  const auto sut = functions_of(
      "namespace a { // {\nclass B : C<int()> {\n  int f() const { return g({1}); }\n};\n"
      "struct D { int x = '{'; };\ntemplate <class S>\nvoid h(S s) noexcept {\n"
      "  auto l = [] { };\n}\n}\nTEST(Some, thing) {\n  auto s = R\"(}})\";\n}\n");
  ASSERT_EQ(sut.size(), 3u);
  EXPECT_EQ(sut[0].name, "f");
  EXPECT_EQ(sut[1].name, "h");
  EXPECT_EQ(sut[1].first_line, 6u);
  EXPECT_EQ(sut[1].last_line, 9u);
  EXPECT_EQ(sut[2].macro, "TEST");
  EXPECT_EQ(sut[2].name, "thing");
  EXPECT_EQ(sut[2].last_line, 13u);
}

}  // namespace
}  // namespace pinstripe::house
