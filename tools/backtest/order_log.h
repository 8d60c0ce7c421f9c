// What became of each order: arrival, fills, end; what it cost against the mid it arrived at, and
// how long each way took in simulated time. Rows of commands.csv, orders.csv and fills.csv, where
// they are asked for. Only orders that are still open are kept: memory does not grow with the run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shm/market/instrument.h"
#include "shm/msg/exec_report.h"
#include "shm/ring/histogram.h"
#include "tools/backtest/csv_file.h"

namespace pinstripe {

/// Sums over the fills of one instrument.
struct FillSums {
  std::int64_t fills = 0;
  std::int64_t maker_fills = 0;
  double notional = 0;         // 1e-8 settle
  double maker_notional = 0;
  // Notional and notional x bps of the fills whose order's arrival mid is known.
  double slipped_notional = 0, slipped_bps = 0;
  double maker_slipped_notional = 0, maker_slipped_bps = 0;
};

/// Simulated times, ns. Histograms of two significant digits.
struct OrderLatencies {
  Histogram origin_to_order;   // causing market event -> order sent
  Histogram order_to_venue;    // order sent -> at the venue
  Histogram order_to_answer;   // order sent -> first answer taken by risk
};

class OrderLog {
 public:
  explicit OrderLog(const std::vector<Instrument>& instruments);
  /// Rows go to commands.csv, orders.csv and fills.csv in `directory` from now on.
  Result<void> write_to(const std::string& directory);

  void command(const OrderCommand& c);
  void report(TimeNs now, const ExecReport& r);
  /// Rows of the orders still open, by number; then the files are closed.
  Result<void> finish();

  const FillSums& sums(std::size_t instrument) const { return sums_[instrument]; }
  const OrderLatencies& latencies() const { return latencies_; }

 private:
  struct Open {
    OrderCommand command;        // as sent; price and quantity as amended
    bool arrived = false;
    std::int64_t arrived_ns = 0;
    std::int64_t bid_ticks = 0;  // touch at arrival; 0: none
    std::int64_t ask_ticks = 0;
    std::int64_t filled_lots = 0;
    Int128 ticks_lots = 0;       // sum of price x quantity over the fills
    std::int64_t fee_e8 = 0;     // settle asset
    std::int64_t fee_base_e8 = 0;
  };
  void arrive(Open& o, const ExecReport& r);
  void fill(Open* o, const ExecReport& r);
  void write_fill(TimeNs now, const ExecReport& r);
  void write_order(const Open& o, std::int64_t closed_ns, OrderState state, ExecReason reason);

  std::vector<Instrument> instruments_;
  std::vector<FillSums> sums_;
  std::vector<Int128> position_e8_;       // base or contracts held, fees in base taken off
  std::map<std::uint64_t, Open> open_;    // by decision
  OrderLatencies latencies_;
  std::optional<CsvFile> commands_;
  std::optional<CsvFile> orders_;
  std::optional<CsvFile> fills_;
};

}  // namespace pinstripe
