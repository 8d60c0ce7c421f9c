#include "tools/backtest/plan_parts.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

/// Part of a key of the plan's `session` object.
PlanPart session_part(const std::string& key) {
  if (key.find("latency") != std::string::npos || key == "seed") return PlanPart::kLatency;
  for (const char* data : {"source", "for_ns", "from_ns", "to_ns", "events_max", "data_digest",
                           "traded_from_ns", "traded_to_ns", "market"}) {
    if (key == data) return PlanPart::kData;
  }
  return PlanPart::kDecisions;
}

PlanPart exec_part(const std::string& key) {
  if (key.find("latency") != std::string::npos) return PlanPart::kLatency;
  for (const char* cost : {"funding", "margin", "tiers", "liquidation"}) {
    if (key.starts_with(cost)) return PlanPart::kFees;
  }
  return PlanPart::kQueue;
}

PlanPart instrument_part(const std::string& key) {
  for (const char* cost : {"maker_fee_e8", "taker_fee_e8", "buy_fee_in_base", "tiers"}) {
    if (key == cost) return PlanPart::kFees;
  }
  return PlanPart::kDecisions;
}

/// Puts the members of `from` that `part_of` counts to `part` into `to`, and takes out of `to` what
/// `from` does not have.
template <class PartOf>
void mix(Json& to, const Json& from, PlanPart part, PartOf part_of) {
  Json mixed = Json::object();
  for (const auto& [key, value] : to.items()) {
    if (part_of(key) != part) mixed[key] = value;
  }
  for (const auto& [key, value] : from.items()) {
    if (part_of(key) == part) mixed[key] = value;
  }
  to = std::move(mixed);
}

Json instrument_ids(const Json& plan) {
  Json ids = Json::array();
  for (const Json& i : plan.at("instruments")) ids.push_back(i.at("id"));
  return ids;
}

/// Calls `each` with every file path that a stage's part names.
template <class Each>
Result<void> each_path(Json& plan, Each each) {
  Json& models = plan["stage"]["models"]["config"];
  if (models.contains("members")) {
    for (Json& member : models["members"]) {
      for (Json& fold : member["folds"]) {
        if (auto done = each(fold); !done) return done;
      }
    }
  }
  Json& exec = plan["stage"]["exec"]["config"];
  for (const char* key : {"funding", "tiers"}) {
    if (!exec.contains(key)) continue;
    if (exec[key].is_string()) {
      if (auto done = each(exec[key]); !done) return done;
    } else if (exec[key].is_object()) {
      for (auto& [id, path] : exec[key].items()) {
        if (auto done = each(path); !done) return done;
      }
    }
  }
  if (exec.contains("margin") && exec["margin"].contains("tiers") &&
      exec["margin"]["tiers"].is_string()) {
    return each(exec["margin"]["tiers"]);
  }
  return {};
}

Result<std::uint64_t> digest_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("cannot open '" + path + "'; the run is done again from its files");
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  Hasher h;
  h.bytes(bytes.data(), bytes.size());
  return h.value();
}

}  // namespace

std::string cannot_mix(const SessionPlan& a, const SessionPlan& b) {
  const Json x = Json::parse(resolved_json(a)), y = Json::parse(resolved_json(b));
  if (instrument_ids(x) != instrument_ids(y)) {
    return "the runs trade different instruments: " + instrument_ids(x).dump() + " and " +
           instrument_ids(y).dump();
  }
  if (x.at("lanes") != y.at("lanes")) return "the runs have different lanes";
  return "";
}

Result<SessionPlan> with_part(const SessionPlan& a, const SessionPlan& b, PlanPart part) {
  if (part == PlanPart::kDecisions) return b;
  Json to = Json::parse(resolved_json(a));
  const Json from = Json::parse(resolved_json(b));
  mix(to["session"], from.at("session"), part, session_part);
  for (std::size_t i = 0; i < to["instruments"].size(); ++i) {
    mix(to["instruments"][i], from.at("instruments").at(i), part, instrument_part);
  }
  if (part == PlanPart::kData) {
    to["streams"] = from.at("streams");
    to["stage"]["feed"]["config"] = from.at("stage").at("feed").at("config");
  }
  for (const std::string_view stage : kStageKindNames) {
    if (part != PlanPart::kLatency) break;
    to["stage"][stage]["latency"] = from.at("stage").at(std::string(stage)).at("latency");
  }
  mix(to["stage"]["exec"]["config"], from.at("stage").at("exec").at("config"), part, exec_part);
  // A model may have seen the other run's data in training; it is asked all the same.
  to["session"]["in_sample_allowed"] = true;
  auto mixed = parse_resolved(to.dump(), "a mix of two plans");
  if (mixed) mixed->directory = a.directory;
  return mixed;
}

Result<SessionPlan> self_contained(const SessionPlan& plan) {
  Json j = Json::parse(resolved_json(plan));
  auto named = each_path(j, [&](Json& path) -> Result<void> {
    path = plan.file_path(path.get<std::string>());
    return {};
  });
  if (!named) return std::unexpected(named.error());
  for (const char* text : {"notes", "warnings"}) j["session"][text] = Json::array();
  j["session"]["session_id"] = std::string(32, '0');
  j["session"]["speed"] = 0;
  j["session"]["in_sample_allowed"] = true;
  j["journal"]["on"] = false;
  j["journal"]["directory"] = "";
  j["files"] = Json::array();
  auto alone = parse_resolved(j.dump(), plan.config_file);
  if (alone) alone->directory = plan.directory;
  return alone;
}

Result<std::string> plan_identity(const SessionPlan& plan) {
  Json j = Json::parse(resolved_json(plan));
  auto hashed = each_path(j, [](Json& path) -> Result<void> {
    const auto digest = digest_of_file(path.get<std::string>());
    if (!digest) return std::unexpected(digest.error());
    path = *digest;
    return {};
  });
  if (!hashed) return std::unexpected(hashed.error());
  for (const char* key : {"name", "config_file", "notes", "warnings", "session_id", "speed",
                          "in_sample", "in_sample_allowed"}) {
    j["session"].erase(key);
  }
  j.erase("journal");
  j.erase("supervision");
  j.erase("files");
  j.erase("stages");  // cores and waiting; which stages there are follows from the lanes
  return nlohmann::json::parse(j.dump()).dump();  // keys sorted
}

}  // namespace pinstripe
