#include "feed/feed_config.h"

#include <algorithm>
#include <string_view>

namespace pinstripe {

std::vector<std::uint8_t> venue_numbers(std::span<const Instrument> instruments) {
  std::vector<std::string_view> seen;
  std::vector<std::uint8_t> numbers;
  for (const Instrument& i : instruments) {
    const auto at = std::ranges::find(seen, i.venue);
    numbers.push_back(static_cast<std::uint8_t>(at - seen.begin()));
    if (at == seen.end()) seen.push_back(i.venue);
  }
  return numbers;
}

}  // namespace pinstripe
