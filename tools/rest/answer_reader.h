// Reads the members of one object of a venue's answer. The first thing that is wrong is kept with
// its field's name; what follows reads as 0 or "", so that a caller asks once, at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "shm/base/result.h"

namespace pinstripe {

/// [-]digits[.digits] and nothing else: no exponent, no NaN, no blank.
bool is_plain_decimal(std::string_view text) noexcept;

class AnswerReader {
 public:
  AnswerReader(const nlohmann::json& object, std::string path);

  /// A text that must be there.
  std::string text(const char* key);
  /// A text, or "" where the field is missing or null.
  std::string text_or_none(const char* key);
  /// A decimal text in 1e-8, at least `min`; more than 8 places must be zeros.
  std::int64_t e8(const char* key, std::int64_t min);
  /// The same, 0 where the field is missing or "".
  std::int64_t e8_or_none(const char* key, std::int64_t min);
  /// The same for an upper bound: one too large for the range is INT64_MAX.
  std::int64_t e8_at_most(const char* key, std::int64_t min);
  /// A decimal text, left as the venue writes it; at least 0 unless `signed_too`.
  std::string decimal(const char* key, bool signed_too = false);
  /// A whole number of at least 0, or a text of one.
  std::int64_t whole(const char* key);
  bool flag(const char* key);
  /// An object or a list, "{}" or "[]" where it is missing (which is then what is wrong).
  const nlohmann::json& object(const char* key);
  const nlohmann::json& list(const char* key);

  void complain(const std::string& key, const std::string& what);
  const std::string& problem() const noexcept { return problem_; }

 private:
  const nlohmann::json* find(const char* key) const;
  std::int64_t to_e8(const char* key, const std::string& text, std::int64_t min, bool is_bound);

  const nlohmann::json& object_;
  std::string path_;
  std::string problem_;
};

/// An answer as JSON; `origin` names it where it is none.
Result<nlohmann::json> parse_answer(std::string_view body, const std::string& origin);
/// The error of a reader that found something wrong.
std::unexpected<Error> refused_answer(const std::string& problem);

}  // namespace pinstripe
