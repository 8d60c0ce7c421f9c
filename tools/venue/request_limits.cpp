#include "tools/venue/request_limits.h"

#include <algorithm>

namespace pinstripe::venue {

LimitVerdict MinuteWeight::charge(const std::string& address, std::int64_t weight,
                                  std::int64_t now_ms) {
  Use& use = uses_[address];
  const std::int64_t minute = now_ms / 60'000;
  if (minute != use.minute) {
    use.minute = minute;
    use.used = 0;
    use.warnings = 0;
  }
  use.used += weight;
  const auto seconds_to = [&](std::int64_t end_ms) { return (end_ms - now_ms + 999) / 1'000; };
  if (now_ms < use.ban_ends_ms) return {418, use.used, seconds_to(use.ban_ends_ms)};
  if (use.used <= limit_) return {200, use.used, 0};
  if (++use.warnings <= kWarnings) return {429, use.used, seconds_to((minute + 1) * 60'000)};
  use.ban_ends_ms = now_ms + use.next_ban_s * 1'000;
  use.next_ban_s = std::min(use.next_ban_s * 2, kLongestBanS);
  return {418, use.used, seconds_to(use.ban_ends_ms)};
}

bool RollingCount::charge(const std::string& key, std::int64_t now_ms) {
  std::deque<std::int64_t>& times = times_[key];
  while (!times.empty() && times.front() <= now_ms - window_ms_) times.pop_front();
  if (times.size() >= limit_) return false;
  times.push_back(now_ms);
  return true;
}

}  // namespace pinstripe::venue
