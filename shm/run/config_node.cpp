#include "shm/run/config_node.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <fstream>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

namespace pinstripe {

using Json = nlohmann::json;

struct ConfigNode::Record {
  const Json* value = nullptr;  // null: absent, an empty object
  std::string path;
  std::set<std::string, std::less<>> known;
};

struct ConfigNode::Document {
  Json root;
  std::string origin;
  std::deque<Record> records;  // addresses stay
  std::vector<std::string> problems;

  Record* record_at(const std::string& path, const Json* value) {
    for (Record& r : records) {
      if (r.path == path) return &r;
    }
    records.push_back(Record{value, path, {}});
    return &records.back();
  }
};

namespace {

/// A value as people may read it in a message: at most 60 characters.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

std::string shown(double v) { return Json(v).dump(); }

/// Edits that turn `a` into `b`; two neighbours in the wrong order count as one ("spede", "speed").
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) d[i * width] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      std::size_t best = std::min({replaced, d[(i - 1) * width + j] + 1, d[i * width + j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, d[(i - 2) * width + j - 2] + 1);
      }
      d[i * width + j] = best;
    }
  }
  return d.back();
}

/// Refuses a key that stands twice in one object: the parser would silently keep the last.
class DuplicateKeys {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) {
      open_.resize(static_cast<std::size_t>(depth) + 1);
      open_.back().clear();
    } else if (event == Json::parse_event_t::key && !open_.empty()) {
      open_.resize(static_cast<std::size_t>(depth));
      const auto& key = value.get_ref<const std::string&>();
      if (!open_.back().insert(key).second && found_.empty()) found_ = key;
    }
    return true;
  }
  const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string found_;
};

}  // namespace

std::string nearest_name(std::string_view wrong, std::span<const std::string> names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t d = edit_distance(wrong, name);
    if (d < best_distance) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

ConfigNode::ConfigNode(std::shared_ptr<Document> document, Record* record)
    : document_(std::move(document)), record_(record) {}

Result<ConfigNode> ConfigNode::parse(std::string_view text, std::string origin) {
  auto document = std::make_shared<Document>();
  document->origin = std::move(origin);
  DuplicateKeys duplicates;
  try {
    document->root = Json::parse(text, std::ref(duplicates), true, true);
  } catch (const Json::exception& e) {
    return fail_usage(document->origin + ": not valid JSON: " + e.what());
  }
  if (!document->root.is_object()) {
    return fail_usage(document->origin + ": found " + shown(document->root) +
                      ", allowed is one JSON object {...}");
  }
  if (!duplicates.found().empty()) {
    return fail_usage(document->origin + ": key '" + duplicates.found() +
                      "' stands twice in one object; remove one of the two");
  }
  Record* root = document->record_at("", &document->root);
  return ConfigNode(std::move(document), root);
}

Result<ConfigNode> ConfigNode::load(const std::string& file) {
  std::ifstream in(file);
  if (!in) {
    return fail_usage("cannot open config '" + file + "': " + std::strerror(errno) +
                      "; shipped ones lie in tools/configs/");
  }
  std::stringstream text;
  text << in.rdbuf();
  if (in.bad()) return fail_usage("cannot read config '" + file + "': it must be a plain file");
  return parse(text.str(), file);
}

ConfigNode ConfigNode::empty(std::string origin) {
  return *parse("{}", std::move(origin));
}

std::string ConfigNode::path_of(std::string_view key) const {
  if (key.empty()) return record_->path;
  return record_->path.empty() ? std::string(key) : record_->path + "." + std::string(key);
}

void ConfigNode::complain(std::string_view key, const std::string& problem) {
  const std::string at = path_of(key);
  document_->problems.push_back(at.empty() ? problem : at + ": " + problem);
}

void ConfigNode::know(std::string_view key) { record_->known.emplace(key); }

bool ConfigNode::has(std::string_view key) const {
  record_->known.emplace(key);
  return record_->value != nullptr && record_->value->contains(std::string(key));
}

bool ConfigNode::is_text(std::string_view key) const {
  return has(key) && (*record_->value)[std::string(key)].is_string();
}

std::vector<std::string> ConfigNode::keys() const {
  std::vector<std::string> names;
  if (record_->value == nullptr) return names;
  for (const auto& [name, value] : record_->value->items()) names.push_back(name);
  return names;
}

const std::string& ConfigNode::path() const { return record_->path; }

std::string ConfigNode::raw() const {
  return record_->value == nullptr ? "{}" : record_->value->dump();
}

std::int64_t ConfigNode::integer(std::string_view key, std::int64_t def, std::int64_t min,
                                 std::int64_t max) {
  if (!has(key)) return def;
  const Json& v = (*record_->value)[std::string(key)];
  const std::string allowed =
      ", allowed a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  std::int64_t found = 0;
  bool fits = false;
  if (v.is_number_unsigned()) {
    const auto u = v.get<std::uint64_t>();
    fits = u <= static_cast<std::uint64_t>(INT64_MAX);
    found = static_cast<std::int64_t>(fits ? u : 0);
  } else if (v.is_number_integer()) {
    found = v.get<std::int64_t>();
    fits = true;
  } else if (v.is_number_float()) {  // 60e9 is a whole number too
    const double d = v.get<double>();
    fits = std::fabs(d) <= 0x1p53 && d == std::floor(d);
    found = fits ? static_cast<std::int64_t>(d) : 0;
  }
  if (fits && found >= min && found <= max) return found;
  complain(key, "found " + shown(v) + allowed);
  return def;
}

double ConfigNode::number(std::string_view key, double def, double min, double max) {
  if (!has(key)) return def;
  const Json& v = (*record_->value)[std::string(key)];
  if (v.is_number()) {
    const double d = v.get<double>();
    if (d >= min && d <= max) return d;
  }
  complain(key, "found " + shown(v) + ", allowed a number from " + shown(min) + " to " +
      shown(max));
  return def;
}

bool ConfigNode::boolean(std::string_view key, bool def) {
  if (!has(key)) return def;
  const Json& v = (*record_->value)[std::string(key)];
  if (v.is_boolean()) return v.get<bool>();
  complain(key, "found " + shown(v) + ", allowed true or false");
  return def;
}

std::string ConfigNode::text(std::string_view key, std::string_view def) {
  if (!has(key)) return std::string(def);
  const Json& v = (*record_->value)[std::string(key)];
  if (v.is_string()) return v.get<std::string>();
  complain(key, "found " + shown(v) + ", allowed a text in quotes");
  return std::string(def);
}

std::size_t ConfigNode::choice(std::string_view key, std::size_t def,
                               std::span<const std::string_view> names) {
  if (!has(key)) return def;
  const Json& v = (*record_->value)[std::string(key)];
  std::string allowed;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (v.is_string() && v.get_ref<const std::string&>() == names[i]) return i;
    allowed += (i == 0 ? "\"" : ", \"") + std::string(names[i]) + "\"";
    all.emplace_back(names[i]);
  }
  std::string problem = "found " + shown(v) + ", allowed one of " + allowed;
  if (v.is_string()) {
    const std::string near = nearest_name(v.get<std::string>(), all);
    if (!near.empty()) problem += "; did you mean \"" + near + "\"?";
  }
  complain(key, problem);
  return def;
}

