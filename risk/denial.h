// Why risk refused: each reason has a name and a counter.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pinstripe {

/// In the order of the limit table; `kNone` lets pass.
enum class Denial : std::uint8_t {
  kNone = 0,
  kStale,             // age above the latency budget
  kBookInvalid,       // no trustworthy book
  kHalted,            // kill switch, or an alarm on the instrument
  kDrawdown,
  kDailyLoss,
  kCircuitBreaker,
  kOrderUnknown,      // an order of unknown fate freezes its instrument
  kInFlight,          // too many commands without a first answer
  kWarmUp,            // too little seen, or no money known yet
  kSpotLongOnly,
  kSpread,
  kNoEdge,            // Kelly fraction not above zero
  kEdgeBelowMin,
  kBelowMinSize,
  kPosition,
  kLeverage,
  kGroup,
  kDepth,
  kParticipation,
  kCollar,
  kVenueFilter,       // band, largest quantity
  kOrderRate,
  kCount,
};
inline constexpr std::size_t kDenialCount = static_cast<std::size_t>(Denial::kCount);
inline constexpr std::array<std::string_view, kDenialCount> kDenialNames{
    "none", "stale", "book_invalid", "halted", "drawdown", "daily_loss", "circuit_breaker",
    "order_unknown", "in_flight", "warm_up", "spot_long_only", "spread", "no_edge",
    "edge_below_min", "below_min_size", "position", "leverage", "group", "depth", "participation",
    "collar", "venue_filter", "order_rate"};

}  // namespace pinstripe
