#include "feed/live/limiter_words.h"

#include <chrono>
#include <cstdio>

namespace pinstripe {

LimiterWords limiter_words(const Grant& grant) noexcept {
  LimiterWords words{};
  if (grant.verdict == Ruling::kGranted) return words;
  char until[40] = "";
  if (grant.until_ns > 0) {
    // Not gmtime_r: its first call in a process reads the time zone's file and allocates.
    const std::chrono::sys_seconds at{std::chrono::seconds(grant.until_ns / kNsPerSecond)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    std::snprintf(until, sizeof(until), " until %d-%02u-%02u %02d:%02d:%02d UTC",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
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
