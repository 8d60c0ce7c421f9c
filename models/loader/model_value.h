// A parsed JSON or UBJ value. Numbers of JSON keep their text, so that a float is read from its
// decimal digits at once (through a double it could be rounded twice).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

class ModelValue {
 public:
  struct Digits { std::string text; };  // a JSON number that is not an integer
  using Array = std::vector<ModelValue>;
  using Object = std::vector<std::pair<std::string, ModelValue>>;
  /// UBJ's typed arrays, without a value object an element.
  using Floats = std::vector<float>;
  using Integers = std::vector<std::int64_t>;

  // Out of line: inlined into the readers, moves of the variant make GCC 12 warn of members that
  // are not there.
  ModelValue();
  ~ModelValue();
  ModelValue(ModelValue&& other) noexcept;
  ModelValue& operator=(ModelValue&& other) noexcept;
  template <class T>
  explicit ModelValue(T v) : value_(std::move(v)) {}

  /// Member `key`, or nullptr where this is no object or has none.
  const ModelValue* find(std::string_view key) const;
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  bool is_array() const;
  std::size_t size() const;  // of an array of any kind
  const Array* array() const { return std::get_if<Array>(&value_); }

  /// Conversions of this value, or of element `i` of an array; false where it is no such number.
  bool to_integer(std::int64_t& out) const;
  bool to_float(float& out) const;
  bool integer_at(std::size_t i, std::int64_t& out) const;
  bool float_at(std::size_t i, float& out) const;

  template <class T>
  T* as() { return std::get_if<T>(&value_); }

 private:
  std::variant<std::monostate, bool, std::int64_t, float, double, Digits, std::string, Array,
               Object, Floats, Integers>
      value_;
};

/// Deepest nesting and largest array or text that the readers accept.
inline constexpr std::size_t kModelNestingMax = 64;
inline constexpr std::size_t kModelArrayMax = std::size_t{1} << 26;

Result<ModelValue> parse_json_value(std::string_view bytes, const std::string& origin);
/// Universal Binary JSON (draft 12, big-endian) as XGBoost writes it: counted and typed arrays.
Result<ModelValue> parse_ubj_value(std::string_view bytes, const std::string& origin);

}  // namespace pinstripe
