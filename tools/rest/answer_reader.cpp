#include "tools/rest/answer_reader.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "feed/decimal.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShownBytes = 60;

/// A list or an object by its size alone: its text may be megabytes.
std::string shown(const Json& value) {
  if (value.is_object()) return "an object of " + std::to_string(value.size());
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, kShownBytes);
}

/// Copies and comparisons of JSON go as deep as it is: what is nested further than any answer of a
/// venue is refused before it can take the stack.
bool is_too_deep(std::string_view text) {
  constexpr int kDepthMax = 64;
  int depth = 0;
  bool is_in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      is_in_text = !is_in_text;
    } else if (!is_in_text && (c == '[' || c == '{')) {
      if (++depth > kDepthMax) return true;
    } else if (!is_in_text && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

}  // namespace

bool is_plain_decimal(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? "0" : text.substr(point + 1);
  constexpr std::string_view kDigits = "0123456789";
  return !whole.empty() && !part.empty() &&
         whole.find_first_not_of(kDigits) == std::string_view::npos &&
         part.find_first_not_of(kDigits) == std::string_view::npos;
}

AnswerReader::AnswerReader(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) problem_ = path_ + " must be an object, found " + shown(object_);
}

const Json* AnswerReader::find(const char* key) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void AnswerReader::complain(const std::string& key, const std::string& what) {
  if (problem_.empty()) problem_ = path_ + "." + key + " " + what;
}

std::string AnswerReader::text(const char* key) {
  if (find(key) == nullptr) complain(key, "is missing");
  return text_or_none(key);
}

std::string AnswerReader::text_or_none(const char* key) {
  const Json* const found = find(key);
  if (found == nullptr) return {};
  if (found->is_string()) return found->get<std::string>();
  complain(key, "must be a text, found " + shown(*found));
  return {};
}

std::int64_t AnswerReader::to_e8(const char* key, const std::string& text, std::int64_t min,
                                 bool is_bound) {
  const char* const end = text.data() + text.size();
  const Decimal d = parse_decimal_slowly(text.data(), end);
  const bool is_whole = d.end == end;
  if (is_bound && is_whole && d.status == DecimalStatus::kOverflow && text[0] != '-') {
    return INT64_MAX;
  }
  if (is_whole && d.status == DecimalStatus::kOk && d.e8 >= min) return d.e8;
  complain(key, "must be a decimal text of at most 8 places" +
                    std::string(min > 0 ? " above 0" : min == 0 ? " of at least 0" : "") +
                    ", found '" + text.substr(0, kShownBytes) + "'");
  return 0;
}

std::int64_t AnswerReader::e8(const char* key, std::int64_t min) {
  return to_e8(key, text(key), min, false);
}

std::int64_t AnswerReader::e8_or_none(const char* key, std::int64_t min) {
  const std::string value = text_or_none(key);
  return value.empty() ? 0 : to_e8(key, value, min, false);
}

std::int64_t AnswerReader::e8_at_most(const char* key, std::int64_t min) {
  return to_e8(key, text(key), min, true);
}

std::string AnswerReader::decimal(const char* key, bool signed_too) {
  std::string value = text(key);
  if (is_plain_decimal(value) && (signed_too || value[0] != '-')) return value;
  complain(key, std::string("must be a decimal text") + (signed_too ? "" : " of at least 0") +
                    ", found '" + value.substr(0, kShownBytes) + "'");
  return "0";
}

std::int64_t AnswerReader::whole(const char* key) {
  const Json* const found = find(key);
  if (found == nullptr) {
    complain(key, "is missing");
    return 0;
  }
  std::int64_t value = -1;
  if (found->is_number_unsigned()) {
    const auto given = found->get<std::uint64_t>();
    value = given <= INT64_MAX ? static_cast<std::int64_t>(given) : -1;
  } else if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) value = -1;
  }
  if (value >= 0) return value;
  complain(key, "must be a whole number of at least 0, found " + shown(*found));
  return 0;
}

bool AnswerReader::flag(const char* key) {
  const Json* const found = find(key);
  if (found != nullptr && found->is_boolean()) return found->get<bool>();
  complain(key, found == nullptr ? "is missing" : "must be true or false, found " + shown(*found));
  return false;
}

const Json& AnswerReader::object(const char* key) {
  static const Json none = Json::object();
  const Json* const found = find(key);
  if (found != nullptr && found->is_object()) return *found;
  complain(key, found == nullptr ? "is missing" : "must be an object, found " + shown(*found));
  return none;
}

const Json& AnswerReader::list(const char* key) {
  static const Json none = Json::array();
  const Json* const found = find(key);
  if (found != nullptr && found->is_array()) return *found;
  complain(key, found == nullptr ? "is missing" : "must be a list, found " + shown(*found));
  return none;
}

Result<Json> parse_answer(std::string_view body, const std::string& origin) {
  if (is_too_deep(body)) return fail(origin + " is nested deeper than any answer of a venue");
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_discarded()) return json;
  return fail(origin + " is no JSON: '" + std::string(body.substr(0, kShownBytes)) + "'");
}

std::unexpected<Error> refused_answer(const std::string& problem) {
  return fail("the answer is not as the venue documents it: " + problem);
}

}  // namespace pinstripe
