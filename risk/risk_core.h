// The decisions of risk, apart from rings and sinks. See README.md for the order of checks.
//
//   risk_core.cpp     inputs: market events, reports, controls, timers
//   risk_orders.cpp   orders: sizing, the limit table, sending, cancelling
//   risk_policy.cpp   the policy: when to open, hold, close, and how an exit is worked
//   risk_state.cpp    checkpoints and counters
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "risk/instrument_state.h"
#include "risk/ledger.h"
#include "risk/limits.h"
#include "risk/order_table.h"
#include "risk/risk_config.h"
#include "risk/risk_counters.h"
#include "risk/sizing.h"
#include "risk/windows.h"
#include "shm/base/result.h"
#include "shm/msg/control.h"
#include "shm/msg/signal.h"
#include "shm/msg/stage.h"

namespace pinstripe {

/// An order command without its header; `write_draft` copies it into a claimed slot.
struct Draft {
  OrderCommand command;          // header: instrument and side only
};

class RiskCore {
 public:
  explicit RiskCore(const RiskConfig& config);
  RiskCore(const RiskCore&) = delete;
  RiskCore& operator=(const RiskCore&) = delete;

  void on_message(TimeNs now, const Input& in) noexcept;
  void on_timer(TimeNs now) noexcept;
  bool has_draft() const noexcept { return draft_head_ != draft_tail_; }
  /// Writes the oldest draft into a claimed slot and forgets it.
  void write_draft(OrderCommand& out) noexcept;
  TimeNs next_due() const noexcept { return TimeNs(due_ns_); }

  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);
  std::span<const std::int64_t> counters() const noexcept { return counters_; }
  std::vector<std::string> counter_names() const;

  const Ledger& ledger() const noexcept { return ledger_; }
  const InstrumentState& state(std::uint32_t instrument) const noexcept {
    return states_[instrument];
  }
  const OrderTable& orders() const noexcept { return orders_; }
  std::size_t in_flight() const noexcept { return in_flight_.size(); }
  std::int64_t denied(Denial d) const noexcept {
    return counters_[kRcDenied + static_cast<std::uint32_t>(d) - 1];
  }

 private:
  // risk_core.cpp
  void on_market(std::int64_t now, const MarketEvent& e) noexcept;
  void on_book_state(std::uint32_t i, BookState to) noexcept;
  void after_update(std::int64_t now, std::uint32_t i) noexcept;
  void on_report(std::int64_t now, const ExecReport& r) noexcept;
  void on_fill(std::int64_t now, const ExecReport& r, WorkingOrder* o) noexcept;
  bool accept_external(const ExecReport& r) noexcept;
  void note_order_report(std::int64_t now, const ExecReport& r, WorkingOrder& o) noexcept;
  void forget_if_finished(WorkingOrder& o) noexcept;
  void on_control(std::int64_t now, const Control& c) noexcept;
  void value_position(std::uint32_t i) noexcept;
  void refresh_levels(std::int64_t now, std::uint32_t i) noexcept;
  void evaluate_all(std::int64_t now) noexcept;
  void count_loss(std::int64_t now) noexcept;
  void trip_breaker(std::int64_t now) noexcept;

  // risk_orders.cpp
  struct Plan {                  // an order that wants to be sent
    std::uint32_t instrument = 0;
    Side side = Side::kBuy;
    Purpose purpose{};
    TimeInForce tif = TimeInForce::kIoc;
    bool post_only = false;
    std::int64_t price_ticks = 0;
    std::int64_t qty_lots = 0;
    std::uint64_t signal_decision = 0;
    std::int64_t expires_ns = 0;
  };
  LimitContext context_before(std::int64_t now, std::uint32_t i, Side side,
                              const Signal& s) const noexcept;
  void add_exposure(LimitContext& c, const Plan& p) const noexcept;
  void add_price(LimitContext& c, const Plan& p, const InstrumentState& st, bool opens,
                 std::int64_t now) const noexcept;
  SizingInput sizing_input(std::uint32_t i, Side side, const Signal& s, double stop_bps,
                           double profit_bps) const noexcept;
  void try_open(std::int64_t now, std::uint32_t i, Side side, const Signal& s) noexcept;
  bool try_reduce(std::int64_t now, std::uint32_t i, Purpose purpose, bool passive) noexcept;
  void every_signal(std::int64_t now, std::uint32_t i, const Signal& s) noexcept;
  bool opens(std::uint32_t i, Side side, std::int64_t qty_lots) const noexcept;
  WorkingOrder& send(std::int64_t now, const Plan& p, bool opens) noexcept;
  void cancel(WorkingOrder& o, Purpose purpose) noexcept;
  void push(const OrderCommand& c) noexcept;
  void deny(Denial d) noexcept {
    ++counters_[kRcDenied + static_cast<std::uint32_t>(d) - 1];
  }
  bool in_flight_full() const noexcept;
  double lot_value_e8(std::uint32_t i, double price_ticks) const noexcept;
  double lot_quote_e8(std::uint32_t i, double price_ticks) const noexcept;
  std::int64_t least_lots(std::uint32_t i, double price_ticks) const noexcept;
  std::int64_t in_steps(std::uint32_t i, std::int64_t lots) const noexcept;
  double cost_bps(std::uint32_t i) const noexcept;

  // risk_policy.cpp
  void on_signal(std::int64_t now, const Signal& s) noexcept;
  int wanted_direction(const Signal& s) const noexcept;
  void mind_working_entry(std::int64_t now, std::uint32_t i, int direction,
                          WorkingOrder& entry) noexcept;
  void evaluate(std::int64_t now, std::uint32_t i) noexcept;
  void mind_entry(std::int64_t now, std::uint32_t i) noexcept;
  Purpose close_reason(std::int64_t now, std::uint32_t i) const noexcept;
  void work_exit(std::int64_t now, std::uint32_t i, Purpose reason) noexcept;
  void set_triggers(std::uint32_t i) noexcept;
  void set_due(std::int64_t now, std::uint32_t i) noexcept;
  void rescan_due() noexcept;
  std::int64_t closable_lots(std::uint32_t i) const noexcept;
  HaltLevel level_of(std::uint32_t i) const noexcept;

  // risk_state.cpp
  void refresh_counters(std::uint32_t i) noexcept;

  RiskConfig config_;
  std::vector<InstrumentState> states_;
  std::vector<std::uint32_t> group_of_;   // instruments of one base asset share a group
  Ledger ledger_;
  OrderTable orders_;
  InFlight in_flight_;
  RateWindow open_rate_;
  RateWindow reduce_rate_;
  RateWindow reject_window_;
  RateWindow loss_window_;
  SeenFills seen_;
  std::vector<Draft> drafts_;             // ring
  std::uint64_t draft_head_ = 0;
  std::uint64_t draft_tail_ = 0;
  std::uint64_t commands_ = 0;            // number of the last command
  std::int64_t breaker_until_ns_ = INT64_MIN;
  HaltLevel kill_ = HaltLevel::kNone;     // by Control
  std::int64_t due_ns_ = INT64_MAX;       // least of the instruments' due_ns
  std::vector<std::int64_t> counters_;
};

}  // namespace pinstripe
