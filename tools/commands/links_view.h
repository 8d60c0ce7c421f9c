// A live session's connections, for people and as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "tools/session/session_plan.h"

namespace pinstripe {

/// Tables of the connections and of the desks for REST snapshots, and what the venues still allow;
/// "" where the session listens to no venue.
std::string links_text(const SessionPlan& plan);
/// {"links": [...], "desks": [...], "limits": [...]}; null where the session listens to no venue.
nlohmann::ordered_json links_json(const SessionPlan& plan);

}  // namespace pinstripe
