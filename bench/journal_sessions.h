// What the journal adds to a stage's service time in a whole session: `pinstripe up` over the
// synthetic market with journals off and on in turn, medians of what the stages' pages say.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/real_session.h"

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
    const std::filesystem::path config = write_config();
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
  std::filesystem::path write_config() const {
    auto config = session_config("bench-journal-" + std::to_string(::getpid()));
    config["journal"] = {{"dir", (folder_ / "journal").string()}};
    return written(config, folder_ / "config.json");
  }
  nlohmann::json run(const std::filesystem::path& config, const std::string& journal) const {
    return run_session(config, "--speed max --events " + std::to_string(events_) +
                                   " --set journal.mode=" + journal + " 2>/dev/null")
        .at("hops");
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
