#include "tools/session/time_text.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>

#include "shm/base/units.h"

namespace pinstripe {
namespace {

namespace chrono = std::chrono;

constexpr std::size_t kLeastDigits = 16;  // fewer would be another unit, or a number of something

/// The whole of `text` as a number of exactly `digits` digits (0: any); -1 where it is none.
std::int64_t number(std::string_view text, std::size_t digits) {
  std::int64_t value = 0;
  if (text.empty() || (digits != 0 && text.size() != digits)) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && text[0] != '-' ? value : -1;
}

std::optional<std::int64_t> day_ns(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::int64_t y = number(text.substr(0, 4), 4);
  const std::int64_t m = number(text.substr(5, 2), 2);
  const std::int64_t d = number(text.substr(8, 2), 2);
  if (y < 1970 || y > 2261 || m < 0 || d < 0) return std::nullopt;
  const chrono::year_month_day day{chrono::year(static_cast<int>(y)),
                                   chrono::month(static_cast<unsigned>(m)),
                                   chrono::day(static_cast<unsigned>(d))};
  if (!day.ok()) return std::nullopt;
  return chrono::sys_days(day).time_since_epoch().count() * 86'400 * kNsPerSecond;
}

/// "23:57:35" and a possible fraction.
std::optional<std::int64_t> clock_ns(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const std::int64_t h = number(text.substr(0, 2), 2);
  const std::int64_t m = number(text.substr(3, 2), 2);
  const std::int64_t s = number(text.substr(6, 2), 2);
  if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59) return std::nullopt;
  std::int64_t ns = ((h * 60 + m) * 60 + s) * kNsPerSecond;
  if (text.size() == 8) return ns;
  const std::string_view places = text.substr(9);
  std::int64_t fraction = text[8] == '.' && places.size() <= 9 ? number(places, 0) : -1;
  if (fraction < 0) return std::nullopt;
  for (std::size_t i = places.size(); i < 9; ++i) fraction *= 10;
  return ns + fraction;
}

}  // namespace

Result<std::int64_t> parse_time(const std::string& text, const std::string& what) {
  if (text.size() >= kLeastDigits && number(text, 0) >= 0) return number(text, 0);
  std::string_view rest = text;
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  const auto day = day_ns(rest.substr(0, 10));
  if (day && rest.size() == 10) return *day;
  if (day && (rest[10] == 'T' || rest[10] == ' ')) {
    if (const auto clock = clock_ns(rest.substr(11))) return *day + *clock;
  }
  return fail_usage(what + ": found '" + text + "', allowed is a UTC time such as "
                    "2024-08-08T23:57:35.5Z, or nanoseconds since 1970");
}

std::string shown_time(std::int64_t time_ns) {
  const chrono::sys_time<chrono::nanoseconds> at{chrono::nanoseconds(time_ns)};
  const auto day = chrono::floor<chrono::days>(at);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{at - day};
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace pinstripe
