// What the journal adds to a stage's service time in a whole session: `pinstripe up` over the
// synthetic market with journals off and on in turn, medians of what the stages' pages say.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace pinstripe::bench {

/// One ring stage: nanoseconds a message, p50.
struct StageCost {
  std::string stage;
  double off_ns = 0, on_ns = 0;
  double added_ns() const { return on_ns - off_ns; }
};

struct SessionCost {
  std::vector<StageCost> stages;
  std::int64_t hot_path_faults = 0;  // of all stages and rounds with journals, after the seal
  /// Of the stage that pays most.
  double added_ns() const {
    double most = 0;
    for (const StageCost& s : stages) most = std::max(most, s.added_ns());
    return most;
  }
};

class JournalSessions {
 public:
  JournalSessions(int rounds, std::uint64_t events) : rounds_(rounds), events_(events) {
    folder_ = std::filesystem::temp_directory_path() /
              ("pinstripe-bench-journal-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~JournalSessions() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  JournalSessions(const JournalSessions&) = delete;
  JournalSessions& operator=(const JournalSessions&) = delete;

  SessionCost measure() {
    const std::string config = write_config();
    std::vector<nlohmann::json> off, on;
    for (int i = 0; i < rounds_; ++i) {
      off.push_back(run(config, "off"));
      on.push_back(run(config, "on"));
    }
    SessionCost cost;
    for (const char* stage : {"features", "models", "risk", "exec"}) {
      cost.stages.push_back({stage, median_service(off, stage), median_service(on, stage)});
    }
    for (const auto& hops : on) {
      for (const auto& hop : hops) cost.hot_path_faults += hop.at("hot_path_faults").get<int>();
    }
    return cost;
  }

 private:
  std::string write_config() const {
    std::ifstream in(PINSTRIPE_SOURCE_DIR "/bench/pipeline.json");
    auto config = nlohmann::ordered_json::parse(in, nullptr, true, true);
    config["name"] = "bench-journal-" + std::to_string(::getpid());
    for (auto& member : config["models"]["members"]) {
      const std::string file = member["file"];
      member["file"] =
          (std::filesystem::path(PINSTRIPE_SOURCE_DIR "/bench") / file).lexically_normal();
    }
    config["journal"] = {{"dir", (folder_ / "journal").string()}};
    const auto path = folder_ / "config.json";
    std::ofstream(path) << config.dump(1);
    return path.string();
  }
  nlohmann::json run(const std::string& config, const std::string& journal) const {
    const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const std::string command = (self / "pinstripe").string() + " up " + config +
                                " --json --speed max --events " + std::to_string(events_) +
                                " --set journal.mode=" + journal + " 2>/dev/null";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> block{};
    while (pipe != nullptr) {
      const std::size_t n = std::fread(block.data(), 1, block.size(), pipe);
      if (n == 0) break;
      text.append(block.data(), n);
    }
    const int status = pipe != nullptr ? ::pclose(pipe) : -1;
    const auto account = nlohmann::json::parse(text, nullptr, false);
    if (status != 0 || !account.is_object()) {
      throw std::runtime_error("`" + command + "` failed; run it by hand to see why");
    }
    return account.at("hops");
  }
  static double median_service(const std::vector<nlohmann::json>& rounds,
                               const std::string& stage) {
    std::vector<double> all;
    for (const auto& hops : rounds) {
      for (const auto& hop : hops) {
        if (hop.at("stage") == stage) all.push_back(hop.at("service_ns").at("p50").get<double>());
      }
    }
    std::ranges::sort(all);
    return all.empty() ? 0 : all[all.size() / 2];
  }

  int rounds_;
  std::uint64_t events_;
  std::filesystem::path folder_;
};

}  // namespace pinstripe::bench
