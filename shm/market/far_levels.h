// Levels far from the touch on one side of a book: sorted blocks, the best at the back of the last.
//
// Depth updates reach far from the touch: in one sorted array each new level there would move
// everything nearer. In blocks it moves a part of one. Memory is taken once, and how the levels lie
// in the blocks changes nothing that a caller sees.
//
// PERF NOTE: `set` searches by quarters, over the blocks and then in one: three loads at a time, no
// branch, since where a level lies no processor foresees. A full block is split; a sparse one goes
// into a neighbour that has room. So of two neighbours one holds kSparse levels at least, which
// bounds how many blocks there are.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/units.h"

namespace pinstripe {

struct BookLevel {
  PriceTicks price;
  QtyLots qty;
  friend bool operator==(const BookLevel&, const BookLevel&) = default;
};

/// `kSide` decides the order: bids rise towards the back, asks fall towards the back.
template <Side kSide>
class FarLevels {
 public:
  /// The caller keeps at most `capacity` levels here.
  explicit FarLevels(std::size_t capacity)
      : blocks_(capacity / (kSparse / 2) + 3) {
    order_.reserve(blocks_.size());
    worst_.reserve(blocks_.size());
    free_.reserve(blocks_.size());
    for (std::size_t i = blocks_.size(); i > 0; --i) {
      free_.push_back(static_cast<std::uint32_t>(i - 1));
    }
    add_block(0);
  }

  /// Sets the absolute quantity at `price`; 0 removes. Returns the quantity that stood there
  /// before.
  QtyLots set(PriceTicks price, QtyLots qty) noexcept {
    const Place at = place_of(price);
    if (at.found) {
      BookLevel& level = block(at.block).levels[at.index];
      const QtyLots old = level.qty;
      if (qty.value == 0) {
        erase(at);
      } else {
        level.qty = qty;
      }
      return old;
    }
    if (qty.value != 0) insert(at, BookLevel{price, qty});
    return QtyLots(0);
  }

  /// Quantity at `price`, 0 where there is none.
  QtyLots qty_at(PriceTicks price) const noexcept {
    const Place at = place_of(price);
    return at.found ? block(at.block).levels[at.index].qty : QtyLots(0);
  }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// Level i counted from the best (0). The caller has checked i < size().
  const BookLevel& level(std::size_t i) const noexcept {
    std::size_t b = order_.size() - 1;
    while (i >= block(b).count) i -= block(b--).count;
    return block(b).levels[block(b).count - 1 - i];
  }
  /// The best min(n, size()) levels into `out`, the best first; gives how many.
  std::size_t best_into(BookLevel* out, std::size_t n) const noexcept {
    std::size_t have = 0;
    for (std::size_t b = order_.size(); b > 0 && have < n; --b) {
      const Block& at = block(b - 1);
      for (std::uint32_t i = at.count; i > 0 && have < n; --i) out[have++] = at.levels[i - 1];
    }
    return have;
  }
  const BookLevel& best() const noexcept {
    const Block& last = block(order_.size() - 1);
    return last.levels[last.count - 1];
  }
  void clear() noexcept {
    for (const std::uint32_t used : order_) {
      blocks_[used].count = 0;
      free_.push_back(used);
    }
    order_.clear();
    worst_.clear();
    size_ = 0;
    add_block(0);
  }
  /// Calls `each` with every level, from the worst to the best.
  template <class Each>
  void from_worst(Each&& each) const {
    for (std::size_t b = 0; b < order_.size(); ++b) {
      const Block& at = block(b);
      for (std::uint32_t i = 0; i < at.count; ++i) each(at.levels[i]);
    }
  }
  /// Puts a level better than all others.
  void push_best(const BookLevel& level) noexcept {
    const std::size_t last = order_.size() - 1;
    insert({last, block(last).count, false}, level);
  }
  /// Takes the best level away; there is one.
  void pop_best() noexcept {
    const std::size_t last = order_.size() - 1;
    erase({last, block(last).count - 1, true});
  }
  /// Takes the worst level away; there is one.
  void pop_worst() noexcept { erase({0, 0, true}); }
  /// True when `a` is a better price than `b` on this side.
  static constexpr bool better(PriceTicks a, PriceTicks b) noexcept {
    return kSide == Side::kBuy ? a > b : a < b;
  }

 private:
  static constexpr std::uint32_t kBlock = 32;    // levels, eight lines
  static constexpr std::uint32_t kSparse = 12;   // fewer are joined with a neighbour
  static constexpr std::uint32_t kJoined = 24;   // if both together have at most this many

  struct Block {
    std::uint32_t count = 0;
    BookLevel levels[kBlock];  // from the worst to the best
  };
  /// Where a price stands, or belongs: before level `index` of the block at `block` in order_.
  struct Place {
    std::size_t block;
    std::uint32_t index;
    bool found;
  };

