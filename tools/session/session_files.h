// What a session keeps of its own: its id, copies of the files that decide, its journal's folder.
//
// Models, rate and tier files are copied into the session directory before the resolved config is
// written, which names the copies relative to it with their digests. So an edited file is told by
// name, and a journal directory, which gets the same copies, replays alone.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Folder of all journals: $XDG_STATE_HOME/pinstripe/journal, else below ~/.local/state.
std::string journal_root();

/// Draws the session's id from the system.
Result<void> draw_session_id(SessionPlan& plan);

/// `<root>/<session>/<UTC time>-<8 digits of the id>`; `now_ns` since the epoch.
std::string journal_directory_of(const SessionPlan& plan, std::int64_t now_ns);

/// Copies the model, rate and tier files that `plan` names by absolute path into `directory`, names
/// the copies relative to it in the stages' parts, and fills `plan.files`.
Result<void> copy_inputs(SessionPlan& plan, const std::string& directory);

/// Copies `plan.files` from one session or journal directory into another.
Result<void> copy_files(const SessionPlan& plan, const std::string& from, const std::string& to);

/// Compares every file of `plan.files` below `plan.directory` with its digest; names the first
/// that is missing or differs.
Result<void> verify_files(const SessionPlan& plan);

}  // namespace pinstripe
