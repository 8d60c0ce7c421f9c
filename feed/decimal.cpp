#include "feed/decimal.h"

namespace pinstripe {

Decimal parse_decimal_slowly(const char* p, const char* limit) noexcept {
  const bool negative = p < limit && *p == '-';
  const char* at = negative ? p + 1 : p;
  std::int64_t value = 0;
  bool overflow = false;
  const auto append = [&](int digit) {
    overflow |= __builtin_mul_overflow(value, std::int64_t{10}, &value);
    overflow |= __builtin_add_overflow(value, std::int64_t{digit}, &value);
  };
  const auto digit_at = [&] { return at < limit && *at >= '0' && *at <= '9'; };
  const char* first = at;
  for (; digit_at(); ++at) append(*at - '0');
  if (at == first) return {0, at, DecimalStatus::kBad};
  int decimals = 0;
  bool too_fine = false;
  if (at < limit && *at == '.') {
    ++at;
    first = at;
    for (; digit_at(); ++at) {
      if (decimals < 8) {
        append(*at - '0');
        ++decimals;
      } else {
        too_fine |= *at != '0';
      }
    }
    if (at == first) return {0, at, DecimalStatus::kBad};
  }
  for (; decimals < 8; ++decimals) append(0);
  if (overflow) return {0, at, DecimalStatus::kOverflow};
  return {negative ? -value : value, at, too_fine ? DecimalStatus::kTooFine : DecimalStatus::kOk};
}

}  // namespace pinstripe
