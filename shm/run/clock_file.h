// The session's clock calibration as a small file in the session directory, so that all its
// processes measure on one scale.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "shm/run/clock.h"

namespace pinstripe {

inline constexpr const char* kClockName = "clock.json";

/// Calibrates and writes `<directory>/clock.json` (mode 0600).
Result<ClockParams> write_clock(const std::string& directory);
/// Reads it; refuses a file that is missing, damaged or from another boot.
Result<ClockParams> read_clock(const std::string& directory);

}  // namespace pinstripe
