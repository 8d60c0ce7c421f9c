// Orders that may still fill, and commands that wait for their first answer.
//
// What is known of an order is a function of the set of its reports: the largest stated cumulative
// quantity, whether any report was terminal, and the fills booked. So reports may come in any
// order: an order is finished when it is terminal and all stated fills were booked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/msg/exec_report.h"

namespace pinstripe {

struct WorkingOrder {
  std::uint64_t decision = 0;    // 0: free
  std::int64_t price_ticks = 0;
  std::int64_t qty_lots = 0;
  std::int64_t filled_lots = 0;  // fills booked here
  std::int64_t stated_lots = 0;  // largest cumulative quantity that a report stated
  std::int64_t sent_ns = 0;
  std::int64_t cancel_after_ns = 0;  // after a refused cancel: no other before this
  std::uint16_t instrument = kNoInstrument;
  Side side = Side::kBuy;
  Purpose purpose{};
  bool opens = false;
  bool passive = false;          // rests: may be cancelled
  bool terminal = false;
  bool unknown = false;          // fate unknown
  bool cancel_sent = false;      // a cancel is on its way

  /// What may still fill.
  std::int64_t leaves() const noexcept {
    const std::int64_t all = terminal ? stated_lots : qty_lots;
    return all > filled_lots ? all - filled_lots : 0;
  }
  bool may_cancel(std::int64_t now) const noexcept {
    return !cancel_sent && !terminal && now >= cancel_after_ns;
  }
  bool finished() const noexcept { return terminal && filled_lots >= stated_lots; }
};

/// Slot of an order = decision modulo capacity, so that finding it costs one look. A new order
/// whose slot is still taken uses the next decision number.
class OrderTable {
 public:
  explicit OrderTable(std::uint32_t capacity) : orders_(capacity), mask_(capacity - 1) {
    PINSTRIPE_CHECK(capacity > 1 && (capacity & mask_) == 0, "order memory must be a power of two");
  }
  bool full() const noexcept { return used_ == orders_.size(); }
  std::size_t used() const noexcept { return used_; }
  std::uint64_t last_decision() const noexcept { return last_decision_; }

  /// A fresh order; not to be called when full.
  WorkingOrder& add() noexcept {
    PINSTRIPE_CHECK(!full(), "no room for another working order");
    do ++last_decision_;
    while (orders_[last_decision_ & mask_].decision != 0);
    WorkingOrder& o = orders_[last_decision_ & mask_];
    o = WorkingOrder{};
    o.decision = last_decision_;
    ++used_;
    return o;
  }
  WorkingOrder* find(std::uint64_t decision) noexcept {
    if (decision == 0) return nullptr;
    WorkingOrder& o = orders_[decision & mask_];
    return o.decision == decision ? &o : nullptr;
  }
  const WorkingOrder* find(std::uint64_t decision) const noexcept {
    return const_cast<OrderTable*>(this)->find(decision);
  }
  void remove(WorkingOrder& o) noexcept {
    o = WorkingOrder{};
    --used_;
  }
  std::vector<WorkingOrder>& slots() noexcept { return orders_; }
  const std::vector<WorkingOrder>& slots() const noexcept { return orders_; }

  void save(StateWriter& w) const noexcept {
    w.u64(last_decision_);
    w.u64(used_);
    // By decision: the order of the slots depends on how many there are.
    std::uint64_t before = 0;
    for (std::size_t n = 0; n < used_; ++n) {
      const WorkingOrder& o = next_after(before);
      before = o.decision;
      w.u64(o.decision);
      for (const std::int64_t v : {o.price_ticks, o.qty_lots, o.filled_lots, o.stated_lots,
                                   o.sent_ns, o.cancel_after_ns}) {
        w.i64(v);
      }
      w.u64(o.instrument);
      w.u64(static_cast<std::uint64_t>(o.side));
      w.u64(static_cast<std::uint64_t>(o.purpose));
      for (const bool b : {o.opens, o.passive, o.terminal, o.unknown, o.cancel_sent}) w.boolean(b);
    }
  }
  bool load(StateReader& r) {
    std::fill(orders_.begin(), orders_.end(), WorkingOrder{});
    last_decision_ = r.u64();
    used_ = r.u64();
    if (used_ > orders_.size()) return false;
    for (std::size_t n = 0; n < used_ && !r.failed(); ++n) {
      const std::uint64_t decision = r.u64();
      WorkingOrder& o = orders_[decision & mask_];
      if (decision == 0 || decision > last_decision_ || o.decision != 0) return false;
      o.decision = decision;
      for (std::int64_t* v : {&o.price_ticks, &o.qty_lots, &o.filled_lots, &o.stated_lots,
                              &o.sent_ns, &o.cancel_after_ns}) {
        *v = r.i64();
      }
      o.instrument = static_cast<std::uint16_t>(r.u64());
      o.side = static_cast<Side>(r.u64());
      o.purpose = static_cast<Purpose>(r.u64());
      for (bool* b : {&o.opens, &o.passive, &o.terminal, &o.unknown, &o.cancel_sent}) {
        *b = r.boolean();
      }
    }
    return !r.failed();
  }

 private:
  /// The order with the least decision above `decision`; there is one.
  const WorkingOrder& next_after(std::uint64_t decision) const noexcept {
    const WorkingOrder* next = nullptr;
    for (const WorkingOrder& o : orders_) {
      if (o.decision <= decision) continue;
      if (next == nullptr || o.decision < next->decision) next = &o;
    }
    return *next;
  }

  std::vector<WorkingOrder> orders_;
  std::uint64_t mask_;
  std::uint64_t last_decision_ = 0;
  std::size_t used_ = 0;
};

/// Numbers of commands without a first answer, oldest first.
class InFlight {
 public:
  explicit InFlight(std::size_t capacity) { numbers_.reserve(capacity); }
  bool full() const noexcept { return numbers_.size() == numbers_.capacity(); }
  std::size_t size() const noexcept { return numbers_.size(); }
  void sent(std::uint64_t number) noexcept {
    PINSTRIPE_CHECK(!full(), "more commands in flight than reserved");
    numbers_.push_back(number);
  }
  /// Answers may repeat; only the first counts.
  void answered(std::uint64_t number) noexcept {
    const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), number);
    if (at != numbers_.end() && *at == number) numbers_.erase(at);
  }
  void save(StateWriter& w) const noexcept {
    w.u64(numbers_.size());
    for (const std::uint64_t n : numbers_) w.u64(n);
  }
  bool load(StateReader& r) {
    const std::uint64_t n = r.u64();
    if (n > numbers_.capacity()) return false;
    numbers_.clear();
    for (std::uint64_t k = 0; k < n; ++k) numbers_.push_back(r.u64());
    return !r.failed() && std::is_sorted(numbers_.begin(), numbers_.end());
  }

 private:
  std::vector<std::uint64_t> numbers_;
};

}  // namespace pinstripe
