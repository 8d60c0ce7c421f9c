// What the limiter said, for people: the line of a connection or a desk that is held back.
#pragma once

#include <array>

#include "shm/limits/limit_types.h"

namespace pinstripe {

/// Ends with a zero.
using LimiterWords = std::array<char, 160>;

/// "the limiter: circuit open until 2026-01-02 03:04:05 UTC, last failure: HTTP 5xx"; "" for what
/// was granted. Allocates nothing.
LimiterWords limiter_words(const Grant& grant) noexcept;

}  // namespace pinstripe
