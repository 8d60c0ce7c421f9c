#include "models/loader/tree_loader.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "models/loader/model_value.h"

namespace pinstripe {
namespace {

/// Where in the document we are, for messages.
struct Place {
  const std::string& origin;
  std::string path;
  std::unexpected<Error> refuse(const std::string& what) const {
    return fail(origin + ": " + path + ": " + what);
  }
  Place at(const std::string& key) const {
    return Place{origin, path.empty() ? key : path + "." + key};
  }
};

Result<const ModelValue*> need(const ModelValue& from, const char* key, const Place& place) {
  if (const ModelValue* found = from.find(key)) return found;
  return place.at(key).refuse("missing; this is no XGBoost model file, or it is damaged");
}

Result<std::int64_t> need_integer(const ModelValue& from, const char* key, const Place& place,
                                  std::int64_t min, std::int64_t max) {
  const auto found = need(from, key, place);
  if (!found) return std::unexpected(found.error());
  std::int64_t v = 0;
  if (!(*found)->to_integer(v) || v < min || v > max) {
    return place.at(key).refuse("expected an integer from " + std::to_string(min) + " to " +
                                std::to_string(max));
  }
  return v;
}

/// "5E-1", or since XGBoost 3 "[5E-1]".
Result<float> base_score_of(const ModelValue& parameters, const Place& place) {
  const auto found = need(parameters, "base_score", place);
  if (!found) return std::unexpected(found.error());
  const Place here = place.at("base_score");
  float score = 0;
  if ((*found)->is_array()) {
    if ((*found)->size() != 1) return here.refuse("one base score expected; several outputs");
    if (!(*found)->float_at(0, score)) return here.refuse("not a number");
  } else if (const std::string* text = (*found)->text()) {
    std::string inner = *text;
    if (inner.size() >= 2 && inner.front() == '[' && inner.back() == ']') {
      inner = inner.substr(1, inner.size() - 2);
      if (inner.find(',') != std::string::npos) {
        return here.refuse("found '" + *text + "'; models with several outputs are not supported");
      }
    }
    if (!ModelValue(inner).to_float(score)) return here.refuse("'" + *text + "' is not a number");
  } else if (!(*found)->to_float(score)) {
    return here.refuse("not a number");
  }
  if (!std::isfinite(score)) return here.refuse("not finite");
  return score;
}

/// The margin that a base score stands for, computed as the library does: in float, with its logf.
/// This runs while loading; a model file of ours carries the margin itself (protocol 9).
Result<float> base_margin_of(float score, const std::string& objective, const Place& place) {
  // The raw-margin objective takes its base score as a margin.
  if (objective == "reg:squarederror" || objective == "binary:logitraw") return score;
  if (objective == "binary:logistic" || objective == "reg:logistic") {
    if (!(score > 0.0F && score < 1.0F)) {
      return place.at("base_score").refuse("for " + objective + " it must lie inside (0, 1)");
    }
    return -std::log(1.0F / score - 1.0F);
  }
  return place.refuse("objective '" + objective + "' is not supported (allowed: binary:logistic, "
                      "binary:logitraw, reg:logistic, reg:squarederror)");
}

struct TreeArrays {
  const ModelValue *left, *right, *feature, *value, *default_left;
};

Result<TreeArrays> arrays_of(const ModelValue& tree, const Place& place) {
  constexpr const char* kNames[] = {"left_children", "right_children", "split_indices",
                                    "split_conditions", "default_left"};
  const ModelValue* found[5] = {};
  for (std::size_t k = 0; k < 5; ++k) {
    const auto one = need(tree, kNames[k], place);
    if (!one) return std::unexpected(one.error());
    found[k] = *one;
    if (!found[k]->is_array() || found[k]->size() != found[0]->size()) {
      return place.at(kNames[k]).refuse("expected an array as long as left_children");
    }
  }
  const std::size_t nodes = found[0]->size();
  if (nodes == 0 || nodes > kTreeNodeMax) {
    return place.refuse(std::to_string(nodes) + " nodes; allowed 1 to " +
                        std::to_string(kTreeNodeMax));
  }
  return TreeArrays{found[0], found[1], found[2], found[3], found[4]};
}

Result<void> refuse_categorical(const ModelValue& tree, const Place& place) {
  const auto none = [&](const char* key) -> bool {
    const ModelValue* list = tree.find(key);
    if (list == nullptr) return true;
    for (std::size_t i = 0; i < list->size(); ++i) {
      std::int64_t v = 0;
      if (!list->integer_at(i, v) || v != 0) return false;
    }
    return true;
  };
  const ModelValue* nodes = tree.find("categories_nodes");
  if (!none("split_type") || (nodes != nullptr && nodes->size() > 0)) {
    return place.refuse("categorical splits are not supported; train on numeric features");
  }
  return {};
}

/// Every node is reached once at most and no path is longer than allowed: no loop, no shared child.
Result<void> check_shape(const Tree& tree, const Place& place) {
  const std::size_t nodes = tree.left.size();
  std::vector<std::uint8_t> seen(nodes, 0);
  std::vector<std::pair<std::int32_t, std::uint32_t>> open{{0, 0}};
  seen[0] = 1;
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    const auto at = static_cast<std::size_t>(node);
    if (tree.is_leaf(at)) continue;
    if (depth >= kTreeDepthMax) {
      return place.refuse("deeper than " + std::to_string(kTreeDepthMax));
    }
    for (const std::int32_t child : {tree.left[at], tree.right[at]}) {
      const auto index = static_cast<std::size_t>(child);
      if (child < 0 || index >= nodes || seen[index] != 0) {
        return place.refuse("node " + std::to_string(node) + " has child " + std::to_string(child) +
                            ", which is out of range or has another parent; the file is damaged");
      }
      seen[index] = 1;
      open.emplace_back(child, depth + 1);
    }
  }
  return {};
}

Result<Tree> tree_of(const ModelValue& from, std::uint32_t features, const Place& place) {
  if (auto ok = refuse_categorical(from, place); !ok) return std::unexpected(ok.error());
  const auto arrays = arrays_of(from, place);
  if (!arrays) return std::unexpected(arrays.error());
  const std::size_t nodes = arrays->left->size();
  Tree tree;
  for (std::size_t i = 0; i < nodes; ++i) {
    std::int64_t left = 0, right = 0, feature = 0, default_left = 0;
    float value = 0;
    if (!arrays->left->integer_at(i, left) || !arrays->right->integer_at(i, right) ||
        !arrays->feature->integer_at(i, feature) || !arrays->value->float_at(i, value) ||
        !arrays->default_left->integer_at(i, default_left)) {
      return place.refuse("node " + std::to_string(i) + " holds something that is no number");
    }
    const bool leaf = left == -1;
    if (!std::isfinite(value)) {
      return place.refuse("node " + std::to_string(i) + " has a value that is not finite");
    }
    if (!leaf && (feature < 0 || feature >= features)) {
      return place.refuse("node " + std::to_string(i) + " splits on feature " +
                          std::to_string(feature) + "; the model has " + std::to_string(features));
    }
    const auto limit = static_cast<std::int64_t>(nodes);
    if (left < -1 || left >= limit || right < -1 || right >= limit) {
      return place.refuse("node " + std::to_string(i) + " has a child out of range");
    }
    tree.left.push_back(static_cast<std::int32_t>(left));
    tree.right.push_back(static_cast<std::int32_t>(right));
    tree.feature.push_back(leaf ? 0 : static_cast<std::uint32_t>(feature));
    tree.value.push_back(value);
    tree.default_left.push_back(default_left != 0 ? 1 : 0);
  }
  if (auto ok = check_shape(tree, place); !ok) return std::unexpected(ok.error());
  return tree;
}

/// Refuses what the evaluator does not do, by its name in XGBoost.
Result<const ModelValue*> gbtree_model_of(const ModelValue& learner, const Place& place) {
  const auto booster = need(learner, "gradient_booster", place);
  if (!booster) return std::unexpected(booster.error());
  const Place here = place.at("gradient_booster");
  const auto name = need(**booster, "name", here);
  if (!name) return std::unexpected(name.error());
  const std::string* text = (*name)->text();
  if (text == nullptr || *text != "gbtree") {
    return here.at("name").refuse("booster '" + (text != nullptr ? *text : std::string("?")) +
                                  "' is not supported (DART and linear boosters are refused); "
                                  "train with booster=gbtree");
  }
  return need(**booster, "model", here);
}

Result<void> read_parameters(const ModelValue& learner, const Place& place, TreeModel& model) {
  const auto parameters = need(learner, "learner_model_param", place);
  if (!parameters) return std::unexpected(parameters.error());
  const Place here = place.at("learner_model_param");
  const auto features = need_integer(**parameters, "num_feature", here, 1, kTreeFeatureMax);
  if (!features) return std::unexpected(features.error());
  model.features = static_cast<std::uint32_t>(*features);
  for (const char* key : {"num_class", "num_target"}) {
    std::int64_t outputs = 0;
    const ModelValue* found = (*parameters)->find(key);
    if (found != nullptr && (!found->to_integer(outputs) || outputs > 1)) {
      return here.at(key).refuse("models with several outputs are not supported");
    }
  }
  const auto score = base_score_of(**parameters, here);
  if (!score) return std::unexpected(score.error());
  const auto objective = need(learner, "objective", place);
  if (!objective) return std::unexpected(objective.error());
  const auto name = need(**objective, "name", place.at("objective"));
  if (!name) return std::unexpected(name.error());
  const std::string* text = (*name)->text();
  if (text == nullptr) return place.at("objective.name").refuse("expected a text");
  model.objective = *text;
  const auto margin = base_margin_of(*score, model.objective, here);
  if (!margin) return std::unexpected(margin.error());
  model.base_margin = *margin;
  return {};
}

Result<TreeModel> model_of(const ModelValue& root, const std::string& origin) {
  const Place top{origin, ""};
  const auto learner = need(root, "learner", top);
  if (!learner) return std::unexpected(learner.error());
  const Place place = top.at("learner");
  TreeModel model;
  const auto gbtree = gbtree_model_of(**learner, place);
  if (!gbtree) return std::unexpected(gbtree.error());
  if (auto ok = read_parameters(**learner, place, model); !ok) return std::unexpected(ok.error());
  const Place here = place.at("gradient_booster.model");
  const auto trees = need(**gbtree, "trees", here);
  if (!trees) return std::unexpected(trees.error());
  const auto* list = (*trees)->array();
  if (list == nullptr) return here.at("trees").refuse("expected an array");
  if (const ModelValue* param = (*gbtree)->find("gbtree_model_param")) {
    const Place parameters = here.at("gbtree_model_param");
    const auto stated = need_integer(*param, "num_trees", parameters, 0, 1 << 20);
    if (!stated) return std::unexpected(stated.error());
    if (static_cast<std::size_t>(*stated) != list->size()) {
      return here.refuse("num_trees is " + std::to_string(*stated) + ", but the file holds " +
                         std::to_string(list->size()) + " trees; the file is damaged");
    }
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Place tree_place = here.at("trees[" + std::to_string(i) + "]");
    auto tree = tree_of((*list)[i], model.features, tree_place);
    if (!tree) return std::unexpected(tree.error());
    model.trees.push_back(std::move(*tree));
  }
  return model;
}

}  // namespace

Result<TreeModel> parse_tree_model(std::string_view bytes, const std::string& origin) {
  if (bytes.empty()) return fail(origin + ": the model file is empty");
  // Both forms begin with '{'; JSON goes on with a quote, a bracket or white space, UBJ with the
  // type of the first key's length or with a count.
  const char second = bytes.size() > 1 ? bytes[1] : '\0';
  const bool ubj = bytes[0] == '{' && std::string_view("iUIlL#$").find(second) != std::string::npos;
  const auto root = ubj ? parse_ubj_value(bytes, origin) : parse_json_value(bytes, origin);
  if (!root) return std::unexpected(root.error());
  return model_of(*root, origin);
}

Result<TreeModel> load_tree_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail("cannot open model file '" + path + "'; check the path, or train the model first");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_tree_model(text.str(), path);
}

}  // namespace pinstripe
