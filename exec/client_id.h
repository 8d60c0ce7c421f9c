// Client order ids as venues see them: 27 characters of [0-9A-Za-z] (trading.md 6 allows 24 to 32).
//
//   characters  0..2   prefix of this program, "pin"
//               3..8   session epoch, base 62, most significant digit first
//               9..19  decision number
//              20..25  leg
//              26      check digit over the others, so that a foreign or damaged id is not adopted
//
// The epoch is new at each cold start and stored before the first order; decision and leg are
// unique within it; so an id is unique over all sessions of an account for ever.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/msg/order_command.h"

namespace pinstripe {

inline constexpr std::size_t kClientIdLength = 27;
inline constexpr std::string_view kClientIdPrefix = "pin";
inline constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct ClientId {
  std::array<char, kClientIdLength> text{};
  std::string_view view() const noexcept { return {text.data(), text.size()}; }
};

namespace client_id_detail {

constexpr int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  if (c >= 'a' && c <= 'z') return c - 'a' + 36;
  return -1;
}

constexpr void put_base62(char* at, std::size_t digits, std::uint64_t value) noexcept {
  for (std::size_t i = digits; i-- > 0; value /= 62) at[i] = kBase62[value % 62];
}

/// The number in `text`; nothing where a character is foreign or the value exceeds `max`.
constexpr std::optional<std::uint64_t> get_base62(std::string_view text,
                                                  std::uint64_t max) noexcept {
  unsigned __int128 value = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    value = value * 62 + static_cast<unsigned>(digit);
    if (value > max) return std::nullopt;
  }
  return static_cast<std::uint64_t>(value);
}

/// Weighted sum modulo 61 (a prime): finds every single changed or two swapped characters.
constexpr char check_digit(std::string_view text) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    sum += (i + 1) * static_cast<std::uint64_t>(digit_of(text[i]));
  }
  return kBase62[sum % 61];
}

}  // namespace client_id_detail

constexpr ClientId encode_client_id(const OrderId& id) noexcept {
  ClientId out;
  char* text = out.text.data();
  for (std::size_t i = 0; i < kClientIdPrefix.size(); ++i) text[i] = kClientIdPrefix[i];
  client_id_detail::put_base62(text + 3, 6, id.epoch);
  client_id_detail::put_base62(text + 9, 11, id.decision);
  client_id_detail::put_base62(text + 20, 6, id.leg);
  text[26] = client_id_detail::check_digit({text, 26});
  return out;
}

/// The order behind a venue's client id; nothing where the id was not made by this program.
constexpr std::optional<OrderId> decode_client_id(std::string_view text) noexcept {
  if (text.size() != kClientIdLength || !text.starts_with(kClientIdPrefix)) return std::nullopt;
  const auto epoch = client_id_detail::get_base62(text.substr(3, 6), UINT32_MAX);
  const auto decision = client_id_detail::get_base62(text.substr(9, 11), UINT64_MAX);
  const auto leg = client_id_detail::get_base62(text.substr(20, 6), UINT32_MAX);
  if (!epoch || !decision || !leg) return std::nullopt;
  if (text[26] != client_id_detail::check_digit(text.substr(0, 26))) return std::nullopt;
  return OrderId{*decision, static_cast<std::uint32_t>(*epoch), static_cast<std::uint32_t>(*leg)};
}

}  // namespace pinstripe
