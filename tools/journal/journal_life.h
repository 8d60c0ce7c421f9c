// How the journal of a session fares: what its shared memory says where that is there, else what
// the files say. And the operator's word that ends a halt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

struct JournalLife {
  std::string state;              // running, prepared, kept, resumable; ended; open: never ended
  bool in_memory = false;         // the session is in shared memory
  bool halted = false;            // trading is halted because the journal cannot be carried
  std::int64_t uncopied_ns = -1;  // age of the oldest record that may not be on disk; -1: unknown
  struct Stage {
    std::string name;
    std::string state;            // ok, full, error
    std::string problem;          // "" where ok
  };
  std::vector<Stage> stages;      // where in_memory
};
/// Of the journal in `directory`, whose session is `plan`.
JournalLife life_of_journal(const SessionPlan& plan, const std::string& directory);

/// Asks the session's carrier to end a halt, and waits until it has. Refused where nothing is
/// halted, and where the disk does not take the journal even when the carrier tries again: room may
/// just have been made.
Result<void> clear_halt(const SessionPlan& plan);

}  // namespace pinstripe
