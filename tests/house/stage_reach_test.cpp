// A stage file may include its own folder, where sources that read files lie too. It must not reach
// one of those, nor a ring or a runner, through any chain of includes.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/house/repository.h"

namespace pinstripe::house {
namespace {

using Graph = std::map<std::string, std::vector<std::string>>;

/// Files and the project's headers that they include.
Graph includes() {
  static const std::regex directive("(?:^|\n)#include \"([^\"\n]+)\"");
  Graph graph;
  for (const TextFile& f : text_files()) {
    if (!f.is_cpp()) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), directive), end; i != end; ++i) {
      graph[f.path].push_back((*i)[1].str());
    }
  }
  return graph;
}

/// All that `from` includes, by any chain, with itself.
std::set<std::string> reached_from(const std::string& from, const Graph& graph) {
  std::set<std::string> seen;
  std::vector<std::string> open{from};
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    if (!seen.insert(at).second) continue;
    if (const auto next = graph.find(at); next != graph.end()) {
      open.insert(open.end(), next->second.begin(), next->second.end());
    }
  }
  return seen;
}

/// Whether the first of `names` that lies in `folder` is one of `parts`.
bool first_of_folder(const std::vector<std::string>& names, const std::string& folder,
                     const std::set<std::string>& parts) {
  for (const std::string& name : names) {
    if (name.starts_with(folder)) return parts.contains(name);
  }
  return false;
}

/// Reads files or the config, or needs a ring, a runner or a program: nothing for a stage.
bool is_outside(const std::string& path) {
  static const std::regex outside(
      "feed/(source|capture_lines|line_reader|inflated_file|inspect|instrument_table)\\.h|"
      "feed/(frame_reader|binary_capture|binary_info|data_file)\\.h|"
      "feed/instrument_(file|finder)\\.h|"
      "exec/(funding|tiers)_file\\.h|"
      "models/loader/.*|.*_config_json\\.h|shm/(ring|run)/.*|tools/.*|tests/.*|bench/.*");
  return std::regex_match(path, outside);
}

TEST(StageReach, a_stage_reaches_no_file_reader_no_ring_and_no_runner) {
  const Graph graph = includes();
  for (const char* stage : {"feed/feed", "features/features", "models/models", "risk/risk",
                            "exec/exec"}) {
    const std::string header = std::string(stage) + "_stage.h";
    ASSERT_NE(find_text(header), nullptr) << header;
    const std::string folder = header.substr(0, header.find('/') + 1);
    // The stage is its header and every source that begins with a header it reaches.
    std::set<std::string> parts = reached_from(header, graph);
    for (const auto& [path, names] : graph) {
      if (!path.starts_with(folder) || !path.ends_with(".cpp")) continue;
      const bool beside = path.ends_with("_main.cpp") || path.starts_with("models/loader/");
      if (!beside && first_of_folder(names, folder, parts)) {
        parts.merge(reached_from(path, graph));
      }
    }
    EXPECT_GT(parts.size(), 10u) << header << ": the chain of includes is no longer found";
    for (const std::string& part : parts) {
      EXPECT_FALSE(is_outside(part)) << header << " reaches " << part;
    }
  }
}

TEST(StageReach, every_included_file_of_ours_exists_from_the_root) {
  for (const auto& [path, names] : includes()) {
    for (const std::string& name : names) {
      EXPECT_NE(find_text(name), nullptr) << path << " includes " << name;
    }
  }
}

}  // namespace
}  // namespace pinstripe::house
