// One name, one type: two headers of a program that define the same class name in the same
// namespace break the one-definition rule, and no compiler and no linker says so. (It happened:
// `replay` freed the strings of another `Comparison`.)
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "tests/house/source_tree.h"

namespace pinstripe::house {
namespace {

/// "namespace::Name" of every type that a header defines at namespace scope.
std::set<std::string> types_of(const SourceFile& header) {
  static const std::regex space(R"(^namespace ([A-Za-z0-9_:]+) \{.*)");
  static const std::regex type(
      R"(^(?:template <.*> )?(?:class|struct|enum class|union) (?:alignas\([^)]*\) )?)"
      R"(([A-Za-z0-9_]+)(?: final)?(?: :.*)? \{.*)");
  std::set<std::string> names;
  std::string inside;
  std::smatch found;
  for (const std::string& line : header.lines) {
    if (std::regex_match(line, found, space)) inside = found[1];
    if (std::regex_match(line, found, type)) names.insert(inside + "::" + found[1].str());
  }
  return names;
}

TEST(OneName, no_two_headers_define_the_same_type) {
  std::map<std::string, std::string> defined_in;
  for (const char* folder : {"shm", "feed", "features", "models", "risk", "exec", "tools"}) {
    for (const SourceFile& file : sources_below(folder)) {
      if (!file.path.ends_with(".h")) continue;
      for (const std::string& name : types_of(file)) {
        const auto [there, is_new] = defined_in.emplace(name, file.path);
        EXPECT_TRUE(is_new) << name << " is defined in " << there->second << " and in " << file.path
                            << "; rename one of the two";
      }
    }
  }
  EXPECT_GT(defined_in.size(), 200U) << "the search has gone blind";
}

}  // namespace
}  // namespace pinstripe::house
