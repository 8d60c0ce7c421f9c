// The paper venue: a simulated exchange for our own orders beside the recorded (or live) market.
//
// Rules (trading.md 6), each with its unrealistic side
//   1. An order, cancel or amend arrives one order latency after risk sent it, in the order sent
//      (one connection). Unrealistic: latency does not grow when the market is busy.
//   2. A resting order joins behind the quantity displayed at its price when it arrives; the queue
//      models of queue_model.h move it forward. Own orders are not displayed and push nobody.
//      Unrealistic: the market does not react to us.
//   3. What a trade at the order's price has left beyond the queue fills it, at most that trade's
//      quantity, first-in-first-out among own orders.
//   4. A trade strictly through the price, by either aggressor, or the opposite touch at or through
//      it at the end of a venue message, fills the order completely at its own price. Unrealistic
//      for large orders: the quantity that traded through is not looked at.
//   5. IOC, FOK, market and crossing limit orders walk the displayed levels at arrival, each level
//      at its own price; what they take is gone for own later orders until the level next changes.
//      Unrealistic: nobody pulls a quote before us and nothing hidden is met.
//   6. A post-only order that would cross what is there for own orders is rejected. An order that
//      would meet an own resting one is rejected (self-trade).
//   7. Cancels and amends take latency too; a fill that arrives first wins. An amend that keeps
//      price and does not grow the quantity keeps its place; any other joins the queue anew.
//   8. Trades that are not MARKET fill nothing.
//   9. While the book is not valid: orders that may open are rejected (book_invalid); only a trade
//      strictly through the price fills, since trades need no book and this fill is never a gift;
//      when the book is valid again resting orders stand behind all that is displayed. A reduce
//      that must trade at once fills completely at its own limit, the worst price it allows (or is
//      rejected, by `invalid_book_reduce`).
//  10. Reduce-only orders fill at most the position; what is left over is cancelled (reduce_only).
//      Spot cannot be sold short.
//  11. Funding is due at its instant on the position then held, at mark (mid where no mark came).
//  12. With margin (exec/margin.h): where equity at mark no longer exceeds maintenance, the venue
//      cancels all orders of the account's instruments and closes every position of it whole, at
//      mark, on the tick that lies towards bankruptcy, for the taker and the liquidation fee.
//      Unrealistic: no step by step reduction, the book is not asked whether it could take the
//      position (a real price lies worse in a crash), and a loss beyond the equity stays a debt
//      (no insurance fund). Commands on their way then arrive as always.
//
// Every order command is answered by exactly one report with `answers` = its number. Every fill
// names the market event that caused it: of a maker fill the message being handled; of a taker fill
// the last message that formed the levels taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exec/delay_queue.h"
#include "exec/exec_config.h"
#include "exec/exec_counters.h"
#include "exec/funding_schedule.h"
#include "exec/margin.h"
#include "exec/markouts.h"
#include "exec/order_machine.h"
#include "exec/outbox.h"
#include "exec/paper_market.h"
#include "exec/queue_model.h"
#include "exec/seen_ids.h"
#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

/// An order on the venue.
struct PaperOrder {
  OrderMachine machine;          // state and totals, from our own reports
  OrderId id;
  std::uint64_t venue_order_id = 0;
  std::uint64_t number = 0;      // command that made it
  std::uint64_t answers = 0;     // command that the next report answers first; 0: none
  PriceTicks price;
  QueuePlace place;
  TimeNs origin_ns;
  CauseRef command;              // the command as cause, for answers
  std::uint16_t instrument = 0;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  TimeInForce tif = TimeInForce::kGtc;
  Purpose purpose{};
  std::uint8_t flags = 0;
  bool place_known = false;      // false: the book was invalid; it joins when the book is valid

  bool has(OrderFlag f) const noexcept { return (flags & f) != 0; }
  bool post_only() const noexcept { return has(kOrderPostOnly); }
  bool immediate() const noexcept {
    return type == OrderType::kMarket || tif != TimeInForce::kGtc;
  }
};

class PaperVenue {
 public:
  explicit PaperVenue(const ExecConfig& config);

  void on_market(TimeNs now, const MarketEvent& event) noexcept;
  /// Takes a command: age and id are checked at once, all else when it arrives.
  void on_command(TimeNs now, const OrderCommand& command) noexcept;
  /// Time alone: arrivals and funding due at or before `now`.
  void on_time(TimeNs now) noexcept;

  TimeNs next_due() const noexcept {
    TimeNs due = in_flight_.next_due();
    for (const Book& b : books_) due = std::min(due, b.due.at);
    return due;
  }
  bool resting() const noexcept { return resting_count_ > 0 || !in_flight_.empty(); }
  std::int64_t least_order_latency_ns() const noexcept { return least_latency_ns_; }
  Outbox& outbox() noexcept { return outbox_; }
  const Outbox& outbox() const noexcept { return outbox_; }
  std::span<const std::int64_t> counters() const noexcept { return counters_.values(); }
  std::vector<std::string> counter_names() const { return counters_.names(); }
  const ExecCounters& counted() const noexcept { return counters_; }
  bool holds_position() const noexcept {
    for (const Book& b : books_) {
      if (b.position.value != 0) return true;
    }
    return false;
  }
  QtyLots position(std::size_t instrument) const noexcept { return books_[instrument].position; }
  const Margin& margin() const noexcept { return margin_; }
  std::span<const PaperOrder> resting_orders(std::size_t instrument) const noexcept {
    return books_[instrument].orders;
  }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  /// One instrument: its market, our orders in order of arrival, our position.
  struct Book {
    PaperMarket market;
    std::vector<PaperOrder> orders;
    FundingSchedule funding;
    QtyLots position;
    std::int64_t base_fees_e8 = 0;  // paid in the base asset (spot)
    FundingDue due;                 // next funding; max while flat
  };

