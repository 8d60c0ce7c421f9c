// From a session config to a complete plan: looks at the data, the instruments, the clocks, the
// models.
#pragma once

#include "shm/base/result.h"
#include "tools/session/session_config.h"

namespace pinstripe {

/// Completes `config`: instruments (from the data or as named), streams with their clock offsets,
/// traded time, model folds. Everything that would fail at start fails here, with the reason.
Result<SessionPlan> prepare_plan(const SessionConfig& config);

/// The recorded files of `plan` still hold what they held when it was prepared, whatever their
/// times say. Reads them all (of binary captures the headers).
Result<void> verify_data(const SessionPlan& plan);

/// Folder for what is kept between sessions: $XDG_CACHE_HOME/pinstripe, else ~/.cache/pinstripe.
std::string cache_folder();

}  // namespace pinstripe
