// `verify`: the same data through every way to run it; all must decide the same.
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "shm/run/process.h"
#include "tools/commands/options.h"
#include "tools/commands/parity.h"
#include "tools/session/processes.h"
#include "tools/session/session_files.h"
#include "tools/session/text_table.h"

namespace pinstripe {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// A folder for the journals of the sessions, gone at the end.
class StateFolder {
 public:
  StateFolder()
      : path_(fs::path(journal_root()).parent_path() / ("verify-" + std::to_string(getpid()))) {}
  ~StateFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::vector<std::string> arguments_of(const VerifyOptions& o) {
  std::vector<std::string> a;
  if (!o.overrides.data.empty()) a.push_back("--data");
  a.insert(a.end(), o.overrides.data.begin(), o.overrides.data.end());
  const auto add = [&a](const char* option, const std::string& value) {
    if (!value.empty()) a.insert(a.end(), {option, value});
  };
  add("--for", o.duration);
  add("--clock-offset", o.overrides.clock_offset_file);
  if (o.overrides.events_max) add("--events", std::to_string(*o.overrides.events_max));
  for (const std::string& setting : o.overrides.settings) add("--set", setting);
  add("--set", "mode=recorded");  // a live session's runs differ, and its own proof is `replay`
  if (o.overrides.in_sample) a.push_back("--in-sample");
  return a;
}

std::string rows_text(const std::vector<ParityRow>& rows) {
  TextTable t({"mode", "orders_digest", "signals_digest", "state_hash", "kills", "seconds"});
  for (const ParityRow& r : rows) {
    t.row({r.mode, r.orders_digest, r.signals_digest, r.state_hash,
           r.kills > 0 ? std::to_string(r.kills) : "", shown_fixed(r.seconds, 1)});
  }
  return t.text();
}

std::string rows_json(const VerifyOptions& options, const std::vector<ParityRow>& rows,
                      const std::optional<ParityDifference>& difference) {
  Json j{{"config", options.config}, {"data", options.overrides.data}, {"runs", Json::array()}};
  for (const ParityRow& r : rows) {
    j["runs"].push_back({{"mode", r.mode}, {"orders_digest", r.orders_digest},
                         {"signals_digest", r.signals_digest}, {"state_hash", r.state_hash},
                         {"kills", r.kills}, {"seconds", r.seconds}});
  }
  j["difference"] = nullptr;
  if (difference) {
    j["difference"] = {{"mode", difference->mode}, {"field", difference->field},
                       {"expected", difference->expected}, {"found", difference->found}};
  }
  return j.dump();
}

}  // namespace

Exit run_verify(const VerifyOptions& options) {
  install_stop_signals();
  const StateFolder state;
  ParityRun run;
  run.program = program_folder() + "/pinstripe";
  run.config = options.config;
  run.arguments = arguments_of(options);
  run.state = state.path();
  run.kills = options.kills;
  run.seed = options.seed;
  run.session = "verify-" + std::to_string(getpid());
  std::string said;
  run.each_look = [&said](const std::string& mode) {
    if (mode != said) std::fprintf(stderr, "pinstripe: verify: %s ...\n", mode.c_str());
    said = mode;
    return !stop_requested();
  };
  const auto rows = run_parity(run);
  if (!rows) return report_error(rows.error(), options.json);
  const auto difference = first_difference(*rows);
  if (options.json) {
    std::puts(rows_json(options, *rows, difference).c_str());
  } else {
    std::fputs(rows_text(*rows).c_str(), stdout);
    if (!difference) {
      std::puts("\nall decide the same");
    } else if (difference->field == "replay") {
      std::printf("\n%s: %s\n", difference->mode.c_str(), difference->found.c_str());
    } else {
      std::printf("\n%s differs from %s in %s: %s, expected %s\n", difference->mode.c_str(),
                  rows->front().mode.c_str(), difference->field.c_str(), difference->found.c_str(),
                  difference->expected.c_str());
    }
  }
  return difference ? Exit::kCheckFailed : Exit::kDone;
}

}  // namespace pinstripe
