// One side of an L2 order book in integer ticks and lots: the levels near the touch in a window of
// ticks, one place a tick, those beyond it in sorted blocks (far_levels.h).
//
// A change in the window is one load and one store, wherever it lies; bits say which ticks hold a
// level, and lead from one level to the next. The window is a ring: when the touch walks away it
// moves on by whole groups, and only the levels at its edges go from one part to the other. Memory
// is taken once. Where a level lies depends on the past, and nothing that a caller sees does. A
// level beyond the capacity falls off the far end (counted, never silent).
//
// PERF NOTE: `set` in the window takes no branch on whether a level comes, goes or changes: no
// processor foresees it. What each step needs is loaded without waiting for another load, so the
// levels of one update overlap.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/base/units.h"
#include "shm/market/far_levels.h"

namespace pinstripe {

/// `kSide` decides the order: the best bid is the highest, the best ask the lowest.
template <Side kSide>
class BookSide {
 public:
  explicit BookSide(std::size_t capacity)
      : capacity_(capacity), near_(kWindow), far_(capacity + 1) {
    PINSTRIPE_CHECK(capacity > 0, "book side needs room");
  }

  /// Sets the absolute quantity at `price`; 0 removes. Returns the quantity that stood there
  /// before.
  QtyLots set(PriceTicks price, QtyLots qty) noexcept {
    const std::int64_t key = key_of(price);
    if (!in_window(key)) [[unlikely]] return set_outside(key, qty);
    const QtyLots before = put(key, qty);
    const bool moves_best = key > best_key_ ? qty.value != 0 : key == best_key_ && qty.value == 0;
    if (moves_best) [[unlikely]] move_best(key, qty);
    if (size() > capacity_) [[unlikely]] drop_worst();
    return before;
  }

  /// Quantity at `price`, 0 where there is none.
  QtyLots qty_at(PriceTicks price) const noexcept {
    const std::int64_t key = key_of(price);
    return in_window(key) ? near_[slot_of(key)] : far_.qty_at(price);
  }
  bool empty() const noexcept { return near_count_ == 0; }
  std::size_t size() const noexcept { return near_count_ + far_.size(); }
  /// Level i counted from the best (0). The caller has checked i < size().
  BookLevel level(std::size_t i) const noexcept {
    if (i >= near_count_) return far_.level(i - near_count_);
    std::int64_t word = best_key_ >> 6;
    std::uint64_t bits = bits_of(word);
    for (auto n = static_cast<std::size_t>(std::popcount(bits)); i >= n;
         n = static_cast<std::size_t>(std::popcount(bits))) {
      i -= n;
      word = word_below(word);
      bits = bits_of(word);
    }
    for (; i > 0; --i) bits ^= top_bit(bits);
    return level_of((word << 6) + top_index(bits));
  }
  /// The best min(n, size()) levels into `out`, the best first; gives how many.
  std::size_t best_into(BookLevel* out, std::size_t n) const noexcept {
    const std::size_t near = std::min(n, near_count_);
    std::int64_t word = best_key_ >> 6;
    for (std::size_t have = 0; have < near;) {
      std::uint64_t bits = bits_of(word);
      for (; bits != 0 && have < near; bits ^= top_bit(bits)) {
        out[have++] = level_of((word << 6) + top_index(bits));
      }
      if (have < near) word = word_below(word);
    }
    return near + (near < n ? far_.best_into(out + near, n - near) : 0);
  }
  /// The best level; there is one.
  BookLevel best() const noexcept { return level_of(best_key_); }
  void clear() noexcept {
    each_near([this](std::int64_t key) { near_[slot_of(key)] = QtyLots(0); });
    bits_.fill(0);
    groups_.fill(0);
    near_count_ = 0;
    best_key_ = kNone;
    far_.clear();
  }
  /// Calls `each` with every level, from the worst to the best.
  template <class Each>
  void from_worst(Each&& each) const {
    far_.from_worst(each);
    each_near([&](std::int64_t key) { each(level_of(key)); });
  }
  /// How many levels fell off the far end because the capacity was reached.
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// True when `a` is a better price than `b` on this side.
  static constexpr bool better(PriceTicks a, PriceTicks b) noexcept {
    return FarLevels<kSide>::better(a, b);
  }

