// Reads a session config (the JSON file that people write) into a plan without data.
//
// Every key, its meaning and default: tools/README.md. What the command line says wins over the
// file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// What the command lines of `up` and `backtest` may set over the file.
struct Overrides {
  std::string name;                     // "": as in the file
  std::vector<std::string> data;        // files; empty: as in the file
  std::optional<double> speed;          // 0: max
  std::optional<std::int64_t> for_ns;
  std::optional<std::int64_t> from_ns, to_ns;  // event times, the first inside, the second not
  std::optional<std::uint64_t> events_max;
  bool in_sample = false;
  std::string clock_offset_file;        // "": computed from the data
  std::vector<std::string> settings;    // --set: "key.path=value", over the file's own
};

/// A session config as read and checked, before any data is looked at.
struct SessionConfig {
  SessionPlan plan;                      // without instruments, streams and chosen folds
  std::vector<std::string> data;         // files to read, absolute; empty: the synthetic market
  std::vector<std::string> instruments;  // canonical ids named in the file; may be empty with data
  std::string directory;                 // of the config file: its relative paths start here
  std::string clock_offset_file;
  struct Fees {
    // Ratio x 1e8, a maker's below zero is a rebate; without one: as in the instrument table.
    std::optional<std::int64_t> maker_e8, taker_e8;
  };
  std::array<Fees, 3> fees;              // by Market
};

/// "max" -> 0, "20" -> 20; refuses anything else.
Result<double> parse_speed(const std::string& text);
/// "60s", "500ms", "2m", "1h", "90" (seconds) -> nanoseconds.
Result<std::int64_t> parse_duration(const std::string& text);

/// Texts of --from and --to ("": not given) into `overrides`.
Result<void> read_window(const std::string& from, const std::string& to, Overrides& overrides);

/// Reads and checks the whole file, all problems at once; exit status kUsage.
Result<SessionConfig> load_session_config(const std::string& file, const Overrides& overrides);

}  // namespace pinstripe
