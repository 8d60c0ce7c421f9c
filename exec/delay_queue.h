// Order commands on their way to the venue: bounded, in memory taken once.
//
// Requests travel over one connection and so arrive in the order sent: a request's arrival is never
// before its predecessor's, however short the latency drawn for it. Hence a plain
// first-in-first-out.
#pragma once

#include <cstddef>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/msg/order_command.h"

namespace pinstripe {

class DelayQueue {
 public:
  explicit DelayQueue(std::size_t capacity) : entries_(capacity) {
    PINSTRIPE_CHECK(capacity > 0, "the delay queue needs room");
  }

  bool full() const noexcept { return tail_ - head_ == entries_.size(); }
  bool empty() const noexcept { return tail_ == head_; }
  std::size_t size() const noexcept { return tail_ - head_; }

  /// The caller has looked at `full`. The command's measurement stamps are the machine's, not the
  /// session's: kept, they would stand in the checkpoint and in the state hash. Its slot word
  /// stays, being its number on the ring.
  void push(TimeNs due, const OrderCommand& command) noexcept {
    last_due_ = due > last_due_ ? due : last_due_;
    Entry& e = entries_[tail_++ % entries_.size()];
    e = {last_due_, command};
    e.command.h.publish_ticks = 0;
    e.command.h.origin_ticks = 0;
  }
  TimeNs next_due() const noexcept { return empty() ? TimeNs::max() : front().due; }
  const OrderCommand& next() const noexcept { return front().command; }
  void pop() noexcept { ++head_; }

  void save(StateWriter& w) const noexcept {
    w.unit(last_due_);
    w.u64(size());
    for (std::size_t i = head_; i != tail_; ++i) {
      const Entry& e = entries_[i % entries_.size()];
      w.unit(e.due);
      w.bytes(&e.command, sizeof(OrderCommand));
    }
  }
  /// False where the saved queue does not fit.
  bool load(StateReader& r) {
    last_due_ = r.unit<TimeNs>();
    const std::uint64_t n = r.u64();
    if (n > entries_.size()) return false;
    head_ = 0;
    tail_ = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      Entry& e = entries_[tail_++];
      e.due = r.unit<TimeNs>();
      r.bytes(&e.command, sizeof(OrderCommand));
    }
    return !r.failed();
  }

 private:
  struct Entry {
    TimeNs due;
    OrderCommand command;
  };
  const Entry& front() const noexcept { return entries_[head_ % entries_.size()]; }

  std::vector<Entry> entries_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  TimeNs last_due_{TimeNs::min()};
};

}  // namespace pinstripe
