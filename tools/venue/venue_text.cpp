#include "tools/venue/venue_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kOneE8 = 100'000'000;
constexpr int kPlaces = 8;
__extension__ typedef __int128 Wide128;

}  // namespace

std::string fixed_text(std::int64_t value_e8, int decimals) {
  const bool negative = value_e8 < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value_e8)
                                      : static_cast<std::uint64_t>(value_e8);
  std::string text = negative ? "-" : "";
  text += std::to_string(size / kOneE8);
  if (decimals <= 0) return text;
  std::string part = std::to_string(size % kOneE8);
  part.insert(0, static_cast<std::size_t>(kPlaces) - part.size(), '0');
  return text + '.' + part.substr(0, static_cast<std::size_t>(std::min(decimals, kPlaces)));
}

std::string short_text(std::int64_t value_e8) {
  std::string text = fixed_text(value_e8, kPlaces);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

int decimals_of(std::int64_t step_e8) {
  int places = kPlaces;
  for (; places > 0 && step_e8 % 10 == 0; --places) step_e8 /= 10;
  return places;
}

std::int64_t product_e8(std::int64_t a_e8, std::int64_t b_e8) {
  return static_cast<std::int64_t>(static_cast<Wide128>(a_e8) * b_e8 / kOneE8);
}

std::int64_t ratio_e8(std::int64_t a, std::int64_t b) {
  return b == 0 ? 0 : static_cast<std::int64_t>(static_cast<Wide128>(a) * kOneE8 / b);
}

Result<std::int64_t> parse_e8(std::string_view text) {
  const auto bad = [&] {
    return fail_usage("\"" + std::string(text) +
                      "\" is no decimal with up to eight places, such as \"0.001\"");
  };
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, dot);
  std::string part(dot < text.size() ? text.substr(dot + 1) : std::string_view{});
  const auto digits = [](std::string_view t) {
    return std::all_of(t.begin(), t.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  if (whole.empty() || whole.size() > 9 || part.size() > kPlaces) return bad();
  if (!digits(whole) || !digits(part)) return bad();
  part.resize(kPlaces, '0');
  return std::stoll(std::string(whole)) * kOneE8 + std::stoll(part);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    if (escape) i += 2;
    out += escape ? static_cast<char>(value) : text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace pinstripe::venue
