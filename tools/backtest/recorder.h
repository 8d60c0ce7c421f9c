// Looks on while a backtest runs, from risk's place: equity on the grid, orders, fills.
//
// It decides nothing and keeps no history but the returns of the grid; everything else is summed or
// written as it comes.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tools/backtest/csv_file.h"
#include "tools/backtest/equity_series.h"
#include "tools/backtest/order_log.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

class RiskCore;

/// What risk's ledger holds of one instrument's closed trades at the end.
struct ClosedTrades {
  std::int64_t closed = 0;
  std::int64_t wins = 0;
  std::int64_t won_e8 = 0;   // net of fees and funding, > 0
  std::int64_t lost_e8 = 0;  // of the others, >= 0
};

class Recorder {
 public:
  explicit Recorder(const SessionPlan& plan);
  /// Writes orders.csv, fills.csv and equity.csv into `directory`.
  Result<void> write_to(const std::string& directory);

  /// Risk is about to take an input at `now`.
  void before(TimeNs now, const RiskCore& core) noexcept {
    now_ns_ = now.value;
    if (now.value >= next_ns_) [[unlikely]] sample(core);
  }
  void command(const OrderCommand& c) { orders_.command(c); }
  void report(TimeNs now, const ExecReport& r) { orders_.report(now, r); }
  /// The run has ended: last samples, files closed.
  Result<void> finish(const RiskCore& core);

  struct AccountRecord {
    std::string settle;
    EquitySeries series;
  };
  const std::vector<AccountRecord>& accounts() const noexcept { return accounts_; }
  const OrderLog& orders() const noexcept { return orders_; }
  const ClosedTrades& trades(std::size_t instrument) const { return trades_[instrument]; }
  std::int64_t step_ns() const noexcept { return step_ns_; }

 private:
  void sample(const RiskCore& core) noexcept;
  void sample_at(std::int64_t t_ns, const RiskCore& core, bool on_grid);
  std::int64_t gross_notional_e8(const RiskCore& core, std::size_t account) const;

  std::vector<Instrument> instruments_;
  std::int64_t step_ns_;
  std::int64_t now_ns_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t next_ns_ = std::numeric_limits<std::int64_t>::min();
  std::vector<AccountRecord> accounts_;
  std::vector<ClosedTrades> trades_;
  OrderLog orders_;
  std::optional<CsvFile> equity_;
};

}  // namespace pinstripe
