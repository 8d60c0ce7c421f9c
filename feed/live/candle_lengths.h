// Candles of which lengths can be had on every venue, and what each calls them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinstripe {

struct CandleLength {
  std::int64_t minutes = 0;
  std::string_view name;   // in configs and on command lines; Binance's own word
  std::string_view bybit;
  // From six hours on OKX counts from midnight in Hong Kong unless told otherwise.
  std::string_view okx;
};

inline constexpr std::array<CandleLength, 11> kCandleLengths{{{1, "1m", "1", "1m"},
                                                              {3, "3m", "3", "3m"},
                                                              {5, "5m", "5", "5m"},
                                                              {15, "15m", "15", "15m"},
                                                              {30, "30m", "30", "30m"},
                                                              {60, "1h", "60", "1H"},
                                                              {120, "2h", "120", "2H"},
                                                              {240, "4h", "240", "4H"},
                                                              {360, "6h", "360", "6Hutc"},
                                                              {720, "12h", "720", "12Hutc"},
                                                              {1'440, "1d", "D", "1Dutc"}}};

/// Null for a name that is none of them.
constexpr const CandleLength* candle_length(std::string_view name) noexcept {
  const auto* const at = std::ranges::find(kCandleLengths, name, &CandleLength::name);
  return at == kCandleLengths.end() ? nullptr : at;
}

/// Null for a number of minutes that is none of them.
constexpr const CandleLength* candle_length_of(std::int64_t minutes) noexcept {
  const auto* const at = std::ranges::find(kCandleLengths, minutes, &CandleLength::minutes);
  return at == kCandleLengths.end() ? nullptr : at;
}

/// "1m, 3m, ...": all names, for people.
inline std::string candle_length_names() {
  std::string names;
  for (const CandleLength& c : kCandleLengths) {
    names += (names.empty() ? "" : ", ") + std::string(c.name);
  }
  return names;
}

}  // namespace pinstripe
