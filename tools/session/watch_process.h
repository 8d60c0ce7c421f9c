// The process that watches what the venues of a live session trade (pinstripe-watch). A session
// goes on without it, but nobody should have to guess that: how it fares is told in the session
// directory, and one that keeps dying is tried again for as long as the session runs.
#pragma once

#include <cstdint>
#include <string>

#include "shm/base/result.h"
#include "tools/session/helper_process.h"

namespace pinstripe {

class WatchProcess {
 public:
  static Result<WatchProcess> start(const SessionPlan& plan);
  /// What happened since the last call, for people; "": nothing. `now_ms`: monotonic.
  std::string mind(std::int64_t now_ms);
  void stop(int patience_ms);

 private:
  WatchProcess(const SessionPlan& plan, HelperProcess helper)
      : plan_(&plan), helper_(std::move(helper)) {}
  void tell(std::int64_t now_ms);

  const SessionPlan* plan_;
  HelperProcess helper_;
};

}  // namespace pinstripe
