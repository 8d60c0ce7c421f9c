// How far a venue's clock is from ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "tools/rest/venue_rest.h"

namespace pinstripe {

/// The venue's time less ours: right to `error_ns` either way (half of the round trip, and the
/// venue's own resolution of 1 ms).
struct ClockOffset {
  std::int64_t offset_ns = 0;
  std::int64_t error_ns = 0;
};

/// Asks a few times and takes the quickest answer, whose error is least.
Result<ClockOffset> fetch_clock_offset(VenueRest& rest, std::string_view venue);

/// The time of a venue's answer, nanoseconds since 1970.
Result<std::int64_t> read_venue_time(std::string_view venue, const std::string& answer);

}  // namespace pinstripe
