// The one table of limits: which are asked, in which order, and whom they bind.
//
// Staleness comes first, then what forbids opening at all, then the size, then what the size meets.
// Cancels never come here. Reduces meet only the limits marked kAll: collar, venue filter and order
// rate (their own reserve); everything else lets them pass, so that a position can always be
// closed.
#pragma once

#include <cstdint>
#include <span>

#include "risk/denial.h"

namespace pinstripe {

/// Everything a limit may look at, computed before the table is walked. Notionals are in 1e-8 of
/// the settle asset, but for the group (1e-8 quote over all accounts).
struct LimitContext {
  // time and state
  std::int64_t age_ns = 0;
  std::int64_t budget_ns = 0;
  bool book_valid = false;
  bool halted = false;
  bool drawdown = false;
  bool daily_loss = false;
  bool breaker_open = false;
  bool order_unknown = false;
  bool in_flight_full = false;
  bool warm = false;
  bool opens_spot_short = false;
  double spread_bps = 0;
  double spread_max_bps = 0;
  // size
  double fraction = 0;             // sizing's f
  double edge_bps = 0;             // in the order's direction
  double edge_min_bps = 0;
  std::int64_t qty_lots = 0;
  std::int64_t qty_least_lots = 0;  // venue's least quantity and notional, in lots
  std::int64_t qty_most_lots = 0;
  double position_notional = 0;    // after the order, working orders included
  double position_notional_max = 0;
  double gross_notional = 0;
  double gross_notional_max = 0;
  double group_notional = 0;
  double group_notional_max = 0;
  std::int64_t depth_lots = 0;     // displayed within the collar, thinner side
  double depth_multiple = 0;
  std::int64_t minute_volume_lots = 0;
  double participation_max = 0;
  // price and rate
  double beyond_touch_bps = 0;     // how far the price lies beyond the touch it takes
  double collar_bps = 0;
  double from_mid_bps = 0;
  double band_bps = 0;
  bool rate_full = false;          // of the reserve that this order draws on
};

enum class Binds : std::uint8_t { kOpens, kAll };
/// kBefore limits need no size; kSized ones are asked once the quantity is known.
enum class LimitPhase : std::uint8_t { kBefore, kSized };

struct Limit {
  Denial reason;
  Binds binds;
  LimitPhase phase;
  bool (*denies)(const LimitContext&) noexcept;
};

/// The table, in check order.
std::span<const Limit> limit_table() noexcept;

/// First limit of `phase` that denies; kNone lets pass.
Denial first_denial(const LimitContext& c, bool opens, LimitPhase phase) noexcept;

}  // namespace pinstripe
