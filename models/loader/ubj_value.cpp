// Universal Binary JSON -> ModelValue.
//
// Values: Z null, T F true false, i int8, U uint8, I int16, l int32, L int64 (big-endian), d
// float32, D float64, C character, H high-precision number as text, S text, [ array, { object. A
// container may state "#" count, or "$" type "#" count, and then has no closing bracket. A key is a
// length and its bytes, without S.
#include <bit>
#include <cstring>

#include "models/loader/model_value.h"

namespace pinstripe {
namespace {

class UbjReader {
 public:
  explicit UbjReader(std::string_view bytes) : bytes_(bytes) {}

  bool value(ModelValue& out, std::size_t depth) {
    char type = 0;
    return marker(type) && value_of(type, out, depth);
  }
  bool at_end() {
    while (at_ < bytes_.size() && bytes_[at_] == 'N') ++at_;
    return at_ == bytes_.size();
  }
  std::string problem() const { return "byte " + std::to_string(at_) + ": " + problem_; }

 private:
  bool refuse(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
    return false;
  }
  bool byte(char& out) {
    if (at_ >= bytes_.size()) return refuse("it is cut short");
    out = bytes_[at_++];
    return true;
  }
  bool peek(char& out) const {
    if (at_ >= bytes_.size()) return false;
    out = bytes_[at_];
    return true;
  }
  /// The next type letter; N is a no-op between values.
  bool marker(char& out) {
    do {
      if (!byte(out)) return false;
    } while (out == 'N');
    return true;
  }
  template <class T>
  bool big_endian(T& out) {
    if (bytes_.size() - at_ < sizeof(T)) return refuse("it is cut short");
    unsigned char raw[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      raw[sizeof(T) - 1 - i] = static_cast<unsigned char>(bytes_[at_ + i]);
    }
    std::memcpy(&out, raw, sizeof(T));
    at_ += sizeof(T);
    return true;
  }
  template <class T>
  bool widened(std::int64_t& out) {
    T v{};
    if (!big_endian(v)) return false;
    out = static_cast<std::int64_t>(v);
    return true;
  }
  bool integer_of(char type, std::int64_t& out) {
    switch (type) {
      case 'i': return widened<std::int8_t>(out);
      case 'U': return widened<std::uint8_t>(out);
      case 'I': return widened<std::int16_t>(out);
      case 'l': return widened<std::int32_t>(out);
      case 'L': return widened<std::int64_t>(out);
      default: return refuse(std::string("expected an integer type, found '") + type + "'");
    }
  }
  static std::size_t width_of(char type) {
    switch (type) {
      case 'i': case 'U': return 1;
      case 'I': return 2;
      case 'l': case 'd': return 4;
      case 'L': case 'D': return 8;
      default: return 0;
    }
  }
  bool length(std::size_t& out) {
    char type = 0;
    std::int64_t n = 0;
    if (!byte(type) || !integer_of(type, n)) return false;
    if (n < 0 || static_cast<std::uint64_t>(n) > kModelArrayMax) {
      return refuse("length " + std::to_string(n) + " is out of range");
    }
    out = static_cast<std::size_t>(n);
    return true;
  }
  bool text(std::string& out) {
    std::size_t n = 0;
    if (!length(n)) return false;
    if (bytes_.size() - at_ < n) return refuse("a text is cut short");
    out.assign(bytes_.substr(at_, n));
    at_ += n;
    return true;
  }

  bool value_of(char type, ModelValue& out, std::size_t depth) {
    switch (type) {
      case 'Z': out = ModelValue(); return true;
      case 'T': out = ModelValue(true); return true;
      case 'F': out = ModelValue(false); return true;
      case 'i': case 'U': case 'I': case 'l': case 'L': {
        std::int64_t v = 0;
        if (!integer_of(type, v)) return false;
        out = ModelValue(v);
        return true;
      }
      case 'd': {
        float v = 0;
        if (!big_endian(v)) return false;
        out = ModelValue(v);
        return true;
      }
      case 'D': {
        double v = 0;
        if (!big_endian(v)) return false;
        out = ModelValue(v);
        return true;
      }
      case 'C': {
        char c = 0;
        if (!byte(c)) return false;
        out = ModelValue(std::string(1, c));
        return true;
      }
      case 'S': case 'H': {
        std::string v;
        if (!text(v)) return false;
        out = type == 'S' ? ModelValue(std::move(v)) : ModelValue(ModelValue::Digits{std::move(v)});
        return true;
      }
      case '[': return array(out, depth + 1);
      case '{': return object(out, depth + 1);
      default: return refuse(std::string("unknown type '") + type + "'");
    }
  }

  /// The optional "$" type and "#" count behind an opening bracket.
  bool shape(char& type, bool& counted, std::size_t& count) {
    char next = 0;
    if (peek(next) && next == '$') {
      ++at_;
      if (!byte(type)) return false;
      if (!peek(next) || next != '#') return refuse("a typed container without a count");
    }
    if (peek(next) && next == '#') {
      ++at_;
      counted = true;
      if (!length(count)) return false;
    }
    return true;
  }

  bool array(ModelValue& out, std::size_t depth) {
    if (depth > kModelNestingMax) return refuse("nested too deep");
    char type = 0;
    bool counted = false;
    std::size_t count = 0;
    if (!shape(type, counted, count)) return false;
    if (const std::size_t width = width_of(type); width > 0) {
      if ((bytes_.size() - at_) / width < count) return refuse("an array is cut short");
      if (type == 'd') return floats(out, count);
      if (type != 'D') return integers(out, type, count);
    }
    ModelValue::Array items;
    for (std::size_t i = 0; !counted || i < count; ++i) {
      char next = type;
      if (type == 0 && !marker(next)) return false;
      if (!counted && next == ']') break;
      items.emplace_back();
      if (!value_of(next, items.back(), depth)) return false;
    }
    out = ModelValue(std::move(items));
    return true;
  }
  bool floats(ModelValue& out, std::size_t count) {
    ModelValue::Floats items(count);
    for (float& v : items) {
      if (!big_endian(v)) return false;
    }
    out = ModelValue(std::move(items));
    return true;
  }
  bool integers(ModelValue& out, char type, std::size_t count) {
    ModelValue::Integers items(count);
    for (std::int64_t& v : items) {
      if (!integer_of(type, v)) return false;
    }
    out = ModelValue(std::move(items));
    return true;
  }
  bool object(ModelValue& out, std::size_t depth) {
    if (depth > kModelNestingMax) return refuse("nested too deep");
    char type = 0;
    bool counted = false;
    std::size_t count = 0;
    if (!shape(type, counted, count)) return false;
    ModelValue::Object members;
    for (std::size_t i = 0; !counted || i < count; ++i) {
      char next = 0;
      while (peek(next) && next == 'N') ++at_;
      if (!counted && peek(next) && next == '}') {
        ++at_;
        break;
      }
      std::string name;
      if (!text(name)) return false;
      next = type;
      if (type == 0 && !marker(next)) return false;
      members.emplace_back(std::move(name), ModelValue());
      if (!value_of(next, members.back().second, depth)) return false;
    }
    out = ModelValue(std::move(members));
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

Result<ModelValue> parse_ubj_value(std::string_view bytes, const std::string& origin) {
  UbjReader reader(bytes);
  ModelValue root;
  if (!reader.value(root, 0)) return fail(origin + ": not a UBJ model file: " + reader.problem());
  if (!reader.at_end()) return fail(origin + ": bytes follow the end of the UBJ model");
  return root;
}

}  // namespace pinstripe
