#include "tools/session/stage_health.h"

#include <algorithm>
#include <fstream>

#include "shm/base/units.h"

namespace pinstripe {

char process_state(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text);
  const std::size_t name_end = text.rfind(')');  // the name may hold anything
  return name_end == std::string::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

std::string StageHealth::look(pid_t pid, const StageSign& sign, std::int64_t now_ms) {
  constexpr std::int64_t kHeldUpMs = 1'000;
  if (looked_at_ms_ < 0 || now_ms - looked_at_ms_ > kHeldUpMs) {
    stopped_since_ms_ = -1;
    silent_from_ms_ = now_ms;
  }
  looked_at_ms_ = now_ms;
  if (process_state(pid) != 'T') {
    stopped_since_ms_ = -1;
  } else if (stopped_since_ms_ < 0) {
    stopped_since_ms_ = now_ms;
  } else if (now_ms - stopped_since_ms_ > limits_.stopped_limit_ms) {
    return "stopped by a signal (SIGSTOP)";
  }
  const std::int64_t silent_ms =
      std::min(sign.heartbeat_age_ns / kNsPerMs, now_ms - silent_from_ms_);
  if (sign.running && sign.pid == pid && silent_ms > limits_.heartbeat_limit_ms) {
    return "silent for " + std::to_string(silent_ms) + " ms";
  }
  return "";
}

}  // namespace pinstripe
