#include "tools/session/config_settings.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

Error wrong(const std::string& setting, const std::string& why) {
  return Error{"--set '" + setting + "': " + why +
                   ", allowed is key.path=value, as in risk.policy.min_edge=0",
               Exit::kUsage};
}

/// "rings.risk.exec.capacity" -> rings, risk.exec, capacity.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    parts.push_back(path.substr(from, dot - from));
    from = dot + 1;
  }
  if (parts.front() != "rings" || parts.size() < 4) return parts;
  std::string ring = parts[1];
  for (std::size_t i = 2; i + 1 < parts.size(); ++i) ring += "." + parts[i];
  return {parts.front(), ring, parts.back()};
}

/// The member `part` of `at`, made where an object does not have it; null: it cannot have one.
Json* member(Json& at, const std::string& part) {
  if (at.is_null()) at = Json::object();
  if (at.is_object()) return &at[part];
  if (!at.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc{} || end != part.data() + part.size() || index >= at.size()) {
    return nullptr;
  }
  return &at[index];
}

Result<void> put(Json& config, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) return std::unexpected(wrong(setting, "found no '='"));
  const std::string path = setting.substr(0, equals);
  const std::string text = setting.substr(equals + 1);
  Json* at = &config;
  std::string been;
  for (const std::string& part : parts_of(path)) {
    if (part.empty()) return std::unexpected(wrong(setting, "found an empty key"));
    Json* const next = member(*at, part);
    if (next == nullptr) {
      const std::string what = at->is_array()
                                   ? "holds " + std::to_string(at->size()) + " values, from 0 on"
                                   : "is a value without keys";
      return std::unexpected(wrong(setting, "'" + been + "' " + what));
    }
    been += (been.empty() ? "" : ".") + part;
    at = next;
  }
  Json value = Json::parse(text, nullptr, false);
  *at = value.is_discarded() ? Json(text) : std::move(value);
  return {};
}

}  // namespace

Result<std::string> with_settings(const std::string& json,
                                  const std::vector<std::string>& settings) {
  Json config = Json::parse(json);
  for (const std::string& setting : settings) {
    if (auto done = put(config, setting); !done) return std::unexpected(done.error());
  }
  return config.dump();
}

}  // namespace pinstripe