  void save(StateWriter& w) const noexcept {
    w.u64(size());
    from_worst([&](const BookLevel& l) {
      w.unit(l.price);
      w.unit(l.qty);
    });
    w.u64(dropped_);
  }
  /// False where the saved side does not fit the capacity or is out of order.
  bool load(StateReader& r) {
    const std::uint64_t n = r.u64();
    if (n > capacity_) return false;
    clear();
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto price = r.unit<PriceTicks>();
      const auto qty = r.unit<QtyLots>();
      if (r.failed() || qty.value == 0) return false;
      if (!empty() && !better(price, best().price)) return false;
      set(price, qty);
    }
    dropped_ = r.u64();
    return !r.failed();
  }

 private:
  // A key grows towards the better price: the price of a bid, minus the price of an ask. Keys of
  // the window are [base_, base_ + kWindow), base_ a multiple of kGroup; all others lie below.
  static constexpr std::int64_t kGroup = 4'096;           // ticks: 64 words of 64 bits
  static constexpr std::int64_t kGroups = 4;              // a power of two
  static constexpr std::int64_t kWindow = kGroup * kGroups;
  static constexpr std::int64_t kWords = kWindow / 64;
  static constexpr std::int64_t kBestIn = kGroups - 2;  // group of the best where the window moved
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  static std::int64_t key_of(PriceTicks price) noexcept {
    return kSide == Side::kBuy ? price.value : -price.value;
  }
  static PriceTicks price_of(std::int64_t key) noexcept {
    return PriceTicks(kSide == Side::kBuy ? key : -key);
  }
  static std::size_t slot_of(std::int64_t key) noexcept {
    return static_cast<std::size_t>(key & (kWindow - 1));
  }
  static std::size_t word_slot(std::int64_t word) noexcept {
    return static_cast<std::size_t>(word & (kWords - 1));
  }
  static std::size_t group_slot(std::int64_t group) noexcept {
    return static_cast<std::size_t>(group & (kGroups - 1));
  }
  static std::int64_t top_index(std::uint64_t bits) noexcept { return 63 - std::countl_zero(bits); }
  static std::uint64_t top_bit(std::uint64_t bits) noexcept {
    return std::uint64_t{1} << top_index(bits);
  }
  bool in_window(std::int64_t key) const noexcept {
    return static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(base_) <
           static_cast<std::uint64_t>(kWindow);
  }
  std::uint64_t bits_of(std::int64_t word) const noexcept { return bits_[word_slot(word)]; }
  BookLevel level_of(std::int64_t key) const noexcept {
    return {price_of(key), near_[slot_of(key)]};
  }

  /// The quantity at a key of the window, and its bits; the best key is the caller's.
  QtyLots put(std::int64_t key, QtyLots qty) noexcept {
    QtyLots& at = near_[slot_of(key)];
    const QtyLots before = at;
    at = qty;
    const std::int64_t word = key >> 6;
    std::uint64_t& bits = bits_[word_slot(word)];
    std::uint64_t& group = groups_[group_slot(word >> 6)];
    const auto there = static_cast<std::uint64_t>(qty.value != 0);
    bits = (bits & ~(std::uint64_t{1} << (key & 63))) | there << (key & 63);
    group = (group & ~(std::uint64_t{1} << (word & 63))) |
            static_cast<std::uint64_t>(bits != 0) << (word & 63);
    near_count_ += there - static_cast<std::uint64_t>(before.value != 0);
    return before;
  }
  /// The next word below `word` that holds a level; there is one.
  std::int64_t word_below(std::int64_t word) const noexcept {
    std::int64_t group = word >> 6;
    const std::uint64_t lower = (std::uint64_t{1} << (word & 63)) - 1;
    std::uint64_t words = groups_[group_slot(group)] & lower;
    while (words == 0) words = groups_[group_slot(--group)];
    return (group << 6) + top_index(words);
  }
  /// The worst key of the window that holds a level; there is one.
  std::int64_t worst_near() const noexcept {
    std::int64_t group = base_ / kGroup;
    while (groups_[group_slot(group)] == 0) ++group;
    const std::int64_t word = (group << 6) + std::countr_zero(groups_[group_slot(group)]);
    return (word << 6) + std::countr_zero(bits_of(word));
  }
  /// Calls `each` with every key of the window below `end` that holds a level, from the worst on.
  template <class Each>
  void each_near(Each&& each, std::int64_t end = std::numeric_limits<std::int64_t>::max()) const {
    for (std::int64_t g = base_ / kGroup; g < base_ / kGroup + kGroups && g * kGroup < end; ++g) {
      for (std::uint64_t words = groups_[group_slot(g)]; words != 0; words &= words - 1) {
        const std::int64_t word = (g << 6) + std::countr_zero(words);
        for (std::uint64_t bits = bits_of(word); bits != 0; bits &= bits - 1) {
          each((word << 6) + std::countr_zero(bits));
        }
      }
    }
  }

