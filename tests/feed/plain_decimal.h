// Decimals read the long way round, to compare the fast decoders with.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace pinstripe::feed_test {

/// Decimal text to 1e-8 by moving the point: pads or cuts to eight places, then reads a whole
/// number.
inline std::int64_t plain_e8(std::string text) {
  const bool negative = text.starts_with("-");
  if (negative) text.erase(0, 1);
  auto point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
    text += '.';
  }
  std::string part = text.substr(point + 1);
  while (part.size() > 8) {
    EXPECT_EQ(part.back(), '0');
    part.pop_back();
  }
  part.resize(8, '0');
  const std::int64_t value = std::strtoll((text.substr(0, point) + part).c_str(), nullptr, 10);
  return negative ? -value : value;
}

}  // namespace pinstripe::feed_test
