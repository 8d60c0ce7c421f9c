// What risk must know of the market at the moment a vector or signal was made (trading.md 4 and 5).
#pragma once

#include "shm/msg/market_event.h"

namespace pinstripe {

/// 80 bytes carried by FeatureVector and Signal. Absent floats are 0 with their bit in `valid`
/// clear.
struct MarketContext {
  PriceTicks bid_ticks;
  PriceTicks ask_ticks;
  QtyLots bid_lots;
  QtyLots ask_lots;
  std::int64_t mark_e8 = 0;          // 1e-8 quote; 0 where the venue sent none
  QtyLots bid_depth_lots;            // displayed within the price collar, bid side
  QtyLots ask_depth_lots;
  QtyLots minute_volume_lots;        // traded over the last 60 s of event time
  float atr_bps = 0;                 // ATR(14) of the bars over mid, 1e-4
  float annual_vol = 0;              // realised volatility, annualised, 1.0 = 100 %
  BookState state = BookState::kEmpty;
  std::uint8_t valid = 0;            // bit 0 atr_bps, bit 1 annual_vol, bit 2 minute_volume
  std::uint16_t known_levels = 0;    // smaller side's levels known to be right
  std::uint32_t bar_count = 0;       // bars closed so far
};
static_assert(sizeof(MarketContext) == 80);
inline constexpr std::uint8_t kContextAtr = 1, kContextVol = 2, kContextMinuteVolume = 4;

constexpr std::array<FieldDesc, 14> context_fields(std::uint32_t at) noexcept {
  return {{
      {"bid_ticks", FieldType::kI64, "ticks", at, 1, false},
      {"ask_ticks", FieldType::kI64, "ticks", at + 8, 1, false},
      {"bid_lots", FieldType::kI64, "lots", at + 16, 1, false},
      {"ask_lots", FieldType::kI64, "lots", at + 24, 1, false},
      {"mark_e8", FieldType::kI64, "1e-8 quote", at + 32, 1, false},
      {"bid_depth_lots", FieldType::kI64, "lots", at + 40, 1, false},
      {"ask_depth_lots", FieldType::kI64, "lots", at + 48, 1, false},
      {"minute_volume_lots", FieldType::kI64, "lots", at + 56, 1, false},
      {"atr_bps", FieldType::kF32, "bps", at + 64, 1, false},
      {"annual_vol", FieldType::kF32, "ratio", at + 68, 1, false},
      {"state", FieldType::kU8, "enum BookState", at + 72, 1, false},
      {"valid", FieldType::kU8, "bits", at + 73, 1, false},
      {"known_levels", FieldType::kU16, "count", at + 74, 1, false},
      {"bar_count", FieldType::kU32, "count", at + 76, 1, false},
  }};
}

}  // namespace pinstripe
