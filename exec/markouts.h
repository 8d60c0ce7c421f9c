// Where the mid went after each fill: 1 s and 5 s later, in our favour positive.
//
// A markout is settled by the first input after its instant, with the mid as it stood at the
// instant, so no timer is needed; the last seconds of a run, and instants at which the book was not
// valid, stay unknown and are counted as such.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/base/state_io.h"
#include "shm/base/units.h"

namespace pinstripe {

inline constexpr std::int64_t kMarkout1sNs = 1 * kNsPerSecond;
inline constexpr std::int64_t kMarkout5sNs = 5 * kNsPerSecond;

struct PendingMarkout {
  TimeNs due;
  std::int64_t mid_twice_ticks = 0;  // at the fill, > 0
  std::uint32_t instrument = 0;
  Side side = Side::kBuy;
  bool maker = false;
};

/// Move of the mid from `before` to `after` (both twice the mid, > 0) in favour of `side`, in bps x
/// 1e6, rounded towards zero.
constexpr std::int64_t move_bps_e6(Side side, std::int64_t before, std::int64_t after) noexcept {
  const auto change = static_cast<__int128>(after - before) * sign_of(side);
  return static_cast<std::int64_t>(change * 10'000 * 1'000'000 / before);
}

/// Fills waiting for one horizon; due times rise because fills come in time order.
class MarkoutQueue {
 public:
  explicit MarkoutQueue(std::size_t capacity) : entries_(capacity) {}

  bool full() const noexcept { return tail_ - head_ == entries_.size(); }
  bool empty() const noexcept { return tail_ == head_; }
  void push(const PendingMarkout& m) noexcept { entries_[tail_++ % entries_.size()] = m; }
  const PendingMarkout& front() const noexcept { return entries_[head_ % entries_.size()]; }
  void pop() noexcept { ++head_; }
  bool due_before(TimeNs now) const noexcept { return !empty() && front().due < now; }
  std::size_t size() const noexcept { return tail_ - head_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  std::vector<PendingMarkout> entries_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace pinstripe
