// Event times as people write and read them.
#pragma once

#include <cstdint>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

/// "2024-08-08T23:57:35.5Z" (UTC; the day alone, and up to nine places, are allowed), or
/// nanoseconds since 1970 as a whole number of at least 16 digits. `what` names it in the error.
Result<std::int64_t> parse_time(const std::string& text, const std::string& what);

/// "2024-08-08T23:57:35.500000000Z".
std::string shown_time(std::int64_t time_ns);

}  // namespace pinstripe