  /// A key that is not in the window: better than all of it, or far.
  [[gnu::noinline]] QtyLots set_outside(std::int64_t key, QtyLots qty) noexcept {
    if (key > base_ || near_count_ == 0) {
      if (qty.value == 0) return QtyLots(0);
      move_window(key);
      return set(price_of(key), qty);
    }
    const QtyLots before = far_.set(price_of(key), qty);
    if (size() > capacity_) [[unlikely]] drop_worst();
    return before;
  }
  /// The best level came or went; the bits say so already.
  [[gnu::noinline]] void move_best(std::int64_t key, QtyLots qty) noexcept {
    if (qty.value != 0) {
      best_key_ = key;
      return;
    }
    if (near_count_ == 0) {
      best_key_ = kNone;
      if (!far_.empty()) move_window(key_of(far_.best().price));
      return;
    }
    const std::int64_t word = key >> 6;
    const std::int64_t in = bits_of(word) != 0 ? word : word_below(word);
    best_key_ = (in << 6) + top_index(bits_of(in));
    if (best_key_ < base_ + kBestIn * kGroup && !far_.empty()) move_window(best_key_);
  }
  /// Moves the window so that `key`, which no level is better than, lies in its group kBestIn.
  [[gnu::noinline]] void move_window(std::int64_t key) noexcept {
    static_assert(kGroup == 1 << 12);
    const std::int64_t base = ((key >> 12) - kBestIn) << 12;
    each_near([this](std::int64_t k) { leave_window(k); }, base);
    base_ = base;
    while (!far_.empty() && key_of(far_.best().price) >= base_) {
      const BookLevel level = far_.best();
      far_.pop_best();
      put(key_of(level.price), level.qty);
      best_key_ = std::max(best_key_, key_of(level.price));
    }
  }
  void leave_window(std::int64_t key) noexcept {
    far_.push_best({price_of(key), near_[slot_of(key)]});
    put(key, QtyLots(0));
    if (near_count_ == 0) best_key_ = kNone;
  }
  [[gnu::noinline]] void drop_worst() noexcept {
    ++dropped_;
    if (!far_.empty()) return far_.pop_worst();
    const std::int64_t worst = worst_near();
    put(worst, QtyLots(0));
    if (worst == best_key_) move_best(worst, QtyLots(0));
  }

  std::size_t capacity_;
  std::int64_t base_ = 0;
  std::int64_t best_key_ = kNone;
  std::uint64_t near_count_ = 0;               // levels in the window; 0: none anywhere
  std::vector<QtyLots> near_;                  // by key modulo kWindow; 0: no level
  std::array<std::uint64_t, kWords> bits_{};   // ticks that hold a level
  std::array<std::uint64_t, kGroups> groups_{};  // words that hold one
  FarLevels<kSide> far_;
  std::uint64_t dropped_ = 0;
};

}  // namespace pinstripe
