// The tables of `rings` and `status`, for people and as JSON, from snapshots.
#pragma once

#include <string>

#include "tools/session/snapshot.h"

namespace pinstripe {

/// Two snapshots and the seconds between them give rates; `earlier` may be null.
struct RingsView {
  const SessionPlan& plan;
  const SessionShot& now;
  const SessionShot* earlier = nullptr;
  double seconds = 0;
};
std::string rings_text(const RingsView& view);
/// {"session", "rings": [{...}]}; keys: tools/README.md.
std::string rings_json(const RingsView& view);

/// `state` says who drives the session as well.
std::string status_text(const SessionPlan& plan, const SessionShot& shot,
                        const std::string& state);
/// `holder` says who drives it, "" for nobody.
std::string status_json(const SessionPlan& plan, const SessionShot& shot, const std::string& state,
                        const std::string& holder);

}  // namespace pinstripe
