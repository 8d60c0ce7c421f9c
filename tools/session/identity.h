// The identity of a stage's journal, out of the session's plan.
#pragma once

#include "shm/base/result.h"
#include "shm/run/journal_identity.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Of the journal that `stage` of `plan` writes in this build. The plan is that of a session that
/// was made (create_session), or was read back from its directory or its journal's.
Result<JournalIdentity> identity_of(const SessionPlan& plan, const StageSpec& stage);

}  // namespace pinstripe