std::vector<std::string> ConfigNode::texts(std::string_view key) {
  std::vector<std::string> found;
  if (!has(key)) return found;
  const Json& v = (*record_->value)[std::string(key)];
  const bool right = v.is_array() && std::all_of(v.begin(), v.end(), [](const Json& e) {
                       return e.is_string();
                     });
  if (!right) {
    complain(key, "found " + shown(v) + ", allowed a list of texts [\"...\", ...]");
    return found;
  }
  for (const Json& e : v) found.push_back(e.get<std::string>());
  return found;
}

std::vector<std::int64_t> ConfigNode::integers(std::string_view key, std::int64_t min,
                                               std::int64_t max) {
  std::vector<std::int64_t> found;
  if (!has(key)) return found;
  const Json& v = (*record_->value)[std::string(key)];
  const bool right = v.is_array() && std::all_of(v.begin(), v.end(), [&](const Json& e) {
                       return e.is_number_integer() && e.get<std::int64_t>() >= min &&
                              e.get<std::int64_t>() <= max;
                     });
  if (!right) {
    complain(key, "found " + shown(v) + ", allowed a list of whole numbers from " +
                      std::to_string(min) + " to " + std::to_string(max));
    return found;
  }
  for (const Json& e : v) found.push_back(e.get<std::int64_t>());
  return found;
}

ConfigNode ConfigNode::child(std::string_view key) {
  const Json* value = nullptr;
  if (has(key)) {
    value = &(*record_->value)[std::string(key)];
    if (!value->is_object()) {
      complain(key, "found " + shown(*value) + ", allowed an object {...}");
      value = nullptr;
    }
  }
  return ConfigNode(document_, document_->record_at(path_of(key), value));
}

std::vector<ConfigNode> ConfigNode::list(std::string_view key) {
  std::vector<ConfigNode> nodes;
  if (!has(key)) return nodes;
  const Json& v = (*record_->value)[std::string(key)];
  const bool right = v.is_array() && std::all_of(v.begin(), v.end(), [](const Json& e) {
                       return e.is_object();
                     });
  if (!right) {
    complain(key, "found " + shown(v) + ", allowed a list of objects [{...}, ...]");
    return nodes;
  }
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
    nodes.push_back(ConfigNode(document_, document_->record_at(path, &v[i])));
  }
  return nodes;
}

Result<void> ConfigNode::finish() const {
  std::vector<std::string> problems = document_->problems;
  for (const Record& r : document_->records) {
    if (r.value == nullptr) continue;
    for (const auto& [name, value] : r.value->items()) {
      if (r.known.contains(name)) continue;
      const std::vector<std::string> known(r.known.begin(), r.known.end());
      std::string problem = (r.path.empty() ? name : r.path + "." + name) + ": unknown key";
      const std::string near = nearest_name(name, known);
      if (!near.empty()) {
        problem += "; did you mean '" + near + "'?";
      } else {
        problem += "; allowed here are";
        for (const std::string& k : known) problem += (k == known.front() ? " " : ", ") + k;
      }
      problems.push_back(problem);
    }
  }
  if (problems.empty()) return {};
  std::string all = document_->origin + ": ";
  for (std::size_t i = 0; i < problems.size(); ++i) {
    all += (i == 0 ? "" : "\n" + document_->origin + ": ") + problems[i];
  }
  return fail_usage(all);
}

}  // namespace pinstripe
