// The venues' limits as a table. What the venues say themselves at run time (exchangeInfo, headers)
// goes over it: LimitLedger::observe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/limits/limit_types.h"

namespace pinstripe {

enum class LimitCounting : std::uint8_t {
  kClock,    // counted in intervals of the clock: each minute begins anew
  kRolling,  // counted over the last so many seconds, whenever one looks
};
inline constexpr const char* kLimitCountingNames[] = {"clock", "rolling"};

/// One window of one kind. A kind may have several; a request must fit all of them.
struct LimitRule {
  std::string_view venue;  // as in instrument ids
  std::string_view pool;   // the venue whose count this is: BYBIT_LINEAR's requests are BYBIT's
  LimitKind kind = LimitKind::kRequests;
  std::string_view key;    // "": every key that has no rule of its own
  LimitCounting counting = LimitCounting::kRolling;
  std::int64_t window_ns = 0;
  std::int64_t guard_ns = 0;  // how far our clock and the way there may shift a request
  std::uint32_t limit = 0;
  std::uint32_t reserve = 0;  // of it for cancels alone
};

/// The limits of the real venues; `shm/limits/README.md` says where each was read.
std::span<const LimitRule> venue_limit_rules() noexcept;

/// The venue whose bans, back-off and circuit `venue` shares; "" where no rule names it.
std::string_view limit_pool(std::span<const LimitRule> rules, std::string_view venue) noexcept;

/// How much of `limit` a priority may use: cancels all of it, orders what the reserve leaves, a
/// resync leaves orders as much again, background three quarters of that. At least 1.
std::uint32_t priority_ceiling(std::uint32_t limit, std::uint32_t reserve, Priority p) noexcept;

}  // namespace pinstripe
