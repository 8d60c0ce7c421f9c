// The model file as text: reading with checks, writing with the same bytes everywhere.
#include "models/model_file.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/loader/tree_loader.h"
#include "shm/msg/feature_vector.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kHorizonMinNs = kNsPerMs, kHorizonMaxNs = 3'600 * kNsPerSecond;
constexpr std::uint32_t kLayerWidthMax = 4'096;

/// What went wrong while reading one file, as a message; thrown and caught inside this file only.
struct Problem {
  std::string text;
};

class Reader {
 public:
  explicit Reader(const Json& root) : root_(root) {}

  const Json& need(const Json& from, const std::string& path, const char* key) const {
    const auto found = from.find(key);
    if (found == from.end()) throw Problem{path + key + ": missing"};
    return *found;
  }
  std::string text(const Json& from, const std::string& path, const char* key) const {
    const Json& v = need(from, path, key);
    if (!v.is_string()) throw Problem{path + key + ": expected a text"};
    return v.get<std::string>();
  }
  std::int64_t integer(const Json& from, const std::string& path, const char* key,
                       std::int64_t min, std::int64_t max) const {
    const Json& v = need(from, path, key);
    if (!v.is_number_integer()) throw Problem{path + key + ": expected an integer"};
    const bool huge = v.is_number_unsigned() && v.get<std::uint64_t>() > INT64_MAX;
    const std::int64_t n = huge ? 0 : v.get<std::int64_t>();
    if (huge || n < min || n > max) {
      throw Problem{path + key + ": found " + v.dump() + ", allowed " + std::to_string(min) +
                    " to " + std::to_string(max)};
    }
    return n;
  }
  double number(const Json& from, const std::string& path, const char* key) const {
    const Json& v = need(from, path, key);
    if (!v.is_number() || !std::isfinite(v.get<double>())) {
      throw Problem{path + key + ": expected a finite number"};
    }
    return v.get<double>();
  }
  template <class T>
  std::vector<T> numbers(const Json& from, const std::string& path, const char* key) const {
    const Json& list = need(from, path, key);
    if (!list.is_array()) throw Problem{path + key + ": expected an array"};
    std::vector<T> out;
    for (const Json& v : list) {
      if (!v.is_number() || !std::isfinite(static_cast<T>(v.get<double>()))) {
        throw Problem{path + key + "[" + std::to_string(out.size()) +
                      "]: expected a finite number"};
      }
      out.push_back(static_cast<T>(v.get<double>()));
    }
    return out;
  }
  const Json& object(const Json& from, const std::string& path, const char* key) const {
    const Json& v = need(from, path, key);
    if (!v.is_object()) throw Problem{path + key + ": expected an object"};
    return v;
  }
  const Json& root() const { return root_; }

 private:
  const Json& root_;
};

template <std::size_t N>
std::size_t index_of(const std::string& name, const char* const (&names)[N], const char* key) {
  std::string allowed;
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return i;
    allowed += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw Problem{std::string(key) + ": found '" + name + "', allowed " + allowed};
}

constexpr const char* kCalibrationNames[] = {"none", "platt", "isotonic"};

std::uint64_t hash_from(const std::string& text) {
  std::uint64_t hash = 0;
  const char* end = text.data() + text.size();
  if (text.size() != 18 || text.compare(0, 2, "0x") != 0 ||
      std::from_chars(text.data() + 2, end, hash, 16).ptr != end) {
    throw Problem{"registry_hash: found '" + text + "', expected 0x and 16 hexadecimal digits"};
  }
  return hash;
}

std::string hash_text(std::uint64_t hash) {
  char text[19];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(hash));
  return text;
}

