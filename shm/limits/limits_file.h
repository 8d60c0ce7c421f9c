// What the limiter remembers when shared memory is gone: bans, back-off, circuits, long windows.
//
// A small text file, written whole and renamed; what is unknown to a reader is an error with its
// line, never a guess. Numbers are nanoseconds since 1970 and counts.
//
//   pinstripe-limits 1
//   venue NAME ban_until backoff_until open_until active_until cause bans backoffs opens circuit
//   bucket VENUE kind counting window guard limit reserve said_limit lease_until lease_count KEY
//   end LINES
#pragma once

#include <string>

#include "shm/base/result.h"
#include "shm/limits/ledger.h"

namespace pinstripe {

/// $XDG_STATE_HOME/pinstripe/limits, else below ~/.local/state.
std::string limits_state_folder();

/// Writes the state's leases (LimitLedger::lease_of) and gates as of the state's time; `sync`: on
/// disk when it returns. No allocation, no exception; an errno, 0 for done. `path` fits 400
/// characters.
int write_limits_file(const char* path, const LimitState& state, bool sync) noexcept;

/// Reads the file into an empty state. A missing file is no error.
Result<void> read_limits_file(const std::string& path, LimitLedger& ledger, std::int64_t now_ns);

}  // namespace pinstripe
