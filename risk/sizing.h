// How large an entry is (trading.md 5): Kelly or a fixed fraction of equity over the stop.
#pragma once

#include <cstdint>

#include "risk/risk_config.h"

namespace pinstripe {

struct SizingInput {
  double equity = 0;             // settle units
  double probability = 0.5;      // of winning, in the direction of the order
  double confidence = 0;         // |2p - 1|
  double win_loss = 0;           // b: what a win earns over what a loss costs
  double stop = 0;               // distance over price: 0.01 = 1 %
  double cost = 0;               // round trip over price
  double annual_vol = 0;         // 0: absent
  double notional_max = 0;       // cap in settle units
  bool kelly = false;
};

struct Size {
  double fraction = 0;           // share of equity put at risk; <= 0: no edge
  double notional = 0;           // settle units, >= 0, capped
  bool capped = false;
};

/// b = (take_profit - cost) / (stop + cost).
double win_loss_ratio(double take_profit, double stop, double cost) noexcept;

/// f* = p - (1 - p) / b; <= 0 also where b <= 0.
double kelly_fraction(double probability, double b) noexcept;

/// quantity = equity f / ((stop + cost) price) x min(1, target vol / vol) (x confidence in fixed
/// fraction mode), capped by notional. Rounding to lots is the caller's.
Size size_entry(const SizingConfig& config, const SizingInput& in) noexcept;

}  // namespace pinstripe
