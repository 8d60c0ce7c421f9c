#include "models/loader/model_value.h"

#include <charconv>
#include <limits>

namespace pinstripe {
namespace {

bool float_of(const std::string& text, float& out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  // Out of range is a number below the least subnormal or above the greatest float: the first
  // rounds to zero, the second has no value here.
  if (error == std::errc::result_out_of_range && stop == end) {
    double wide = 0;
    if (std::from_chars(text.data(), end, wide).ec != std::errc{}) return false;
    if (wide > 1 || wide < -1) return false;
    out = wide < 0 ? -0.0F : 0.0F;
    return true;
  }
  return error == std::errc{} && stop == end;
}

bool integer_of(double v, std::int64_t& out) {
  if (!(v >= -0x1p53 && v <= 0x1p53)) return false;
  out = static_cast<std::int64_t>(v);
  return static_cast<double>(out) == v;
}

}  // namespace

ModelValue::ModelValue() = default;
ModelValue::~ModelValue() = default;
ModelValue::ModelValue(ModelValue&& other) noexcept = default;
ModelValue& ModelValue::operator=(ModelValue&& other) noexcept = default;

const ModelValue* ModelValue::find(std::string_view key) const {
  const auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  for (const auto& [name, member] : *members) {
    if (name == key) return &member;
  }
  return nullptr;
}

bool ModelValue::is_array() const {
  return std::holds_alternative<Array>(value_) || std::holds_alternative<Floats>(value_) ||
         std::holds_alternative<Integers>(value_);
}

std::size_t ModelValue::size() const {
  if (const auto* a = std::get_if<Array>(&value_)) return a->size();
  if (const auto* f = std::get_if<Floats>(&value_)) return f->size();
  if (const auto* n = std::get_if<Integers>(&value_)) return n->size();
  return 0;
}

bool ModelValue::to_integer(std::int64_t& out) const {
  if (const auto* n = std::get_if<std::int64_t>(&value_)) {
    out = *n;
    return true;
  }
  if (const auto* b = std::get_if<bool>(&value_)) {
    out = *b ? 1 : 0;
    return true;
  }
  if (const auto* f = std::get_if<float>(&value_)) return integer_of(static_cast<double>(*f), out);
  if (const auto* d = std::get_if<double>(&value_)) return integer_of(*d, out);
  // XGBoost writes its parameters as texts: "num_trees": "100".
  if (const auto* t = text()) {
    const char* end = t->data() + t->size();
    const auto [stop, error] = std::from_chars(t->data(), end, out);
    return error == std::errc{} && stop == end;
  }
  return false;
}

bool ModelValue::to_float(float& out) const {
  if (const auto* digits = std::get_if<Digits>(&value_)) return float_of(digits->text, out);
  if (const auto* t = text()) return float_of(*t, out);
  if (const auto* n = std::get_if<std::int64_t>(&value_)) {
    out = static_cast<float>(*n);
    return true;
  }
  if (const auto* f = std::get_if<float>(&value_)) {
    out = *f;
    return true;
  }
  if (const auto* d = std::get_if<double>(&value_)) {
    out = static_cast<float>(*d);
    return true;
  }
  return false;
}

bool ModelValue::integer_at(std::size_t i, std::int64_t& out) const {
  if (const auto* a = std::get_if<Array>(&value_)) return i < a->size() && (*a)[i].to_integer(out);
  if (const auto* n = std::get_if<Integers>(&value_)) {
    if (i >= n->size()) return false;
    out = (*n)[i];
    return true;
  }
  if (const auto* f = std::get_if<Floats>(&value_)) {
    return i < f->size() && integer_of(static_cast<double>((*f)[i]), out);
  }
  return false;
}

bool ModelValue::float_at(std::size_t i, float& out) const {
  if (const auto* a = std::get_if<Array>(&value_)) return i < a->size() && (*a)[i].to_float(out);
  if (const auto* f = std::get_if<Floats>(&value_)) {
    if (i >= f->size()) return false;
    out = (*f)[i];
    return true;
  }
  if (const auto* n = std::get_if<Integers>(&value_)) {
    if (i >= n->size()) return false;
    out = static_cast<float>((*n)[i]);
    return true;
  }
  return false;
}

}  // namespace pinstripe
