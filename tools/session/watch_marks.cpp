#include "tools/session/watch_marks.h"

#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

namespace pinstripe {
namespace {

using Json = nlohmann::json;

std::string life_file(const SessionPlan& plan) { return plan.directory + "/watch.life"; }
std::string seen_file(const SessionPlan& plan) { return plan.directory + "/watch.seen"; }

void put(const std::string& path, const Json& json) {
  const std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::flush;
  if (out.good()) std::rename(fresh.c_str(), path.c_str());
}

Json taken(const std::string& path) {
  std::ifstream in(path);
  return in ? Json::parse(in, nullptr, false) : Json();
}

std::int64_t number(const Json& j, const char* key) {
  const auto found = j.find(key);
  return found != j.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string word(const Json& j, const char* key) {
  const auto found = j.find(key);
  return found != j.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void tell_watch_life(const SessionPlan& plan, const WatchLife& life) {
  put(life_file(plan), {{"pid", life.pid},
                        {"restarts", life.restarts},
                        {"next_ns", life.next_ns},
                        {"last", life.last}});
}

void tell_watch_seen(const SessionPlan& plan, const std::vector<VenueWatch>& venues) {
  Json all = Json::array();
  for (const VenueWatch& v : venues) {
    all.push_back({{"venue", v.venue}, {"asked", v.asked}, {"bad", v.bad}, {"good_ns", v.good_ns},
                   {"problem", v.problem}});
  }
  put(seen_file(plan), all);
}

WatchShot read_watch(const SessionPlan& plan) {
  WatchShot shot;
  const Json life = taken(life_file(plan));
  if (life.is_object()) {
    shot.life = {static_cast<int>(number(life, "pid")), static_cast<int>(number(life, "restarts")),
                 number(life, "next_ns"), word(life, "last")};
  }
  const Json seen = taken(seen_file(plan));
  if (!seen.is_array()) return shot;
  for (const Json& v : seen) {
    if (!v.is_object()) continue;
    shot.venues.push_back({word(v, "venue"), static_cast<std::uint64_t>(number(v, "asked")),
                           static_cast<std::uint64_t>(number(v, "bad")), number(v, "good_ns"),
                           word(v, "problem")});
  }
  return shot;
}

}  // namespace pinstripe
