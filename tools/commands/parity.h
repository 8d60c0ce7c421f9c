// One config over the same data in every way that Pinstripe runs it, each in a process of its own,
// and what each decided.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

struct ParityRow {
  std::string mode;           // "five", "replay_five", "one_thread", "backtest_1" ...
  std::string orders_digest, signals_digest, state_hash;
  double seconds = 0;         // of the process, start and end included
  std::string complaint;      // a replay that differs: where
  std::uint64_t kills = 0;    // of its stages, while it ran
};
/// Two rows that ought to be the same.
struct ParityDifference {
  std::string mode;           // differs from the first row
  std::string field;          // "orders_digest", "signals_digest", "state_hash", "replay"
  std::string expected, found;
};

struct ParityRun {
  std::string program;                 // path of pinstripe
  std::string config;
  std::vector<std::string> arguments;  // for `up` and `backtest` alike: --data ...
  std::string state;                   // folder for the journals; theirs alone
  std::string session;                 // of the sessions; free
  std::uint64_t kills = 0;             // of stages, in modes of their own; 0: none of those
  std::uint64_t seed = 1;              // of their places
  /// Called before each mode, and now and then; false breaks it off.
  std::function<bool(const std::string& mode)> each_look;
};

/// Every mode in order. The error names the mode and says what its process said.
Result<std::vector<ParityRow>> run_parity(const ParityRun& run);

/// The first row that is not as the first.
std::optional<ParityDifference> first_difference(const std::vector<ParityRow>& rows);

}  // namespace pinstripe
