// One book out of two clocks: depth updates and bookTickers, each with its update id `u`.
//
// The book shows what is known newest of every level. A ticker sets the touch and removes the
// levels that it proves gone; what the depth stream last said about those levels is kept aside with
// the ticker's id (an overlay entry), so that an older depth update changes only that record, and a
// newer one is again the truth. So an older event never brings a level back, and the plain depth
// book can be told at any time (`depth_touch`): whenever a depth update and a ticker have the same
// id, their touches must agree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "feed/out_queue.h"
#include "shm/base/hash.h"
#include "shm/base/state_io.h"
#include "shm/market/order_book.h"

namespace pinstripe {

struct Ticker {
  std::uint64_t id = 0;  // 0 = none yet
  BookLevel bid;
  BookLevel ask;
};

template <Side kSide>
class FusedSide {
 public:
  explicit FusedSide(std::size_t capacity) : book_(capacity) { overlay_.reserve(kOverlayMax); }

  /// Absolute levels as of `id`. `touch` is the newest ticker's where it is newer than `id`, else
  /// null.
  void apply_depth(std::uint64_t id, std::span<const BookLevel> levels, const BookLevel* touch,
                   std::uint64_t ticker_id, OutQueue& out) noexcept;
  /// The touch as a ticker newer than the depth states it.
  void apply_touch(const BookLevel& touch, std::uint64_t ticker_id, OutQueue& out) noexcept;
  /// Forgets all levels; what was overruled stays said.
  void clear() noexcept {
    book_.clear();
    overlay_.clear();
  }
  /// Fused best level; price 0, quantity 0 where there is none.
  BookLevel touch() const noexcept { return book_.empty() ? BookLevel{} : book_.best(); }
  /// Best level of the depth stream alone.
  BookLevel depth_touch() const noexcept;
  const BookSide<kSide>& levels() const noexcept { return book_; }
  std::size_t overlay_size() const noexcept { return overlay_.size(); }
  /// Statements of the depth stream that a newer ticker overruled, so far: how many, and a running
  /// hash of them.
  std::uint64_t overruled_count() const noexcept { return overruled_count_; }
  std::uint64_t overruled_hash() const noexcept { return overruled_.value(); }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  static constexpr std::size_t kOverlayMax = 1'024;
  static constexpr std::uint8_t kSideFlag = kSide == Side::kSell ? kFlagSell : 0;

  /// A level that a ticker newer than the depth has spoken about.
  struct Entry {
    PriceTicks price;
    QtyLots depth_qty;  // what the depth stream last said
    std::uint64_t ticker_id = 0;
  };
  Entry* find(PriceTicks price) noexcept;
  const Entry* find(PriceTicks price) const noexcept {
    return const_cast<FusedSide*>(this)->find(price);
  }
  void note(PriceTicks price, QtyLots depth_qty, std::uint64_t ticker_id) noexcept;
  void overrule(const BookLevel& said) noexcept {
    ++overruled_count_;
    overruled_.add(static_cast<std::uint64_t>(said.price.value));
    overruled_.add(static_cast<std::uint64_t>(said.qty.value));
  }
  void set(PriceTicks price, QtyLots qty, std::uint8_t flags, OutQueue& out) noexcept {
    if (book_.set(price, qty) != qty) {
      out.push(MsgType::kLevel, static_cast<std::uint8_t>(flags | kSideFlag), price.value,
          qty.value,
               kToFeatures | kToExec);
    }
  }
  void settle(std::uint64_t id, const BookLevel* touch, std::uint64_t ticker_id,
              OutQueue& out) noexcept;

  BookSide<kSide> book_;
  std::vector<Entry> overlay_;
  std::uint64_t overruled_count_ = 0;
  Hasher overruled_;
};

extern template class FusedSide<Side::kBuy>;
extern template class FusedSide<Side::kSell>;

class FusedBook {
 public:
  explicit FusedBook(std::size_t capacity_per_side) : bids(capacity_per_side),
      asks(capacity_per_side) {}

  /// Applies a depth update as of `id`; publishes what changed.
  void apply_depth(std::uint64_t id, std::span<const BookLevel> bid_levels,
                   std::span<const BookLevel> ask_levels, const Ticker& ticker,
                   OutQueue& out) noexcept {
    const bool newer = ticker.id > id;
    bids.apply_depth(id, bid_levels, newer ? &ticker.bid : nullptr, ticker.id, out);
    asks.apply_depth(id, ask_levels, newer ? &ticker.ask : nullptr, ticker.id, out);
  }
  /// Applies a ticker newer than every depth update so far.
  void apply_ticker(const Ticker& ticker, OutQueue& out) noexcept {
    bids.apply_touch(ticker.bid, ticker.id, out);
    asks.apply_touch(ticker.ask, ticker.id, out);
  }
  bool depth_crossed() const noexcept {
    const BookLevel bid = bids.depth_touch();
    const BookLevel ask = asks.depth_touch();
    return bid.qty.value != 0 && ask.qty.value != 0 && bid.price >= ask.price;
  }
  bool agrees_with(const Ticker& ticker) const noexcept {
    return bids.depth_touch() == ticker.bid && asks.depth_touch() == ticker.ask;
  }
  void clear() noexcept {
    bids.clear();
    asks.clear();
  }
  std::uint64_t overruled_count() const noexcept {
    return bids.overruled_count() + asks.overruled_count();
  }
  std::uint64_t overruled_hash() const noexcept {
    return hash_fold(bids.overruled_hash(), ~asks.overruled_hash());
  }
  void save(StateWriter& w) const noexcept {
    bids.save(w);
    asks.save(w);
  }
  bool load(StateReader& r) { return bids.load(r) && asks.load(r); }

  FusedSide<Side::kBuy> bids;
  FusedSide<Side::kSell> asks;
};

}  // namespace pinstripe
