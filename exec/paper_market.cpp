#include "exec/paper_market.h"

namespace pinstripe {

PaperMarket::PaperMarket(std::size_t levels_max, std::size_t consumed_max) : book_(levels_max) {
  consumed_.reserve(consumed_max);
}

QtyLots PaperMarket::set_level(Side side, PriceTicks price, QtyLots qty) noexcept {
  const QtyLots before = book_.set(side, price, qty);
  // A level sent again with the same quantity has not changed: what we took stays taken.
  if (!consumed_.empty() && before != qty) [[unlikely]] give_back(side, price);
  return before;
}

bool PaperMarket::set_state(BookState state, bool fresh) noexcept {
  const bool was = state_ == BookState::kValid;
  state_ = state;
  if (fresh) {
    book_.clear();
    consumed_.clear();
  }
  return was != (state == BookState::kValid);
}

PriceTicks PaperMarket::best_available(Side side) const noexcept {
  const std::size_t n = depth(side);
  for (std::size_t i = 0; i < n; ++i) {
    const BookLevel l = level(side, i);
    if (available(side, l).value > 0) return l.price;
  }
  return PriceTicks(0);
}

void PaperMarket::consume(Side side, PriceTicks price, QtyLots qty) noexcept {
  for (Consumed& c : consumed_) {
    if (c.side == side && c.price == price) {
      c.qty += qty;
      return;
    }
  }
  // Full only where consumed levels fell off the far end of the book; the oldest is forgotten.
  if (consumed_.size() == consumed_.capacity()) [[unlikely]] consumed_.erase(consumed_.begin());
  consumed_.push_back({price, qty, side});
}

QtyLots PaperMarket::consumed_at(Side side, PriceTicks price) const noexcept {
  for (const Consumed& c : consumed_) {
    if (c.side == side && c.price == price) return c.qty;
  }
  return QtyLots(0);
}

void PaperMarket::give_back(Side side, PriceTicks price) noexcept {
  for (std::size_t i = 0; i < consumed_.size(); ++i) {
    if (consumed_[i].side != side || consumed_[i].price != price) continue;
    consumed_.erase(consumed_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void PaperMarket::save(StateWriter& w) const noexcept {
  book_.save(w);
  w.u64(consumed_.size());
  for (const Consumed& c : consumed_) {
    w.u64(static_cast<std::uint64_t>(c.side));
    w.unit(c.price);
    w.unit(c.qty);
  }
  w.u64(static_cast<std::uint64_t>(state_));
  w.i64(mark_e8);
  w.u64(last.seq);
  w.u64(last.ring);
  w.u64(last.lane);
  w.unit(last.origin_ns);
  w.i64(last.venue_offset_us);
}

bool PaperMarket::load(StateReader& r) {
  if (!book_.load(r)) return false;
  const std::uint64_t n = r.u64();
  if (n > consumed_.capacity()) return false;
  consumed_.clear();
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto side = static_cast<Side>(r.u64());
    const auto price = r.unit<PriceTicks>();
    consumed_.push_back({price, r.unit<QtyLots>(), side});
  }
  state_ = static_cast<BookState>(r.u64());
  mark_e8 = r.i64();
  last.seq = static_cast<std::uint32_t>(r.u64());
  last.ring = static_cast<std::uint16_t>(r.u64());
  last.lane = static_cast<std::uint16_t>(r.u64());
  last.origin_ns = r.unit<TimeNs>();
  last.venue_offset_us = static_cast<std::int32_t>(r.i64());
  return !r.failed();
}

}  // namespace pinstripe
