#include "feed/live/limiter_words.h"

#include <cstdio>
#include <ctime>

namespace pinstripe {

LimiterWords limiter_words(const Grant& grant) noexcept {
  LimiterWords words{};
  if (grant.verdict == Ruling::kGranted) return words;
  char until[40] = "";
  if (grant.until_ns > 0) {
    const std::time_t seconds = grant.until_ns / kNsPerSecond;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::strftime(until, sizeof(until), " until %Y-%m-%d %H:%M:%S UTC", &utc);
  }
  const auto say = [&](const char* what, const char* more, const char* why) {
    std::snprintf(words.data(), words.size(), "the limiter: %s%s%s%s", what, until, more, why);
    return words;
  };
  switch (grant.verdict) {
    case Ruling::kCircuitOpen:
      return say("circuit open", ", last failure: ",
                 kFailureCauseNames[static_cast<std::size_t>(grant.failure)]);
    case Ruling::kBanned: return say("the venue has banned this machine", "", "");
    case Ruling::kWait: return say("the budget is used, wait", "", "");
    case Ruling::kUnavailable: return say("cannot be asked, see 'pinstripe limits'", "", "");
    default: return say(kRulingNames[static_cast<std::size_t>(grant.verdict)], "", "");
  }
}

}  // namespace pinstripe