  // paper_venue.cpp: inputs
  void catch_up(TimeNs now) noexcept;
  void on_level(TimeNs now, std::uint16_t i, const MarketEvent& e) noexcept;
  void on_trade(TimeNs now, std::uint16_t i, const MarketEvent& e) noexcept;
  void share_trade(TimeNs now, std::uint16_t i, const MarketEvent& e) noexcept;
  void on_state(std::uint16_t i, const MarketEvent& e) noexcept;
  void end_of_update(TimeNs now, std::uint16_t i) noexcept;
  void settle_funding(TimeNs now, std::uint16_t i) noexcept;
  void plan_funding(TimeNs now, std::uint16_t i) noexcept;
  std::int64_t latency_of(const OrderCommand& c) const noexcept;
  void refuse(TimeNs now, const OrderCommand& c, ExecKind kind, ExecReason reason) noexcept;

  // paper_arrival.cpp: what reaches the venue
  void arrive(TimeNs now, const OrderCommand& c) noexcept;
  void arrive_new(TimeNs now, const OrderCommand& c) noexcept;
  void arrive_cancel(TimeNs now, const OrderCommand& c) noexcept;
  void arrive_cancel_all(TimeNs now, const OrderCommand& c) noexcept;
  void arrive_amend(TimeNs now, const OrderCommand& c) noexcept;
  ExecReason refusal_of(const PaperOrder& o, QtyLots qty) const noexcept;
  ExecReason filter_of(const Instrument& instrument, const Book& b, const PaperOrder& o,
                       QtyLots qty) const noexcept;
  ExecReason refusal_without_book(const Book& b, const PaperOrder& o, QtyLots qty) const noexcept;
  void trade_at_once(TimeNs now, PaperOrder& o) noexcept;
  void rest(const PaperOrder& o) noexcept;
  void join_queue(PaperOrder& o) const noexcept;
  bool crosses(const Book& b, Side side, PriceTicks price) const noexcept;
  bool meets_own(const Book& b, const PaperOrder& o) const noexcept;
  QtyLots available_within(const Book& b, const PaperOrder& o) const noexcept;
  PaperOrder* find(std::uint16_t i, const OrderId& id) noexcept;
  PaperOrder from_command(const OrderCommand& c) const noexcept;

  // paper_fills.cpp: what comes out
  void fill(TimeNs now, PaperOrder& o, PriceTicks price, QtyLots qty, FillRule rule,
            const CauseRef& cause) noexcept;
  void count_fill(TimeNs now, const PaperOrder& o, PriceTicks price, QtyLots qty, FillRule rule,
                  MoneyE8 fee, bool fee_in_base) noexcept;
  void fill_completely(TimeNs now, PaperOrder& o, FillRule rule, const CauseRef& cause) noexcept;
  ExecReport& report(TimeNs now, PaperOrder& o, ExecKind kind, ExecReason reason,
                     const CauseRef& cause) noexcept;
  void finish_report(PaperOrder& o, ExecReport& r) noexcept;
  void close(TimeNs now, PaperOrder& o, ExecKind kind, ExecReason reason,
             const CauseRef& cause) noexcept;
  void count_closed(const PaperOrder& o) noexcept;
  void drop_closed(std::uint16_t i) noexcept;
  QtyLots reducible(std::uint16_t i, Side side) const noexcept;
  bool only_reduces(const PaperOrder& o) const noexcept;
  void settle_markouts(TimeNs now) noexcept;
  void settle_markout(const PendingMarkout& m, bool five_seconds) noexcept;

  // paper_margin.cpp: rule 12
  void mind_margin(TimeNs now, std::uint16_t i) noexcept;
  void liquidate_exhausted(TimeNs now) noexcept;
  void cancel_for_liquidation(TimeNs now, std::uint16_t i, const CauseRef& cause) noexcept;
  void liquidate(TimeNs now, std::uint16_t i, const CauseRef& cause) noexcept;

  std::vector<Instrument> instruments_;
  std::vector<std::vector<FundingEntry>> funding_entries_;
  std::vector<std::int64_t> latency_table_ns_;
  std::vector<std::uint16_t> market_ring_ids_;
  std::int64_t latency_ns_;
  std::int64_t least_latency_ns_;
  std::uint64_t latency_seed_;
  QueueModel model_;
  InvalidBookReduce invalid_book_reduce_;
  std::uint16_t orders_ring_id_;
  std::int64_t liquidation_fee_e8_;
  std::size_t resting_max_;
  std::size_t turn_room_;  // reports that one arrival or market message can cause at most

  std::vector<Book> books_;
  DelayQueue in_flight_;
  Outbox outbox_;
  SeenIds seen_;
  MarkoutQueue after_1s_;
  MarkoutQueue after_5s_;
  Margin margin_;
  ExecCounters counters_;
  CauseRef input_;  // the message being handled
  std::size_t resting_count_ = 0;
  std::uint64_t venue_order_ids_ = 0;
  std::uint64_t exec_ids_ = 0;
};

}  // namespace pinstripe
