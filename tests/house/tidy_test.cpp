// How code reads here: files up to 500 lines, lines up to 100 columns, functions up to 70 lines,
// nothing left unfinished.
#include <gtest/gtest.h>

#include <regex>

#include "tests/house/source_tree.h"

namespace pinstripe::house {
namespace {

std::vector<SourceFile> all_sources() {
  std::vector<SourceFile> all;
  for (const char* folder :
       {"shm", "feed", "features", "models", "risk", "exec", "tools", "tests", "bench"}) {
    for (SourceFile& f : sources_below(folder)) all.push_back(std::move(f));
  }
  return all;
}

TEST(Tidy, FilesHaveAtMostFiveHundredLines) {
  for (const SourceFile& f : all_sources()) EXPECT_LE(f.lines.size(), 500u) << f.path;
}

TEST(Tidy, LinesHaveAtMostAHundredColumns) {
  for (const SourceFile& f : all_sources()) {
    // Captured venue messages stand as they came, in raw strings.
    const bool holds_captures = f.path.starts_with("tests/") || f.path.starts_with("bench/");
    for (std::size_t i = 0; i < f.lines.size(); ++i) {
      if (holds_captures && f.lines[i].find('"') != std::string::npos) continue;
      EXPECT_LE(columns(f.lines[i]), 100u) << f.path << ":" << i + 1;
    }
  }
}

TEST(Tidy, FunctionsHaveAtMostSeventyLines) {
  for (const SourceFile& f : all_sources()) {
    std::size_t began = 0;
    for (std::size_t i = 0; i < f.lines.size(); ++i) {
      const std::string& line = f.lines[i];
      // A body at namespace or class level opens at a line's end and closes on the same indent.
      static const std::regex opens(R"(^( {0,2})[^ /#}].*\)( const)?( noexcept)?( override)?.*\{$)");
      if (std::regex_match(line, opens)) began = i;
      if ((line == "}" || line == "  }") && began != 0) {
        EXPECT_LE(i - began + 1, 70u) << f.path << ":" << began + 1;
        began = 0;
      }
    }
  }
}

TEST(Tidy, NothingIsLeftUnfinished) {
  const std::regex unfinished("\\b(TO" "DO|FIX" "ME|XX" "X|HA" "CK)\\b");
  for (const SourceFile& f : all_sources()) {
    for (std::size_t i = 0; i < f.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(f.lines[i], unfinished)) << f.path << ":" << i + 1;
    }
  }
}

}  // namespace
}  // namespace pinstripe::house
