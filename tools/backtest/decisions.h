// What a run decided: its order commands, as lines that two runs can be held against each other by.
//
// A decision is named by what it answers: instrument, origin (the market event that caused it) and
// kind. Those names are the same in two runs over the same market, whatever came before; numbers
// and order ids are not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"
#include "shm/msg/order_command.h"

namespace pinstripe {

class RiskCore;
struct ExecReport;

struct Decision {
  std::string instrument;
  std::string kind;             // new, cancel, amend, cancel_all
  std::int64_t origin_ns = 0;   // event time of its cause
  std::int64_t sent_ns = 0;
  std::string what;             // side, type, validity, purpose, flags, price and quantity
};

/// Name of the file of commands in a folder of results, and its first line.
inline constexpr const char* kCommandsName = "commands.csv";
inline constexpr const char* kCommandsHead =
    "command,kind,instrument,side,type,tif,purpose,post_only,reduce_only,opens,price,quantity,"
    "order,signal,origin_ns,sent_ns";
/// The cells of one row of it.
std::vector<std::string> command_cells(const OrderCommand& c, const Instrument& instrument);
Decision decision_from(std::span<const std::string> cells);
/// Every decision of a folder of results, in the order sent.
Result<std::vector<Decision>> read_decisions(const std::string& folder);

/// "2024-08-08T23:57:35.500000000Z BINANCE_USDM:BTCUSDT new buy limit ...".
std::string decision_line(const Decision& d);

/// A watcher of risk (watched_risk.h) that keeps what it decides.
class DecisionLog {
 public:
  explicit DecisionLog(const std::vector<Instrument>& instruments) : instruments_(instruments) {}
  void before(TimeNs, const RiskCore&) noexcept {}
  void command(const OrderCommand& c);
  void report(TimeNs, const ExecReport&) noexcept {}
  std::vector<Decision> decisions;

 private:
  std::vector<Instrument> instruments_;
};

/// How the decisions of two runs compare.
struct DecisionsDifference {
  std::int64_t a = 0, b = 0;                    // decisions of each
  std::int64_t same = 0;                        // said by both, word for word
  std::int64_t later = 0;                       // of those: sent at another time
  std::int64_t changed = 0;                     // same cause and kind, other words
  std::int64_t only_a = 0, only_b = 0;
  struct First {
    std::optional<Decision> a, b;               // nothing: that run decided nothing there
  };
  std::optional<First> first;                   // by time of the cause
};
DecisionsDifference compare_decisions(std::vector<Decision> a, std::vector<Decision> b);

}  // namespace pinstripe
