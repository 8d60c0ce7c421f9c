// Which session a verb speaks of.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "shm/ring/session_dir.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

struct FoundSession {
  SessionInfo info;
  SessionPlan plan;  // with its directory
};

/// The session `name`; without a name the newest live one. What is not there is an error that names
/// the nearest, or how to start one.
Result<FoundSession> find_session(const std::string& name);

}  // namespace pinstripe
