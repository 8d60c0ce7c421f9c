// Instrument record: what a venue says about a thing that can be traded (trading.md 1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/units.h"

namespace pinstripe {

enum class Market : std::uint8_t { kSpot = 0, kLinear = 1, kInverse = 2 };
inline constexpr const char* kMarketNames[] = {"spot", "linear", "inverse"};

/// One maintenance-margin tier; notional in 1e-8 settle.
struct MarginTier {
  std::int64_t notional_cap_e8 = 0;
  std::int64_t maintenance_rate_e8 = 0;  // ratio x 1e8
  std::int64_t deduction_e8 = 0;
};

/// All decimals are integers scaled by 1e8. Filled from the shipped table or the venue; immutable
/// during a session (a change closes the segment with a definition event).
struct Instrument {
  std::string id;            // canonical: "BINANCE_USDM:BTCUSDT"
  std::string venue;         // "BINANCE_USDM", "BINANCE_SPOT", "BINANCE_COINM", "SYNTHETIC" ...
  std::string symbol;        // as the venue writes it: "BTCUSDT", "BTCUSD_PERP"
  Market market = Market::kLinear;
  std::string base, quote, settle;
  std::int64_t tick_e8 = 0;        // price of one tick, 1e-8 quote
  std::int64_t lot_e8 = 0;         // size of one lot, 1e-8 base (spot, linear) or 1e-8 contracts
  // An order's quantity is a multiple of this many lots. More than 1 where the book still holds
  // orders from a time of finer steps (Binance spot), whose quantities a message must be able to
  // carry.
  std::int64_t order_step_lots = 1;
  std::int64_t multiplier_e8 = 100'000'000;  // per contract: base (linear), quote (inverse)
  QtyLots qty_min{1};
  QtyLots qty_max{1'000'000'000'000};
  std::int64_t notional_min_e8 = 0;          // 1e-8 quote
  std::int64_t price_band_bps = 500;         // limit orders beyond this from mid are refused
  std::int64_t maker_fee_e8 = 20'000;        // ratio x 1e8: 2 bps = 20,000
  std::int64_t taker_fee_e8 = 50'000;
  bool buy_fee_in_base = false;              // spot: a buy's fee is taken in base
  std::vector<MarginTier> tiers;
  TimeNs valid_from;
};

/// Largest price or quantity accepted in ticks or lots: keeps price x quantity inside 128 bits and
/// any sum of a million of them inside the range.
inline constexpr std::int64_t kTicksMax = std::int64_t{1} << 46;
inline constexpr std::int64_t kLotsMax = std::int64_t{1} << 52;

}  // namespace pinstripe
