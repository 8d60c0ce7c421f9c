// Configuration of the features stage. Plain values with the defaults of trading.md 4 and 5.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/market/instrument.h"

namespace pinstripe {

struct FeaturesConfig {
  std::vector<Instrument> instruments;  // index = instrument id; filled by the session

  // A vector goes out at the first complete venue message this long after the last; 0: after each.
  // A change of the book's state always sends one.
  std::int64_t min_interval_ns = 0;
  std::int64_t bar_ns = 250 * kNsPerMs;      // length of a bar; bars lie on multiples of it
  std::int64_t collar_bps = 20;              // context depth: levels this near the touch
  // Stated volume of VPIN: one bucket is 1/50 of it. 0: what is traded in the first
  // `vpin_calibration_ns` after the first trade, and at least ten trades.
  std::int64_t vpin_volume_lots = 0;
  std::int64_t vpin_calibration_ns = 2 * kNsPerSecond;
  std::int64_t large_trade_medians = 5;      // a trade above this many running medians is large

  // Memory, taken once. A window that outgrows its ring loses its oldest entries, counted.
  std::uint32_t book_levels = 8'192;         // levels kept a side; the best 50 make features
  std::uint32_t trade_capacity = 1u << 16;   // trades within 60 s, power of two
  std::uint32_t update_capacity = 1u << 15;  // book updates within 5 s, power of two
};

}  // namespace pinstripe
