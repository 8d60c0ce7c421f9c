// Order flow of the book in rolling event-time windows, all integers: order flow imbalance after
// Cont, Kukanov, Stoikov (2014), its multi-level form after Xu, Gould, Howison (2019), and queue
// changes.
#pragma once

#include <array>
#include <cstdint>

#include "features/event_ring.h"
#include "features/registry.h"
#include "shm/market/order_book.h"

namespace pinstripe {

/// What one complete update changed, in lots.
struct FlowEntry {
  std::int64_t time_ns = 0;
  std::int64_t ofi_1 = 0;        // level 1: bid event - ask event
  std::int64_t ofi_5 = 0;        // summed over the best 5 levels
  std::int64_t bid_change = 0;   // of the best bid's quantity where its price stayed
  std::int64_t ask_change = 0;
  std::int64_t bid_lots = 0;     // at the touch after the update
  std::int64_t ask_lots = 0;
  std::int64_t depth_5 = 0;      // best 5 levels, both sides
};

struct FlowSums {
  std::uint64_t tail = 0;
  std::int64_t count = 0;
  Int128 ofi_1 = 0, ofi_5 = 0, bid_change = 0, ask_change = 0;
  Int128 bid_lots = 0, ask_lots = 0, depth_5 = 0;

  void add(const FlowEntry& e, std::int64_t factor) noexcept;
};

class OrderFlow {
 public:
  enum Window : std::uint8_t { k1s, k5s, kWindowCount };
  static constexpr std::array<std::int64_t, kWindowCount> kSpanNs{kNsPerSecond, 5 * kNsPerSecond};

  explicit OrderFlow(std::uint32_t capacity) : ring_(capacity) {}

  void advance(std::int64_t now_ns) noexcept;
  /// After a complete update of a valid, two-sided book, and after `advance`.
  void add(std::int64_t now_ns, const OrderBook& book) noexcept;
  /// The book stopped being valid: what comes next cannot be compared with what was.
  void restart() noexcept;

  const FlowSums& sums(Window w) const noexcept { return windows_[w]; }
  /// True once the window lies wholly within one stretch of a valid book, and is not empty.
  bool known(Window w, std::int64_t now_ns) const noexcept {
    return started_ && now_ns - start_ns_ >= kSpanNs[w] && windows_[w].count > 0;
  }
  std::int64_t overflows() const noexcept { return overflows_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  using Levels = std::array<BookLevel, kFlowLevels>;

  EventRing<FlowEntry> ring_;
  std::array<FlowSums, kWindowCount> windows_{};
  Levels bids_{}, asks_{};  // the best levels after the last update; a missing one has no quantity
  bool started_ = false;
  std::int64_t start_ns_ = 0;
  std::int64_t overflows_ = 0;
};

}  // namespace pinstripe
