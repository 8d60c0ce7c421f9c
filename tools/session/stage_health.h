// Signs that a stage's process lives but does not work: someone has stopped it, or it is silent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tools/session/restart_policy.h"

namespace pinstripe {

/// State letter of the process in /proc ('R', 'S', 'T' ...); 0 where it is gone.
char process_state(pid_t pid);

/// What the page of a stage shows of its life.
struct StageSign {
  pid_t pid = 0;                   // who works, or worked, behind the page
  bool running = false;            // it says so
  std::int64_t heartbeat_age_ns = 0;
};

/// Looks at one stage again and again.
class StageHealth {
 public:
  explicit StageHealth(const SupervisionPlan& limits) noexcept : limits_(limits) {}

  /// Why the process `pid` must be killed, for people; "": it works. `sign` is of its page. A
  /// watcher that was itself held up (its last look lies long back) proves nothing and begins anew.
  std::string look(pid_t pid, const StageSign& sign, std::int64_t now_ms);
  /// Another process has taken the place.
  void restart() noexcept { stopped_since_ms_ = -1; }

 private:
  SupervisionPlan limits_;
  std::int64_t looked_at_ms_ = -1;
  std::int64_t stopped_since_ms_ = -1;
  std::int64_t silent_from_ms_ = 0;  // no silence before this look counts
};

}  // namespace pinstripe
