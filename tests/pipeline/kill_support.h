// Sessions with journals whose stages are killed while they trade, against the unkilled run.
#pragma once

#include <string>
#include <vector>

#include "tests/tools/cli_support.h"
#include "tools/commands/killer.h"

namespace pinstripe {

/// What a session came to.
struct Decisions {
  std::string orders_digest, signals_digest, state_hash;
  std::int64_t orders = 0, fills = 0, lost = -1;
  bool operator==(const Decisions&) const = default;
};

class KillSessions : public CliTest {
 protected:
  /// A market on which a position is mostly open and an order mostly works, and tiny journals and
  /// checkpoints, so that everything that can happen to them does.
  std::string busy_config();
  /// Runs the config to its end, undisturbed; remembers how many records each stage journals.
  Decisions undisturbed(const std::string& config);
  /// Runs it with the kills of `plan`; fails the test where it does not end well.
  Decisions killed(const std::string& config, KillPlan plan,
                   const std::vector<std::string>& more = {});

  Decisions decisions_of(const CommandResult& up);
  int sessions() const { return sessions_; }  // killed so far

  KillReport report_;                            // of all sessions so far
  std::map<std::string, std::uint64_t> records_; // of the undisturbed run

 private:
  int sessions_ = 0;
};

}  // namespace pinstripe
