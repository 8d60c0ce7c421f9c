// What risk can be told. Defaults are those of the trading contract; the JSON reader lies apart.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/market/instrument.h"

namespace pinstripe {

enum class RiskPolicy : std::uint8_t {
  kDefault = 0,      // post-only entries, exits with stop, take-profit and time stop
  kEverySignal = 1,  // benches: one IOC order of least size per fresh signal, sides alternating
};
enum class SizingMode : std::uint8_t {
  kAuto = 0,           // Kelly where p is calibrated or own trades suffice, else fixed fraction
  kKelly = 1,
  kFixedFraction = 2,
};
enum class DailyWindow : std::uint8_t { kRolling24h = 0, kUtcDay = 1 };
enum class ExternalFills : std::uint8_t { kHalt = 0, kAdopt = 1, kIgnore = 2 };

/// Limits on orders, positions and accounts. A limit of 0 is off where the comment says so.
struct LimitConfig {
  double position_max = 0.10;          // notional of one position over equity
  double leverage_max = 1.0;           // gross notional over equity; never above kLeverageHardMax
  double group_max = 0.40;             // notional of one base asset, all venues, over total equity
  double spread_max_bps = 10.0;        // touch spread over mid; 0: off
  double depth_multiple = 3.0;         // displayed within the collar >= this x the order; 0: off
  double participation_max = 0.05;     // order over the last minute's traded volume; 0: off
  double collar_bps = 20.0;            // furthest price beyond the touch
  double daily_loss_max = 0.05;        // over the window below, of its opening equity
  double drawdown_halt = 0.10;         // from the peak of equity: no opens
  double drawdown_flatten = 0.15;      // from the peak of equity: close everything
  std::int64_t opens_per_second = 50;
  std::int64_t reduces_per_second = 50;  // the reduces' own reserve
  std::int64_t in_flight_max = 1000;   // commands without a first answer; <= orders ring - burst
  std::int64_t breaker_rejects = 20;   // rejected opens within the window; 0: off
  std::int64_t breaker_losses = 20;    // losing closed trades within the window; 0: off
  std::int64_t breaker_window_ns = 60 * kNsPerSecond;
  std::int64_t breaker_cool_down_ns = 30 * kNsPerSecond;
  std::int64_t warm_up_bars = 15;      // bars closed before the first open
  DailyWindow daily_window = DailyWindow::kRolling24h;
};
inline constexpr double kLeverageHardMax = 3.0;

struct SizingConfig {
  SizingMode mode = SizingMode::kAuto;
  double kelly_share = 0.5;            // 0.25, 0.5 or 1 of f*
  double fraction_max = 0.25;          // f never above
  double risk_per_trade = 0.005;       // fixed fraction of equity
  double target_annual_vol = 0.60;
  std::int64_t own_trades_min = 100;   // closed trades before own win rate replaces fixed fraction
  bool to_liquidity = false;           // shrink to depth and participation instead of denying
};

struct PolicyConfig {
  RiskPolicy policy = RiskPolicy::kDefault;
  double enter_probability = 0.55;
  double min_edge = 1.0;               // x round-trip cost
  double entry_ttl_horizons = 0.5;
  double time_stop_horizons = 3.0;
  double stop_atr = 2.0;
  double stop_round_trips = 2.0;       // x taker round-trip cost
  double take_profit_stops = 2.0;      // x stop
  std::int64_t exit_ttl_ns = kNsPerSecond;
  std::int64_t invalid_exit_grace_ns = 2 * kNsPerSecond;
  std::int64_t retry_ns = 100 * kNsPerMs;  // before a refused or unfilled exit is tried again
  bool requote = true;                 // follow the touch, once per decision at most
};

struct RiskConfig {
  std::vector<Instrument> instruments;             // index = instrument id; filled by the session
  std::int64_t budget_ns = 5 * kNsPerMs;           // whole path; filled by the session
  std::uint32_t epoch = 1;                         // filled by the session, new at each cold start
  double opening_cash = 10'000.0;                  // per settle asset, quote units
  ExternalFills external_fills = ExternalFills::kHalt;
  std::uint32_t order_memory = 4096;               // orders that may be unfinished; power of two
  std::uint32_t exec_id_memory = 16384;            // fills remembered against repeats; power of two
  LimitConfig limits;
  SizingConfig sizing;
  PolicyConfig policy;
};

/// Defaults of the benches' policy: an order per fresh signal loses spread and fees by
/// construction, so cash is ample and the limits that would end such a run are wide or off. All
/// stay in the path.
inline RiskConfig every_signal_defaults() {
  RiskConfig c;
  c.policy.policy = RiskPolicy::kEverySignal;
  c.opening_cash = 1e9;
  c.limits.opens_per_second = c.limits.reduces_per_second = 100'000;
  c.limits.spread_max_bps = c.limits.depth_multiple = c.limits.participation_max = 0;
  c.limits.breaker_rejects = c.limits.breaker_losses = 0;
  return c;
}

}  // namespace pinstripe
