#include "risk/sizing.h"

namespace pinstripe {

double win_loss_ratio(double take_profit, double stop, double cost) noexcept {
  const double loss = stop + cost;
  return loss > 0 ? (take_profit - cost) / loss : 0;
}

double kelly_fraction(double probability, double b) noexcept {
  if (!(b > 0)) return -1;
  return probability - (1 - probability) / b;
}

Size size_entry(const SizingConfig& config, const SizingInput& in) noexcept {
  Size out;
  const double at_risk = in.stop + in.cost;
  if (!(at_risk > 0) || !(in.equity > 0)) return out;
  if (in.kelly) {
    out.fraction = kelly_fraction(in.probability, in.win_loss) * config.kelly_share;
  } else {
    out.fraction = config.risk_per_trade;
  }
  if (!(out.fraction > 0)) return out;
  if (out.fraction > config.fraction_max) out.fraction = config.fraction_max;
  double notional = in.equity * out.fraction / at_risk;
  if (in.annual_vol > config.target_annual_vol) {
    notional *= config.target_annual_vol / in.annual_vol;
  }
  if (!in.kelly) notional *= in.confidence;
  if (notional > in.notional_max) {
    notional = in.notional_max;
    out.capped = true;
  }
  out.notional = notional;
  return out;
}

}  // namespace pinstripe