void read_head(const Reader& in, ModelFile& m) {
  const Json& root = in.root();
  if (in.text(root, "", "format") != "pinstripe-model") {
    throw Problem{"format: found '" + in.text(root, "", "format") +
                  "', expected 'pinstripe-model'; this is no model file of `pinstripe train`"};
  }
  in.integer(root, "", "version", 1, 1);
  m.name = in.text(root, "", "name");
  m.kind = static_cast<ModelKind>(index_of(in.text(root, "", "kind"), kModelKindNames, "kind"));
  m.horizon_ns = in.integer(root, "", "horizon_ns", kHorizonMinNs, kHorizonMaxNs);
  m.registry_hash = hash_from(in.text(root, "", "registry_hash"));
  const Json& names = in.need(root, "", "features");
  if (!names.is_array() || names.empty() || names.size() > kFeatureMax) {
    throw Problem{"features: expected an array of 1 to " + std::to_string(kFeatureMax) + " names"};
  }
  for (const Json& name : names) {
    if (!name.is_string()) throw Problem{"features: expected texts"};
    m.features.push_back(name.get<std::string>());
  }
  const Json& training = in.object(root, "", "training");
  m.train_from = TimeNs(in.integer(training, "training.", "from_ns", 0, INT64_MAX));
  m.train_to = TimeNs(in.integer(training, "training.", "to_ns", m.train_from.value, INT64_MAX));
  m.training_samples = in.integer(training, "training.", "samples", 0, INT64_MAX);
  m.data_digest = in.text(training, "training.", "data_digest");
}

void read_calibration(const Reader& in, Calibration& c) {
  const Json& node = in.object(in.root(), "", "calibration");
  c.kind = static_cast<CalibrationKind>(
      index_of(in.text(node, "calibration.", "kind"), kCalibrationNames, "calibration.kind"));
  if (c.kind == CalibrationKind::kPlatt) {
    c.a = in.number(node, "calibration.", "a");
    c.b = in.number(node, "calibration.", "b");
  }
  if (c.kind != CalibrationKind::kIsotonic) return;
  c.margins = in.numbers<double>(node, "calibration.", "margins");
  c.probabilities = in.numbers<double>(node, "calibration.", "probabilities");
  if (c.margins.empty() || c.margins.size() != c.probabilities.size()) {
    throw Problem{"calibration: margins and probabilities must be as many, and at least one"};
  }
  for (std::size_t i = 0; i < c.margins.size(); ++i) {
    const bool rising = i == 0 || (c.margins[i] > c.margins[i - 1] &&
                                   c.probabilities[i] >= c.probabilities[i - 1]);
    if (!rising || c.probabilities[i] < 0 || c.probabilities[i] > 1) {
      throw Problem{"calibration: knot " + std::to_string(i) +
                    ": margins must rise, probabilities may not fall and lie in [0, 1]"};
    }
  }
}

void read_layers(const Reader& in, ModelFile& m) {
  const std::size_t features = m.features.size();
  const Json& scaling = in.object(in.root(), "", "standardise");
  m.mean = in.numbers<float>(scaling, "standardise.", "mean");
  m.scale = in.numbers<float>(scaling, "standardise.", "scale");
  if (m.mean.size() != features || m.scale.size() != features) {
    throw Problem{"standardise: expected " + std::to_string(features) + " means and scales"};
  }
  for (std::size_t i = 0; i < features; ++i) {
    if (!(m.scale[i] > 0)) {
      throw Problem{"standardise.scale[" + std::to_string(i) + "]: must be above 0"};
    }
  }
  const Json& layers = in.need(in.root(), "", "layers");
  if (!layers.is_array() || layers.empty() || layers.size() > 8) {
    throw Problem{"layers: expected an array of 1 to 8 layers"};
  }
  auto width = static_cast<std::uint32_t>(features);
  for (const Json& layer : layers) {
    const std::string path = "layers[" + std::to_string(m.layers.size()) + "].";
    DenseLayer out;
    out.inputs = static_cast<std::uint32_t>(in.integer(layer, path, "inputs", width, width));
    out.outputs =
        static_cast<std::uint32_t>(in.integer(layer, path, "outputs", 1, kLayerWidthMax));
    out.weights = in.numbers<float>(layer, path, "weights");
    out.bias = in.numbers<float>(layer, path, "bias");
    if (out.weights.size() != std::size_t{out.inputs} * out.outputs ||
        out.bias.size() != out.outputs) {
      throw Problem{path + "weights: expected inputs x outputs weights and outputs biases"};
    }
    width = out.outputs;
    m.layers.push_back(std::move(out));
  }
  if (width != 1) throw Problem{"layers: the last one must have one output"};
  if (m.kind == ModelKind::kLogistic && m.layers.size() != 1) {
    throw Problem{"layers: a logistic model has exactly one"};
  }
}

