// One account's equity through a run: samples on a fixed grid, returns, drawdown, exposure.
//
// The grid: instants that are multiples of the step in event time, one second where the data span
// less than a day, else one hour (trading.md 6). A sample holds the equity after everything that
// risk took before the instant. Formulas: tools/backtest/README.md.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/base/units.h"

namespace pinstripe {

/// Grid step for data that span `span_ns`.
std::int64_t grid_step_ns(std::int64_t span_ns) noexcept;

class EquitySeries {
 public:
  /// The account opens with `opening_e8` at `t`; nothing counts before.
  void open(std::int64_t t_ns, std::int64_t opening_e8) noexcept;
  /// A sample at a grid instant; `gross_e8` is the notional of all positions without sign.
  void sample(std::int64_t t_ns, std::int64_t equity_e8, std::int64_t gross_e8);
  /// The last instant of the run, on the grid or not. Counts for the total and the drawdown.
  void finish(std::int64_t t_ns, std::int64_t equity_e8) noexcept;

  bool opened() const noexcept { return opened_; }
  std::int64_t opening_e8() const noexcept { return opening_e8_; }
  std::int64_t final_e8() const noexcept { return last_e8_; }
  std::int64_t opened_ns() const noexcept { return opened_ns_; }
  std::int64_t finished_ns() const noexcept { return finished_ns_; }
  /// Simple returns between successive grid instants; 0 where the equity was not positive.
  const std::vector<double>& returns() const noexcept { return returns_; }
  /// Largest fall from a peak, over the peak.
  double max_drawdown() const noexcept { return max_drawdown_; }
  /// Longest time from a peak until it was reached again, or the end.
  std::int64_t max_drawdown_ns() const noexcept { return max_drawdown_ns_; }
  /// Share of the samples with a position; mean of gross notional over equity.
  double exposure_time() const noexcept;
  double exposure_notional() const noexcept;
  std::int64_t samples() const noexcept { return samples_; }

 private:
  void see(std::int64_t t_ns, std::int64_t equity_e8) noexcept;

  bool opened_ = false;
  bool on_grid_ = false;       // a grid instant was seen
  std::int64_t opened_ns_ = 0;
  std::int64_t finished_ns_ = 0;
  std::int64_t opening_e8_ = 0;
  std::int64_t last_e8_ = 0;
  std::int64_t peak_e8_ = 0;
  std::int64_t peak_ns_ = 0;
  double max_drawdown_ = 0;
  std::int64_t max_drawdown_ns_ = 0;
  std::int64_t samples_ = 0;
  std::int64_t exposed_ = 0;
  double gross_over_equity_ = 0;  // sum
  std::vector<double> returns_;
};

}  // namespace pinstripe
