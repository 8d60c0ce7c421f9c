// Decimal text to integers of 1e-8, eight characters at a time; no floating point anywhere.
//
// PERF NOTE: two 8-byte loads and six multiplies for any price of up to 8 + 8 digits, no loop.
// Bytes after the number are read (kFramePadding guarantees that they are readable).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace pinstripe {

inline constexpr std::uint64_t kEightZeros = 0x3030303030303030ULL;

inline std::uint64_t load_eight(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, 8);
  return word;
}

/// How many of the eight characters, from the first on, are digits.
inline unsigned leading_digits(std::uint64_t word) noexcept {
  const std::uint64_t high = (word & 0xF0F0F0F0F0F0F0F0ULL) ^ kEightZeros;
  const std::uint64_t over = ((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) ^ kEightZeros;
  const std::uint64_t wrong = high | over;  // carries only reach later characters
  return wrong == 0 ? 8u : static_cast<unsigned>(std::countr_zero(wrong)) / 8u;
}

/// Eight digit characters as a number.
inline std::uint64_t eight_digits(std::uint64_t word) noexcept {
  word = (word & 0x0F0F0F0F0F0F0F0FULL) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FFULL) * 6553601 >> 16;
  return (word & 0x0000FFFF0000FFFFULL) * 42949672960001ULL >> 32;
}

enum class DecimalStatus : std::uint8_t { kOk, kBad, kOverflow, kTooFine };

struct Decimal {
  std::int64_t e8 = 0;        // value x 1e8
  const char* end = nullptr;  // first character after the number
  DecimalStatus status = DecimalStatus::kBad;
};

/// Any length, digit by digit, up to `limit`: what the fast path leaves over.
[[gnu::noinline]] Decimal parse_decimal_slowly(const char* p, const char* limit) noexcept;

/// Parses [-]digits[.digits] at `p`; the characters up to `limit` belong to the text. Digits beyond
/// the eighth decimal must be zero (kTooFine otherwise). The caller checks what stands at `end`.
inline Decimal parse_decimal(const char* p, const char* limit) noexcept {
  const std::uint64_t whole_text = load_eight(p);
  const unsigned whole_digits = leading_digits(whole_text);
  if (whole_digits == 0 || whole_digits == 8) [[unlikely]] return parse_decimal_slowly(p, limit);
  const std::uint64_t whole = eight_digits((whole_text << (64 - 8 * whole_digits)) |
                                           (kEightZeros >> (8 * whole_digits)));
  const char* at = p + whole_digits;
  if (*at != '.') return {static_cast<std::int64_t>(whole * 100'000'000), at, DecimalStatus::kOk};
  const std::uint64_t part_text = load_eight(at + 1);
  const unsigned part_digits = leading_digits(part_text);
  if (part_digits == 0) [[unlikely]] return parse_decimal_slowly(p, limit);
  if (part_digits == 8) {
    if (at[9] >= '0' && at[9] <= '9') [[unlikely]] return parse_decimal_slowly(p, limit);
    return {static_cast<std::int64_t>(whole * 100'000'000 + eight_digits(part_text)), at + 9,
            DecimalStatus::kOk};
  }
  const std::uint64_t keep = (std::uint64_t{1} << (8 * part_digits)) - 1;
  const std::uint64_t part = eight_digits((part_text & keep) | (kEightZeros & ~keep));
  return {static_cast<std::int64_t>(whole * 100'000'000 + part), at + 1 + part_digits,
          DecimalStatus::kOk};
}

/// Exact division by a fixed positive step: quotient, or "not a multiple". One multiply and a
/// rotate (Granlund and Montgomery 1994, section 9: n is a multiple of d = 2^k m exactly when n
/// times the inverse of m, rotated right by k, is at most max / d; that value is then the
/// quotient).
class ExactDivisor {
 public:
  ExactDivisor() noexcept : ExactDivisor(1) {}
  explicit ExactDivisor(std::int64_t step) noexcept {
    const auto d = static_cast<std::uint64_t>(step);
    shift_ = std::countr_zero(d);
    const std::uint64_t odd = d >> shift_;
    std::uint64_t inverse = odd;  // right for 3 bits; each round doubles them
    for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
    inverse_ = inverse;
    limit_ = ~std::uint64_t{0} / d;
  }
  /// False where `n` (>= 0) is not a multiple.
  bool divide(std::int64_t n, std::int64_t& quotient) const noexcept {
    const std::uint64_t q = std::rotr(static_cast<std::uint64_t>(n) * inverse_, shift_);
    quotient = static_cast<std::int64_t>(q);
    return q <= limit_;
  }

 private:
  std::uint64_t inverse_ = 1;
  std::uint64_t limit_ = 0;
  int shift_ = 0;
};

}  // namespace pinstripe