void read_trees(const Reader& in, ModelFile& m, const std::string& origin) {
  const Json& node = in.object(in.root(), "", "trees");
  const Json& booster = in.need(node, "trees.", "xgboost");
  m.xgboost_json = booster.is_string() ? booster.get<std::string>() : booster.dump();
  auto trees = parse_tree_model(m.xgboost_json, origin + ": trees.xgboost");
  if (!trees) throw Problem{trees.error().message};
  m.trees = std::move(*trees);
  m.base_margin = m.trees.base_margin;
  if (node.contains("base_margin")) {
    const double given = in.number(node, "trees.", "base_margin");
    m.base_margin = static_cast<float>(given);
    m.trees.base_margin = m.base_margin;
  }
  if (m.trees.features != m.features.size()) {
    throw Problem{"trees.xgboost: made for " + std::to_string(m.trees.features) +
                  " features; the file lists " + std::to_string(m.features.size())};
  }
}

ModelFile read_model(const Json& root, const std::string& origin) {
  if (!root.is_object()) throw Problem{"expected a JSON object"};
  const Reader in(root);
  ModelFile m;
  m.source = origin;
  read_head(in, m);
  read_calibration(in, m.calibration);
  m.mean_abs_r_bps = in.number(root, "", "mean_abs_r_bps");
  if (m.mean_abs_r_bps < 0) throw Problem{"mean_abs_r_bps: must not be negative"};
  for (const auto& [name, gain] : in.object(root, "", "importance").items()) {
    if (!gain.is_number()) throw Problem{"importance." + name + ": expected a number"};
    m.importance.emplace_back(name, gain.get<double>());
  }
  const Json& evaluation = in.object(root, "", "evaluation");
  m.evaluation = evaluation.dump();
  const Json& beats = in.need(evaluation, "evaluation.", "beats_baseline");
  if (!beats.is_boolean()) throw Problem{"evaluation.beats_baseline: expected true or false"};
  m.beats_baseline = beats.get<bool>();
  if (m.kind == ModelKind::kTrees) {
    read_trees(in, m, origin);
  } else {
    read_layers(in, m);
  }
  return m;
}

/// A float in as few decimal digits as give it back.
Json short_number(float v) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), v).ptr;
  double wide = 0;
  std::from_chars(text, end, wide);
  return static_cast<float>(wide) == v ? Json(wide) : Json(static_cast<double>(v));
}
Json short_numbers(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float v : values) list.push_back(short_number(v));
  return list;
}

Json calibration_json(const Calibration& c) {
  Json node{{"kind", kCalibrationNames[static_cast<std::size_t>(c.kind)]}};
  if (c.kind == CalibrationKind::kPlatt) {
    node["a"] = c.a;
    node["b"] = c.b;
  } else if (c.kind == CalibrationKind::kIsotonic) {
    node["margins"] = c.margins;
    node["probabilities"] = c.probabilities;
  }
  return node;
}

