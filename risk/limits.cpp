#include "risk/limits.h"

#include <array>

namespace pinstripe {
namespace {

using C = LimitContext;

constexpr std::array kTable{
    Limit{Denial::kStale, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.age_ns > c.budget_ns; }},
    Limit{Denial::kBookInvalid, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return !c.book_valid; }},
    Limit{Denial::kHalted, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.halted; }},
    Limit{Denial::kDrawdown, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.drawdown; }},
    Limit{Denial::kDailyLoss, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.daily_loss; }},
    Limit{Denial::kCircuitBreaker, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.breaker_open; }},
    Limit{Denial::kOrderUnknown, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.order_unknown; }},
    Limit{Denial::kInFlight, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.in_flight_full; }},
    Limit{Denial::kWarmUp, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return !c.warm; }},
    Limit{Denial::kSpotLongOnly, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept { return c.opens_spot_short; }},
    Limit{Denial::kSpread, Binds::kOpens, LimitPhase::kBefore,
          [](const C& c) noexcept {
            return c.spread_max_bps > 0 && c.spread_bps > c.spread_max_bps;
          }},
    Limit{Denial::kNoEdge, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept { return !(c.fraction > 0); }},
    Limit{Denial::kEdgeBelowMin, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept { return !(c.edge_bps >= c.edge_min_bps); }},
    Limit{Denial::kBelowMinSize, Binds::kAll, LimitPhase::kSized,
          [](const C& c) noexcept {
            return c.qty_lots < 1 || c.qty_lots < c.qty_least_lots;
          }},
    Limit{Denial::kPosition, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept { return c.position_notional > c.position_notional_max; }},
    Limit{Denial::kLeverage, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept { return c.gross_notional > c.gross_notional_max; }},
    Limit{Denial::kGroup, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept { return c.group_notional > c.group_notional_max; }},
    Limit{Denial::kDepth, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept {
            return c.depth_multiple > 0 && static_cast<double>(c.depth_lots) <
                                               c.depth_multiple * static_cast<double>(c.qty_lots);
          }},
    Limit{Denial::kParticipation, Binds::kOpens, LimitPhase::kSized,
          [](const C& c) noexcept {
            return c.participation_max > 0 &&
                   static_cast<double>(c.qty_lots) >
                       c.participation_max * static_cast<double>(c.minute_volume_lots);
          }},
    Limit{Denial::kCollar, Binds::kAll, LimitPhase::kSized,
          [](const C& c) noexcept { return !(c.beyond_touch_bps <= c.collar_bps); }},
    Limit{Denial::kVenueFilter, Binds::kAll, LimitPhase::kSized,
          [](const C& c) noexcept {
            return c.qty_lots > c.qty_most_lots || !(c.from_mid_bps <= c.band_bps);
          }},
    Limit{Denial::kOrderRate, Binds::kAll, LimitPhase::kSized,
          [](const C& c) noexcept { return c.rate_full; }},
};

constexpr bool in_enum_order() noexcept {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].reason) != i + 1) return false;
  }
  return kTable.size() + 1 == kDenialCount;
}
static_assert(in_enum_order(), "every denial stands once in the table, in the enum's order");

}  // namespace

std::span<const Limit> limit_table() noexcept { return kTable; }

Denial first_denial(const LimitContext& c, bool opens, LimitPhase phase) noexcept {
  for (const Limit& limit : kTable) {
    if (limit.phase != phase || (!opens && limit.binds == Binds::kOpens)) continue;
    if (limit.denies(c)) return limit.reason;
  }
  return Denial::kNone;
}

}  // namespace pinstripe
