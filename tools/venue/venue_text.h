// Integers as the venues write them, and JSON short cuts. All decimals are whole numbers of 1e-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "shm/base/result.h"

namespace pinstripe::venue {

using Json = nlohmann::ordered_json;  // members stand as written, as on the venues

/// With exactly `decimals` places, 0 to 8: (612345000, 3) is "6.123". Digits beyond are cut.
std::string fixed_text(std::int64_t value_e8, int decimals);
/// Without trailing zeros: 150000000 is "1.5".
std::string short_text(std::int64_t value_e8);
/// Places that a multiple of this step can have: 50000000 (0.5) needs 1.
int decimals_of(std::int64_t step_e8);
/// a x b / 1e8, cut towards zero: price times quantity.
std::int64_t product_e8(std::int64_t a_e8, std::int64_t b_e8);
/// a / b as 1e-8; 0 where b is 0.
std::int64_t ratio_e8(std::int64_t a, std::int64_t b);
/// "0.001" as 100000; refuses anything but digits with at most eight places.
Result<std::int64_t> parse_e8(std::string_view text);
/// A query string's text: "%40" is '@', '+' a space.
std::string unescaped(std::string_view text);
std::string lower(std::string text);
std::string upper(std::string text);

}  // namespace pinstripe::venue
