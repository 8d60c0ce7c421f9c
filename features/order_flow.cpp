#include "features/order_flow.h"

#include <algorithm>

namespace pinstripe {
namespace {

/// One level's event: what came to it, or left it, counted positive for more interest on that side.
std::int64_t level_event(const BookLevel& before, const BookLevel& after, bool rose_is_better) {
  if (before.price == after.price) return after.qty.value - before.qty.value;
  const bool better = rose_is_better ? after.price > before.price : after.price < before.price;
  return better ? after.qty.value : -before.qty.value;
}

/// The best levels; a missing one stands at the worst price there is with no quantity.
template <class BookSideT>
std::array<BookLevel, kFlowLevels> best_levels(const BookSideT& side, PriceTicks worst) noexcept {
  std::array<BookLevel, kFlowLevels> levels;
  const std::size_t n = side.best_into(levels.data(), kFlowLevels);
  for (std::size_t i = n; i < kFlowLevels; ++i) levels[i] = BookLevel{worst, QtyLots(0)};
  return levels;
}

}  // namespace

void FlowSums::add(const FlowEntry& e, std::int64_t factor) noexcept {
  count += factor;
  ofi_1 += factor * e.ofi_1;
  ofi_5 += factor * e.ofi_5;
  bid_change += factor * e.bid_change;
  ask_change += factor * e.ask_change;
  bid_lots += factor * e.bid_lots;
  ask_lots += factor * e.ask_lots;
  depth_5 += factor * e.depth_5;
}

void OrderFlow::advance(std::int64_t now_ns) noexcept {
  for (std::size_t i = 0; i < kWindowCount; ++i) {
    FlowSums& w = windows_[i];
    while (w.tail < ring_.end() && ring_.at(w.tail).time_ns <= now_ns - kSpanNs[i]) {
      w.add(ring_.at(w.tail++), -1);
    }
  }
  ring_.drop_before(windows_[k5s].tail);
}

void OrderFlow::add(std::int64_t now_ns, const OrderBook& book) noexcept {
  const Levels bids = best_levels(book.bids, PriceTicks::min());
  const Levels asks = best_levels(book.asks, PriceTicks::max());
  if (!started_) {
    started_ = true;
    start_ns_ = now_ns;
    bids_ = bids;
    asks_ = asks;
    return;
  }
  FlowEntry e;
  e.time_ns = now_ns;
  for (std::size_t i = 0; i < kFlowLevels; ++i) {
    e.ofi_5 += level_event(bids_[i], bids[i], true) - level_event(asks_[i], asks[i], false);
    e.depth_5 += bids[i].qty.value + asks[i].qty.value;
    if (i == 0) e.ofi_1 = e.ofi_5;
  }
  if (bids_[0].price == bids[0].price) e.bid_change = (bids[0].qty - bids_[0].qty).value;
  if (asks_[0].price == asks[0].price) e.ask_change = (asks[0].qty - asks_[0].qty).value;
  e.bid_lots = bids[0].qty.value;
  e.ask_lots = asks[0].qty.value;
  bids_ = bids;
  asks_ = asks;
  if (ring_.full()) [[unlikely]] {
    for (FlowSums& w : windows_) {
      if (w.tail == ring_.begin()) w.add(ring_.at(w.tail++), -1);
    }
    ring_.drop_before(ring_.begin() + 1);
    ++overflows_;
  }
  ring_.push(e);
  for (FlowSums& w : windows_) w.add(e, 1);
}

void OrderFlow::restart() noexcept {
  if (!started_) return;
  started_ = false;
  start_ns_ = 0;
  bids_ = asks_ = Levels{};
  ring_.clear();
  for (FlowSums& w : windows_) {
    w = FlowSums{};
    w.tail = ring_.end();
  }
}

void OrderFlow::save(StateWriter& w) const noexcept {
  ring_.save(w);
  for (const FlowSums& s : windows_) w.u64(s.tail);
  w.boolean(started_);
  w.i64(start_ns_);
  w.i64(overflows_);
  for (const Levels* side : {&bids_, &asks_}) {
    for (const BookLevel& l : *side) {
      w.unit(l.price);
      w.unit(l.qty);
    }
  }
}

bool OrderFlow::load(StateReader& r) noexcept {
  if (!ring_.load(r)) return false;
  for (FlowSums& s : windows_) {
    s = FlowSums{};
    s.tail = r.u64();
    if (s.tail < ring_.begin() || s.tail > ring_.end()) return false;
    for (std::uint64_t n = s.tail; n != ring_.end(); ++n) s.add(ring_.at(n), 1);
  }
  started_ = r.boolean();
  start_ns_ = r.i64();
  overflows_ = r.i64();
  for (Levels* side : {&bids_, &asks_}) {
    for (BookLevel& l : *side) {
      l.price = r.unit<PriceTicks>();
      l.qty = r.unit<QtyLots>();
    }
  }
  return !r.failed();
}

}  // namespace pinstripe
