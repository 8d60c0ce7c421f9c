// Who may include whom (design 3): base <- msg <- market <- ring <- run, net beside run; a stage
// file includes base, msg, market and its own folder, nothing of the operating system, no clock, no
// thread.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/house/source_tree.h"

namespace pinstripe::house {
namespace {

const std::vector<std::string> kLayers{"shm/base/", "shm/msg/", "shm/market/", "shm/ring/",
                                       "shm/run/"};
const std::vector<std::string> kStages{"feed", "features", "models", "risk", "exec"};

/// Files of a stage's folder that are not the stage: its main, its config reader and the sources
/// and tables that read files before or beside it. Each folder's README names them.
bool is_beside_the_stage(const std::string& path) {
  static const std::set<std::string> kFiles{
      "feed/source.h",        "feed/capture_source.cpp", "feed/capture_lines.h",
      "feed/capture_lines.cpp", "feed/line_reader.h",    "feed/line_reader.cpp",
      "feed/inflated_file.h", "feed/inflated_file.cpp",  "feed/combined_source.cpp",
      "feed/data_file.h",     "feed/data_file.cpp",
      "feed/frame_reader.h",  "feed/frame_reader.cpp",   "feed/binary_capture.h",
      "feed/binary_capture.cpp", "feed/binary_info.h",   "feed/binary_info.cpp",
      "feed/inspect.h",       "feed/inspect.cpp",        "feed/instrument_table.h",
      "feed/instrument_table.cpp", "feed/synthetic.h",   "feed/synthetic.cpp",
      "feed/instrument_file.h", "feed/instrument_file.cpp", "feed/instrument_finder.h",
      "feed/instrument_finder.cpp",
      "exec/funding_file.h",  "exec/funding_file.cpp",   "exec/tiers_file.h",
      "exec/tiers_file.cpp"};
  return path.ends_with("_main.cpp") || path.find("_config_json.") != std::string::npos ||
         path.find("/loader/") != std::string::npos || kFiles.contains(path) ||
         (path.starts_with("feed/live/") && !path.starts_with("feed/live/market_rules."));
}

TEST(IncludeRules, ALayerOfShmIncludesOnlyItselfAndTheLayersBelow) {
  for (std::size_t layer = 0; layer < kLayers.size(); ++layer) {
    for (const SourceFile& file : sources_below(kLayers[layer])) {
      for (const std::string& line : file.lines) {
        const std::string name = included(line);
        if (!name.starts_with('"')) continue;
        const bool allowed = std::any_of(
            kLayers.begin(), kLayers.begin() + static_cast<std::ptrdiff_t>(layer) + 1,
            [&](const std::string& below) { return name.substr(1).starts_with(below); });
        EXPECT_TRUE(allowed) << file.path << " includes " << name;
      }
    }
  }
}

/// The limiter stands beside `run`: on base, and its outermost file on ring.
TEST(IncludeRules, TheLimiterIncludesBaseAndItselfAndOnlyItsOutermostFileTheRingLayer) {
  for (const SourceFile& file : sources_below("shm/limits")) {
    const bool outermost = file.path.starts_with("shm/limits/limiter.");
    for (const std::string& line : file.lines) {
      const std::string name = included(line);
      if (!name.starts_with('"')) continue;
      const std::string path = name.substr(1);
      EXPECT_TRUE(path.starts_with("shm/base/") || path.starts_with("shm/limits/") ||
                  (outermost && path.starts_with("shm/ring/")))
          << file.path << " includes " << name;
    }
  }
}

/// Time is a parameter and files are for two of its parts: the rules can be run by any test.
TEST(IncludeRules, TheLimitersRulesIncludeNoSystemHeader) {
  const std::set<std::string> standard{"<algorithm>", "<array>", "<atomic>", "<cstddef>",
                                       "<cstdint>", "<cstring>", "<optional>", "<span>",
                                       "<string_view>", "<type_traits>"};
  for (const SourceFile& file : sources_below("shm/limits")) {
    if (file.path.starts_with("shm/limits/limiter.")) continue;
    if (file.path.starts_with("shm/limits/limits_file.")) continue;
    for (const std::string& line : file.lines) {
      const std::string name = included(line);
      if (!name.starts_with('<')) continue;
      EXPECT_TRUE(standard.contains(name)) << file.path << " includes " << name;
    }
  }
}

// net stands beside run: it may include base and run's clock, and no layer includes it (its users
// are the I/O sources, tools, tests and benches).
TEST(IncludeRules, NetIncludesOnlyItselfBaseAndTheClock) {
  const std::set<std::string> allowed{"\"shm/run/clock.h\""};
  std::size_t files = 0;
  for (const SourceFile& file : sources_below("shm/net")) {
    ++files;
    for (const std::string& line : file.lines) {
      const std::string name = included(line);
      if (!name.starts_with('"')) continue;
      EXPECT_TRUE(name.starts_with("\"shm/net/") || name.starts_with("\"shm/base/") ||
                  allowed.contains(name))
          << file.path << " includes " << name;
    }
  }
  EXPECT_GT(files, 10u) << "the folder has moved";
}

TEST(IncludeRules, AStageFileIncludesOnlyBaseMsgMarketAndItsOwnFolder) {
  for (const std::string& stage : kStages) {
    for (const SourceFile& file : sources_below(stage)) {
      if (is_beside_the_stage(file.path)) continue;
      for (const std::string& line : file.lines) {
        const std::string name = included(line);
        if (!name.starts_with('"')) continue;
        const std::string path = name.substr(1);
        EXPECT_TRUE(path.starts_with("shm/base/") || path.starts_with("shm/msg/") ||
                    path.starts_with("shm/market/") || path.starts_with(stage + "/"))
            << file.path << " includes " << name;
      }
    }
  }
}

TEST(IncludeRules, AStageFileIncludesNoSystemHeaderNoClockAndNoThread) {
  const std::set<std::string> standard{
      "<algorithm>", "<array>", "<bit>", "<cctype>", "<charconv>", "<cmath>", "<compare>",
      "<concepts>", "<cstddef>", "<cstdint>", "<cstdlib>", "<cstring>", "<expected>", "<functional>",
      "<iterator>", "<limits>", "<map>", "<memory>", "<new>", "<numeric>", "<optional>", "<span>",
      "<string>", "<string_view>", "<tuple>", "<type_traits>", "<utility>", "<vector>"};
  const std::map<std::string, std::set<std::string>> libraries{
      {"feed", {"<simdjson.h>"}}, {"models", {"<Eigen/Core>", "<Eigen/Dense>", "<immintrin.h>"}}};
  for (const std::string& stage : kStages) {
    for (const SourceFile& file : sources_below(stage)) {
      if (is_beside_the_stage(file.path)) continue;
      for (const std::string& line : file.lines) {
        const std::string name = included(line);
        if (!name.starts_with('<') || standard.contains(name)) continue;
        const auto own = libraries.find(stage);
        EXPECT_TRUE(own != libraries.end() && own->second.contains(name))
            << file.path << " includes " << name;
      }
    }
  }
}

TEST(IncludeRules, NothingIncludesTestsOrBenches) {
  for (const char* folder : {"shm", "feed", "features", "models", "risk", "exec", "tools"}) {
    for (const SourceFile& file : sources_below(folder)) {
      for (const std::string& line : file.lines) {
        const std::string name = included(line);
        EXPECT_FALSE(name.starts_with("\"tests/") || name.starts_with("\"bench/"))
            << file.path << " includes " << name;
      }
    }
  }
}

}  // namespace
}  // namespace pinstripe::house
