// Runs the stages of a session over its journal, each over its own, and compares.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/journal/journal_dir.h"
#include "tools/replay/compare.h"

namespace pinstripe {

struct ReplayedRing {
  std::string name;
  std::uint64_t count = 0;   // messages that the stage wrote to it
  std::uint64_t digest = 0;  // of them
};
struct StageReplay {
  std::string stage;
  std::uint64_t records = 0;      // acted on
  std::uint64_t outputs = 0;      // of all rings together
  std::uint64_t uncompared = 0;   // of these, in no reader's journal: digests alone cover them
  std::uint64_t checkpoints = 0;  // whose state hash was compared
  bool ended = false;             // the stage's last record was reached
  std::int64_t last_ns = 0;       // event time of the last record acted on
  bool until_past_end = false;    // the run was to go further than the journal does
  std::uint64_t state_hash = 0;   // where the replay stopped
  std::string build;              // that wrote the journal
  std::string torn;               // what lies behind the journal's last record; "": nothing
  std::vector<ReplayedRing> rings;       // by port
  std::optional<Difference> difference;  // the first; the replay stopped there
};

struct ReplayProgress {
  const std::string& stage;
  std::uint64_t records = 0;
  std::int64_t now_ns = 0;
};

struct ReplayRun {
  std::string stage;                          // "": all, in pipeline order
  std::optional<std::uint64_t> until_record;  // the last record acted on; needs `stage`
  std::optional<std::int64_t> until_ns;       // event time of the last record
  bool any_build = false;                     // take the journal of another build
  /// Called every few thousand records; false breaks the replay off. May be empty.
  std::function<bool(const ReplayProgress&)> progress;
};

struct SessionReplay {
  std::vector<StageReplay> stages;  // those asked for, up to the first that differs
  const Difference* difference() const noexcept {
    return stages.empty() || !stages.back().difference ? nullptr : &*stages.back().difference;
  }
  /// As the account says them; only where every stage was replayed to its end.
  struct Digests {
    std::uint64_t orders = 0, signals = 0, state = 0;
  };
  std::optional<Digests> digests;
  /// The run was to go further than the journal of any stage does.
  bool until_past_end() const noexcept;
};

/// The error's exit status: 2 where the journal is of another build or config or begins behind
/// `until_ns`, 3 where it is damaged.
Result<SessionReplay> replay_session(const JournalDir& journal, const ReplayRun& run);

/// One stage of it.
Result<StageReplay> replay_stage(const JournalDir& journal, const StageSpec& stage,
                                 const ReplayRun& run);

}  // namespace pinstripe
