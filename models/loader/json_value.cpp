// JSON text -> ModelValue, through the event interface of nlohmann, which hands over each number's
// text.
#include <nlohmann/json.hpp>

#include "models/loader/model_value.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

/// Builds values bottom up: a stack of open containers and the key waiting for its value.
class Builder : public nlohmann::json_sax<Json> {
 public:
  ModelValue root;
  std::string problem;

  bool null() override { return put(ModelValue()); }
  bool boolean(bool v) override { return put(ModelValue(v)); }
  bool number_integer(number_integer_t v) override { return put(ModelValue(std::int64_t{v})); }
  bool number_unsigned(number_unsigned_t v) override {
    if (v > static_cast<number_unsigned_t>(INT64_MAX)) {
      return put(ModelValue(ModelValue::Digits{std::to_string(v)}));
    }
    return put(ModelValue(static_cast<std::int64_t>(v)));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return put(ModelValue(ModelValue::Digits{text}));
  }
  bool string(string_t& v) override { return put(ModelValue(std::move(v))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(ModelValue(ModelValue::Object{})); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(ModelValue(ModelValue::Array{})); }
  bool end_array() override { return close(); }
  bool key(string_t& v) override {
    open_.back().key = std::move(v);
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const Json::exception& e) override {
    problem = "byte " + std::to_string(at) + ": " + e.what();
    return false;
  }

 private:
  struct Open {
    ModelValue value;
    std::string key;
  };

  bool open(ModelValue v) {
    if (open_.size() >= kModelNestingMax) {
      problem = "nested deeper than " + std::to_string(kModelNestingMax);
      return false;
    }
    open_.push_back(Open{std::move(v), {}});
    return true;
  }
  bool close() {
    ModelValue done = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(done));
  }
  bool put(ModelValue v) {
    if (open_.empty()) {
      root = std::move(v);
      return true;
    }
    Open& top = open_.back();
    if (auto* list = top.value.as<ModelValue::Array>()) list->push_back(std::move(v));
    if (auto* members = top.value.as<ModelValue::Object>()) {
      members->emplace_back(std::move(top.key), std::move(v));
    }
    return true;
  }

  std::vector<Open> open_;
};

}  // namespace

Result<ModelValue> parse_json_value(std::string_view bytes, const std::string& origin) {
  Builder builder;
  if (!Json::sax_parse(bytes.begin(), bytes.end(), &builder)) {
    return fail(origin + ": not a JSON model file: " +
                (builder.problem.empty() ? "it is cut short" : builder.problem));
  }
  return std::move(builder.root);
}

}  // namespace pinstripe
