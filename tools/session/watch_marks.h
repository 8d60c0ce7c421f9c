// What is known of the watch over a live session's instruments, in the session directory: its
// supervisor tells how the process fares, the watch itself what the venues answered. Whoever asks
// for the state of the session reads both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/session/session_plan.h"

namespace pinstripe {

/// One venue's answers to the watch, over all its processes.
struct VenueWatch {
  std::string venue;
  std::uint64_t asked = 0;
  std::uint64_t bad = 0;      // of those: no answer, or one that could not be read whole
  std::int64_t good_ns = 0;   // UTC of the last that was good; 0: none yet
  std::string problem;        // of the last one; "": it was good
};

/// The process, as the supervisor sees it.
struct WatchLife {
  int pid = 0;                // 0: it does not run
  int restarts = 0;           // processes that died; another followed each, or will
  std::int64_t next_ns = 0;   // UTC when it is tried again; 0: it runs
  std::string last;           // how the last one died, and what it wrote; "": none has
};

struct WatchShot {
  WatchLife life;
  std::vector<VenueWatch> venues;  // empty: nothing has been asked yet
};

/// Both write whole files or none; a disk that takes nothing is no reason to stop watching.
void tell_watch_life(const SessionPlan& plan, const WatchLife& life);
void tell_watch_seen(const SessionPlan& plan, const std::vector<VenueWatch>& venues);
/// What was told last; what cannot be read is left empty.
WatchShot read_watch(const SessionPlan& plan);

}  // namespace pinstripe
