#include "tools/session/watch_text.h"

#include <signal.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string process_text(const WatchLife& life, std::int64_t now_ns) {
  if (runs(life)) {
    return "running (pid " + std::to_string(life.pid) + "), " + std::to_string(life.restarts) +
           " restarts";
  }
  std::string out = "DOES NOT RUN, so nobody is told what the venues halt; died " +
                    std::to_string(life.restarts) + " times";
  if (life.next_ns != 0) {
    out += ", tried again in " + shown_ns(std::max<std::int64_t>(life.next_ns - now_ns, 0));
  }
  return out;
}

std::string venue_text(const VenueWatch& v, std::int64_t now_ns) {
  return "  " + v.venue + ": last good answer " +
         (v.good_ns == 0 ? "never" : shown_ns(std::max<std::int64_t>(now_ns - v.good_ns, 0)) +
                                         " ago") +
         ", " + std::to_string(v.asked) + " asked, " + std::to_string(v.bad) + " bad" +
         (v.problem.empty() ? "" : ": " + v.problem) + "\n";
}

}  // namespace

bool runs(const WatchLife& life) noexcept { return life.pid > 0 && ::kill(life.pid, 0) == 0; }

nlohmann::ordered_json watch_json(const WatchShot& shot, std::int64_t now_ns) {
  const WatchLife& life = shot.life;
  const bool is_given_up = life.next_ns != 0;
  Json j{{"running", runs(life)},
         {"pid", runs(life) ? Json(life.pid) : Json(nullptr)},
         {"restarts", life.restarts},
         {"given_up", is_given_up},
         {"next_try_in_ns", is_given_up
                                ? Json(std::max<std::int64_t>(life.next_ns - now_ns, 0))
                                : Json(nullptr)},
         {"last_death", text_or_null(life.last)},
         {"venues", Json::array()}};
  for (const VenueWatch& v : shot.venues) {
    const Json age = v.good_ns == 0 ? Json(nullptr)
                                    : Json(std::max<std::int64_t>(now_ns - v.good_ns, 0));
    j["venues"].push_back({{"venue", v.venue}, {"asked", v.asked}, {"bad", v.bad},
                           {"last_good_ns", v.good_ns == 0 ? Json(nullptr) : Json(v.good_ns)},
                           {"last_good_age_ns", age}, {"problem", text_or_null(v.problem)}});
  }
  return j;
}

std::string watch_text(const WatchShot& shot, std::int64_t now_ns) {
  std::string out = "watch over the instruments: " + process_text(shot.life, now_ns) +
                    (shot.life.last.empty() ? "" : "; the last one died: " + shot.life.last) +
                    "\n";
  for (const VenueWatch& v : shot.venues) out += venue_text(v, now_ns);
  return out;
}

std::string watch_account_text(const WatchShot& shot) {
  std::string out;
  if (shot.life.restarts > 0) {
    out += "\nthe watch over the instruments died " + std::to_string(shot.life.restarts) +
           " times" + (shot.life.next_ns != 0 ? " and did NOT run at the end" : "") +
           "; the last: " + shot.life.last + "\n";
  }
  for (const VenueWatch& v : shot.venues) {
    if (v.bad == 0) continue;
    out += "\nwatch: " + std::to_string(v.bad) + " of " + std::to_string(v.asked) +
           " answers of " + v.venue + " were bad" +
           (v.problem.empty() ? "" : "; the last: " + v.problem) + "\n";
  }
  return out;
}

}  // namespace pinstripe