Json model_json(const ModelFile& m) {
  Json root;
  root["format"] = "pinstripe-model";
  root["version"] = 1;
  root["name"] = m.name;
  root["kind"] = kModelKindNames[static_cast<std::size_t>(m.kind)];
  root["horizon_ns"] = m.horizon_ns;
  root["registry_hash"] = hash_text(m.registry_hash);
  root["features"] = m.features;
  root["training"] = Json{{"from_ns", m.train_from.value},
                          {"to_ns", m.train_to.value},
                          {"samples", m.training_samples},
                          {"data_digest", m.data_digest}};
  root["mean_abs_r_bps"] = m.mean_abs_r_bps;
  root["calibration"] = calibration_json(m.calibration);
  root["importance"] = Json::object();
  for (const auto& [name, gain] : m.importance) root["importance"][name] = gain;
  root["evaluation"] = Json::parse(m.evaluation);
  if (!root["evaluation"].is_object()) throw Problem{"evaluation: expected a JSON object"};
  root["evaluation"]["beats_baseline"] = m.beats_baseline;
  if (m.kind == ModelKind::kTrees) {
    root["trees"] = Json{{"base_margin", short_number(m.base_margin)},
                         {"xgboost", m.xgboost_json}};
    return root;
  }
  root["standardise"] = Json{{"mean", short_numbers(m.mean)}, {"scale", short_numbers(m.scale)}};
  root["layers"] = Json::array();
  for (const DenseLayer& layer : m.layers) {
    root["layers"].push_back(Json{{"inputs", layer.inputs},
                                  {"outputs", layer.outputs},
                                  {"weights", short_numbers(layer.weights)},
                                  {"bias", short_numbers(layer.bias)}});
  }
  return root;
}

std::unexpected<Error> damaged(const std::string& origin, const std::string& what) {
  return fail("model file " + origin + ": " + what +
              "; it is damaged or was not written by `pinstripe train`, train it again");
}

}  // namespace

Result<ModelFile> parse_model(const std::string& text, const std::string& origin) {
  try {
    return read_model(Json::parse(text), origin);
  } catch (const Problem& p) {
    return damaged(origin, p.text);
  } catch (const Json::exception& e) {
    return damaged(origin, e.what());
  }
}

Result<ModelFile> load_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail("cannot open model file '" + path +
                "'; check the path in the config, or make it with `pinstripe train`");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_model(text.str(), path);
}

Result<std::string> model_text(const ModelFile& model) {
  try {
    const std::string text = model_json(model).dump(1) + "\n";
    // What cannot be read back must not be written.
    if (auto again = parse_model(text, "'" + model.name + "'"); !again) {
      return std::unexpected(again.error());
    }
    return text;
  } catch (const Problem& p) {
    return fail("model '" + model.name + "': " + p.text);
  } catch (const Json::exception& e) {
    return fail("model '" + model.name + "': " + e.what());
  }
}

Result<void> save_model(const ModelFile& model, const std::string& path) {
  const auto text = model_text(model);
  if (!text) return std::unexpected(text.error());
  const std::string partial = path + ".partial";
  {
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << *text;
    file.flush();
    if (!file) return fail("cannot write '" + partial + "'; check the folder and the free space");
  }
  std::error_code error;
  std::filesystem::rename(partial, path, error);
  if (error) return fail("cannot rename '" + partial + "' to '" + path + "': " + error.message());
  return {};
}

Result<void> check_registry(const ModelFile& model, std::uint64_t registry_hash,
                            std::span<const std::string> names) {
  if (model.registry_hash == registry_hash) return {};
  std::string difference = "the names agree, so a unit, window or source differs";
  const std::size_t most = std::max(model.features.size(), names.size());
  for (std::size_t i = 0; i < most; ++i) {
    const std::string ours = i < names.size() ? names[i] : "(none)";
    const std::string theirs = i < model.features.size() ? model.features[i] : "(none)";
    if (ours == theirs) continue;
    difference = "the first feature that differs is number " + std::to_string(i) +
                 ": the model has '" + theirs + "', this build '" + ours + "'";
    break;
  }
  return fail("model '" + model.name + "' (" + model.source + ") was trained on feature registry " +
              hash_text(model.registry_hash) + ", this build has " + hash_text(registry_hash) +
              "; " + difference + "; train it again with `pinstripe train`");
}

}  // namespace pinstripe
