#include "feed/book_checksum.h"

#include <algorithm>
#include <array>

namespace pinstripe {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = c;
  }
  return table;
}();

// A number of 1e-8 has at most 19 digits, a point and its colon.
constexpr std::size_t kNumberBytes = 22;

/// Writes `e8` (>= 0) in its shortest form; gives the end.
char* put_decimal(char* to, std::int64_t e8) noexcept {
  constexpr std::int64_t kOne = 100'000'000;
  char digits[20];
  std::size_t n = 0;
  std::int64_t whole = e8 / kOne;
  do {
    digits[n++] = static_cast<char>('0' + whole % 10);
    whole /= 10;
  } while (whole > 0);
  while (n > 0) *to++ = digits[--n];
  std::int64_t part = e8 % kOne;
  if (part == 0) return to;
  *to++ = '.';
  for (std::int64_t unit = kOne / 10; part > 0; unit /= 10) {
    *to++ = static_cast<char>('0' + part / unit);
    part %= unit;
  }
  return to;
}

/// Back from the grid. It fits where the level was read as text; a damaged binary frame may wrap.
std::int64_t product(std::int64_t n, std::int64_t step_e8) noexcept {
  const std::uint64_t wrapped = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(step_e8);
  return static_cast<std::int64_t>(wrapped & INT64_MAX);
}

char* put_level(char* to, const BookLevel& level, std::int64_t tick_e8,
                std::int64_t lot_e8) noexcept {
  to = put_decimal(to, product(level.price.value, tick_e8));
  *to++ = ':';
  to = put_decimal(to, product(level.qty.value, lot_e8));
  *to++ = ':';
  return to;
}

}  // namespace

std::uint32_t crc32_of(const char* bytes, std::size_t size) noexcept {
  std::uint32_t c = ~0u;
  for (std::size_t i = 0; i < size; ++i) {
    c = kCrcTable[(c ^ static_cast<unsigned char>(bytes[i])) & 0xFF] ^ (c >> 8);
  }
  return ~c;
}

std::int32_t okx_checksum(const BookSide<Side::kBuy>& bids, const BookSide<Side::kSell>& asks,
                          std::int64_t tick_e8, std::int64_t lot_e8) noexcept {
  std::array<BookLevel, kChecksumLevels> bid{};
  std::array<BookLevel, kChecksumLevels> ask{};
  const std::size_t bid_count = bids.best_into(bid.data(), kChecksumLevels);
  const std::size_t ask_count = asks.best_into(ask.data(), kChecksumLevels);
  std::array<char, 4 * kChecksumLevels * kNumberBytes> text;
  char* end = text.data();
  for (std::size_t i = 0; i < std::max(bid_count, ask_count); ++i) {
    if (i < bid_count) end = put_level(end, bid[i], tick_e8, lot_e8);
    if (i < ask_count) end = put_level(end, ask[i], tick_e8, lot_e8);
  }
  if (end != text.data()) --end;  // the last colon
  const auto size = static_cast<std::size_t>(end - text.data());
  return static_cast<std::int32_t>(crc32_of(text.data(), size));
}

}  // namespace pinstripe
