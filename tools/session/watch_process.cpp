#include "tools/session/watch_process.h"

#include "shm/run/machine_time.h"
#include "tools/session/watch_marks.h"

namespace pinstripe {

Result<WatchProcess> WatchProcess::start(const SessionPlan& plan) {
  auto helper = HelperProcess::start(plan, "watch", "the watch over the instruments",
                                     HelperLoss::kRetried);
  if (!helper) return std::unexpected(helper.error());
  WatchProcess watch(plan, std::move(*helper));
  watch.tell(monotonic_ms());
  return watch;
}

std::string WatchProcess::mind(std::int64_t now_ms) {
  const std::string line = helper_.mind(now_ms);
  if (!line.empty()) tell(now_ms);
  return line;
}

void WatchProcess::tell(std::int64_t now_ms) {
  WatchLife life;
  life.restarts = helper_.deaths_ever();
  life.last = helper_.last_death();
  const std::int64_t in_ms = helper_.again_in_ms(now_ms);
  if (in_ms == 0) {
    life.pid = helper_.child().pid();
  } else {
    life.next_ns = realtime_ns() + in_ms * kNsPerMs;
  }
  tell_watch_life(*plan_, life);
}

void WatchProcess::stop(int patience_ms) { helper_.stop(patience_ms); }

}  // namespace pinstripe