  Block& block(std::size_t at) noexcept { return blocks_[order_[at]]; }
  const Block& block(std::size_t at) const noexcept { return blocks_[order_[at]]; }

  Place place_of(PriceTicks price) const noexcept {
    const std::size_t b = block_of(price);
    const Block& in = block(b);
    return place_in(b, first_not_worse(in.levels, in.count, price), price);
  }
  Place place_in(std::size_t b, std::uint32_t at, PriceTicks price) const noexcept {
    const Block& in = block(b);
    return {b, at, at < in.count && in.levels[at].price == price};
  }
  /// The last block whose worst level is not better than `price`; the first where none is.
  std::size_t block_of(PriceTicks price) const noexcept {
    const PriceTicks* const worst = worst_.data();
    const std::size_t n = count_passing(worst_.size(), [&](std::size_t i) {
      return !better(worst[i], price);
    });
    return n - (n > 0 ? 1 : 0);
  }
  static std::uint32_t first_not_worse(const BookLevel* levels, std::uint32_t count,
                                       PriceTicks price) noexcept {
    return static_cast<std::uint32_t>(count_passing(
        count, [&](std::size_t i) { return better(price, levels[i].price); }));
  }
  /// How many of the first `n` places pass `test`; none passes behind one that does not.
  template <class Test>
  static std::size_t count_passing(std::size_t n, Test&& test) noexcept {
    std::size_t base = 0;
    while (n > 3) {
      const std::size_t quarter = n / 4;
      const auto passed = static_cast<std::size_t>(test(base + quarter - 1)) +
                          static_cast<std::size_t>(test(base + 2 * quarter - 1)) +
                          static_cast<std::size_t>(test(base + 3 * quarter - 1));
      base += quarter * passed;
      n -= 3 * quarter;
    }
    std::size_t more = 0;
    for (std::size_t i = 0; i < n; ++i) more += static_cast<std::size_t>(test(base + i));
    return base + more;
  }

  static void move(BookLevel* to, const BookLevel* from, std::size_t count) noexcept {
    std::memmove(static_cast<void*>(to), from, count * sizeof(BookLevel));
  }
  void add_block(std::size_t at) noexcept {
    PINSTRIPE_CHECK(!free_.empty(), "a book side has no block left");
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(at), free_.back());
    worst_.insert(worst_.begin() + static_cast<std::ptrdiff_t>(at), PriceTicks(0));
    free_.pop_back();
  }
  void remove_block(std::size_t at) noexcept {
    block(at).count = 0;
    free_.push_back(order_[at]);
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(at));
    worst_.erase(worst_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void insert(Place at, const BookLevel& level) noexcept {
    if (block(at.block).count == kBlock) [[unlikely]] at = split(at);
    Block& b = block(at.block);
    move(b.levels + at.index + 1, b.levels + at.index, b.count - at.index);
    b.levels[at.index] = level;
    ++b.count;
    ++size_;
    if (at.index == 0) worst_[at.block] = level.price;
  }
  /// Makes two blocks of a full one; gives the place again.
  [[gnu::noinline]] Place split(Place at) noexcept {
    add_block(at.block + 1);
    Block& low = block(at.block);
    Block& high = block(at.block + 1);
    low.count = kBlock / 2;
    high.count = kBlock - low.count;
    move(high.levels, low.levels + low.count, high.count);
    worst_[at.block + 1] = high.levels[0].price;
    if (at.index <= low.count) return at;
    return {at.block + 1, at.index - low.count, at.found};
  }

  void erase(Place at) noexcept {
    Block& b = block(at.block);
    --b.count;
    --size_;
    move(b.levels + at.index, b.levels + at.index + 1, b.count - at.index);
    if (at.index == 0 && b.count > 0) worst_[at.block] = b.levels[0].price;
    if (b.count < kSparse && order_.size() > 1) [[unlikely]] join(at.block);
  }
  /// A sparse block goes into a neighbour that has room for it, an empty one into any.
  [[gnu::noinline]] void join(std::size_t at) noexcept {
    const std::uint32_t count = block(at).count;
    if (at > 0 && (count == 0 || block(at - 1).count + count <= kJoined)) return pour(at);
    if (at + 1 == order_.size()) return;
    if (count == 0 || count + block(at + 1).count <= kJoined) pour(at + 1);
  }
  /// The block `at` behind the one before it.
  void pour(std::size_t at) noexcept {
    Block& to = block(at - 1);
    const Block& from = block(at);
    move(to.levels + to.count, from.levels, from.count);
    if (to.count == 0) worst_[at - 1] = worst_[at];
    to.count += from.count;
    remove_block(at);
  }

  std::size_t size_ = 0;
  std::vector<Block> blocks_;          // in no order
  std::vector<std::uint32_t> order_;   // their indices, from the worst to the best; never empty
  std::vector<PriceTicks> worst_;      // worst price of each, in that order
  std::vector<std::uint32_t> free_;
};

}  // namespace pinstripe
