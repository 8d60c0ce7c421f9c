#include "tools/backtest/equity_series.h"

#include <algorithm>

namespace pinstripe {

namespace {
constexpr std::int64_t kHourNs = 3'600 * kNsPerSecond;
constexpr std::int64_t kDayNs = 24 * kHourNs;
}  // namespace

std::int64_t grid_step_ns(std::int64_t span_ns) noexcept {
  return span_ns < kDayNs ? kNsPerSecond : kHourNs;
}

void EquitySeries::open(std::int64_t t_ns, std::int64_t opening_e8) noexcept {
  opened_ = true;
  opened_ns_ = finished_ns_ = peak_ns_ = t_ns;
  opening_e8_ = last_e8_ = peak_e8_ = opening_e8;
}

void EquitySeries::see(std::int64_t t_ns, std::int64_t equity_e8) noexcept {
  const bool was_below = last_e8_ < peak_e8_;
  const bool is_below = equity_e8 < peak_e8_;
  // A peak that is reached again ends its drawdown now.
  if (was_below || is_below) max_drawdown_ns_ = std::max(max_drawdown_ns_, t_ns - peak_ns_);
  finished_ns_ = t_ns;
  last_e8_ = equity_e8;
  if (!is_below) {
    peak_e8_ = equity_e8;
    peak_ns_ = t_ns;
  } else if (peak_e8_ > 0) {
    const double fall = static_cast<double>(peak_e8_ - equity_e8) / static_cast<double>(peak_e8_);
    max_drawdown_ = std::max(max_drawdown_, fall);
  }
}

void EquitySeries::sample(std::int64_t t_ns, std::int64_t equity_e8, std::int64_t gross_e8) {
  if (on_grid_) {
    const double before = static_cast<double>(last_e8_);
    returns_.push_back(before > 0 ? static_cast<double>(equity_e8) / before - 1 : 0);
  }
  on_grid_ = true;
  see(t_ns, equity_e8);
  ++samples_;
  if (gross_e8 != 0) ++exposed_;
  if (equity_e8 > 0) {
    gross_over_equity_ += static_cast<double>(gross_e8) / static_cast<double>(equity_e8);
  }
}

void EquitySeries::finish(std::int64_t t_ns, std::int64_t equity_e8) noexcept {
  see(t_ns, equity_e8);
}

double EquitySeries::exposure_time() const noexcept {
  return samples_ == 0 ? 0 : static_cast<double>(exposed_) / static_cast<double>(samples_);
}

double EquitySeries::exposure_notional() const noexcept {
  return samples_ == 0 ? 0 : gross_over_equity_ / static_cast<double>(samples_);
}

}  // namespace pinstripe
