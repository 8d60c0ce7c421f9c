// The tables of `limits`, for people and as JSON, from a copy of the limiter's state.
#pragma once

#include <cstdint>
#include <string>

#include "shm/limits/limit_state.h"

namespace pinstripe {

/// Venues that were used, then their windows, the fullest first.
std::string limits_text(const LimitState& state, std::int64_t now_ns);
/// {"venues": [...], "buckets": [...], ...}; keys: tools/README.md.
std::string limits_json(const LimitState& state, std::int64_t now_ns);

}  // namespace pinstripe
