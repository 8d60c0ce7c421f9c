// L2 order book in integer ticks and lots: two sorted arrays, the best level at the back.
//
// Most changes fall within a few levels of the touch, so they move a few elements at the back;
// memory is taken once. A level beyond the capacity falls off the far end (counted, never silent).
// PERF NOTE: `set` first looks at the last kNear levels one by one, then by binary search.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/base/units.h"

namespace pinstripe {

struct BookLevel {
  PriceTicks price;
  QtyLots qty;
  friend bool operator==(const BookLevel&, const BookLevel&) = default;
};

/// One side. `kSide` decides the order: bids rise towards the back, asks fall towards the back.
template <Side kSide>
class BookSide {
 public:
  explicit BookSide(std::size_t capacity) : capacity_(capacity) {
    PINSTRIPE_CHECK(capacity > 0, "book side needs room");
    levels_.reserve(capacity);
  }

  /// Sets the absolute quantity at `price`; 0 removes. Returns the quantity that stood there
  /// before.
  QtyLots set(PriceTicks price, QtyLots qty) noexcept {
    const std::size_t at = position_of(price);
    if (at < levels_.size() && levels_[at].price == price) {
      const QtyLots old = levels_[at].qty;
      if (qty.value == 0) {
        levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        levels_[at].qty = qty;
      }
      return old;
    }
    if (qty.value != 0) insert_at(at, BookLevel{price, qty});
    return QtyLots(0);
  }

  /// Quantity at `price`, 0 where there is none.
  QtyLots qty_at(PriceTicks price) const noexcept {
    const std::size_t at = position_of(price);
    return at < levels_.size() && levels_[at].price == price ? levels_[at].qty : QtyLots(0);
  }
  bool empty() const noexcept { return levels_.empty(); }
  std::size_t size() const noexcept { return levels_.size(); }
  /// Level i counted from the best (0). The caller has checked i < size().
  const BookLevel& level(std::size_t i) const noexcept { return levels_[levels_.size() - 1 - i]; }
  const BookLevel& best() const noexcept { return levels_.back(); }
  /// Removes the best level and returns it.
  BookLevel pop_best() noexcept {
    const BookLevel l = levels_.back();
    levels_.pop_back();
    return l;
  }
  void clear() noexcept { levels_.clear(); }
  /// Levels from the worst (front) to the best (back).
  std::span<const BookLevel> worst_to_best() const noexcept { return levels_; }
  /// How many levels fell off the far end because the capacity was reached.
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// True when `a` is a better price than `b` on this side.
  static constexpr bool better(PriceTicks a, PriceTicks b) noexcept {
    return kSide == Side::kBuy ? a > b : a < b;
  }

  void save(StateWriter& w) const noexcept {
    w.u64(levels_.size());
    for (const BookLevel& l : levels_) {
      w.unit(l.price);
      w.unit(l.qty);
    }
    w.u64(dropped_);
  }
  /// False where the saved side does not fit the capacity or is out of order.
  bool load(StateReader& r) {
    const std::uint64_t n = r.u64();
    if (n > capacity_) return false;
    levels_.clear();
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto price = r.unit<PriceTicks>();
      const auto qty = r.unit<QtyLots>();
      if (!levels_.empty() && !better(price, levels_.back().price)) return false;
      levels_.push_back({price, qty});
    }
    dropped_ = r.u64();
    return !r.failed();
  }

 private:
  static constexpr std::size_t kNear = 8;

  /// Index of `price`, or where it belongs: the first level that is not worse.
  std::size_t position_of(PriceTicks price) const noexcept {
    std::size_t at = levels_.size();
    const std::size_t stop = at > kNear ? at - kNear : 0;
    while (at > stop && !better(price, levels_[at - 1].price)) --at;
    if (at > stop || stop == 0) return at;
    const auto first = levels_.begin();
    const auto found = std::lower_bound(
        first, first + static_cast<std::ptrdiff_t>(stop), price,
        [](const BookLevel& l, PriceTicks p) { return better(p, l.price); });
    return static_cast<std::size_t>(found - first);
  }

  void insert_at(std::size_t at, const BookLevel& level) noexcept {
    if (levels_.size() == capacity_) [[unlikely]] {
      ++dropped_;
      if (at == 0) return;  // worse than everything kept
      levels_.erase(levels_.begin());
      --at;
    }
    levels_.insert(levels_.begin() + static_cast<std::ptrdiff_t>(at), level);
  }

  std::vector<BookLevel> levels_;
  std::size_t capacity_;
  std::uint64_t dropped_ = 0;
};

/// Both sides of one instrument's book.
struct OrderBook {
  explicit OrderBook(std::size_t capacity_per_side)
      : bids(capacity_per_side), asks(capacity_per_side) {}

  QtyLots set(Side side, PriceTicks price, QtyLots qty) noexcept {
    return side == Side::kBuy ? bids.set(price, qty) : asks.set(price, qty);
  }
  QtyLots qty_at(Side side, PriceTicks price) const noexcept {
    return side == Side::kBuy ? bids.qty_at(price) : asks.qty_at(price);
  }
  bool two_sided() const noexcept { return !bids.empty() && !asks.empty(); }
  bool crossed() const noexcept { return two_sided() && bids.best().price >= asks.best().price; }
  void clear() noexcept { bids.clear(); asks.clear(); }
  void save(StateWriter& w) const noexcept { bids.save(w); asks.save(w); }
  bool load(StateReader& r) { return bids.load(r) && asks.load(r); }

  BookSide<Side::kBuy> bids;
  BookSide<Side::kSell> asks;
};

}  // namespace pinstripe
