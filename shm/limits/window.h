// One window of one limit: how much was used, and when how much of it is free again.
//
// Rolling windows are cut into 64 parts. A part counts until the window has passed since the part's
// END, so the count covers any moment's true window: it may hold back one part (1/64) too long and
// never lets one request through too early. Clock intervals are counted by number; within `guard`
// of a border a request is charged to both intervals, since the venue's clock decides which it is.
#pragma once

#include <cstdint>

#include "shm/limits/rules.h"

namespace pinstripe {

/// The counts. Lies in shared memory: no pointers, all zero is a valid beginning.
struct LimitWindow {
  static constexpr std::int64_t kParts = 64;
  static constexpr std::int64_t kSlots = 72;  // parts that can be alive (66), and some to spare

  std::int64_t newest = 0;             // number of the newest part or interval
  std::uint32_t slots[kSlots] = {};    // part n lies at n % kSlots
};

/// How it counts; times in nanoseconds.
struct WindowShape {
  LimitCounting counting = LimitCounting::kRolling;
  std::int64_t window_ns = 0;
  std::int64_t guard_ns = 0;
};

/// Counts by shape. `now_ns` never falls below an earlier one (the ledger sees to it).
class WindowCount {
 public:
  WindowCount(LimitWindow& window, const WindowShape& shape) noexcept
      : window_(window), shape_(shape) {}

  /// The most that the venue can count against a request sent now.
  std::uint64_t used(std::int64_t now_ns) const noexcept;
  /// Counts `weight`, sent now.
  void charge(std::int64_t now_ns, std::uint64_t weight) noexcept;
  /// At least `used`, since the venue says so about a request sent at `sent_ns` and answered now.
  /// Says nothing where it is not known which interval was meant.
  void raise(std::int64_t sent_ns, std::int64_t now_ns, std::uint64_t used) noexcept;
  /// When at the earliest no more than `most` is used, if nothing more is charged; `now_ns` where
  /// that is so already.
  std::int64_t falls_to(std::int64_t now_ns, std::uint64_t most) const noexcept;
  /// Everything counted counts as of `now_ns`, where the clock has stepped back.
  void rebase(std::int64_t now_ns) noexcept;

 private:
  struct Range {
    std::int64_t first, last;  // parts or intervals that count, both included
  };
  std::int64_t slot_ns() const noexcept;
  std::int64_t span_ns() const noexcept { return shape_.window_ns + shape_.guard_ns; }
  Range counted(std::int64_t now_ns) const noexcept;
  std::uint64_t at(std::int64_t number) const noexcept;
  void advance(std::int64_t number) noexcept;
  void add(std::int64_t number, std::uint64_t weight) noexcept;

  LimitWindow& window_;
  const WindowShape shape_;
};

}  // namespace pinstripe
