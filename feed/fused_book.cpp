#include "feed/fused_book.h"

namespace pinstripe {

template <Side kSide>
typename FusedSide<kSide>::Entry* FusedSide<kSide>::find(PriceTicks price) noexcept {
  for (Entry& e : overlay_) {
    if (e.price == price) return &e;
  }
  return nullptr;
}

/// Remembers that a ticker spoke about `price`. Full: the oldest record goes, and the level then
/// counts as what the depth stream would say of it.
template <Side kSide>
void FusedSide<kSide>::note(PriceTicks price, QtyLots depth_qty, std::uint64_t ticker_id) noexcept {
  if (overlay_.size() == kOverlayMax) [[unlikely]] overlay_.erase(overlay_.begin());
  overlay_.push_back({price, depth_qty, ticker_id});
}

template <Side kSide>
void FusedSide<kSide>::apply_depth(std::uint64_t id, std::span<const BookLevel> levels,
                                   const BookLevel* touch, std::uint64_t ticker_id,
                                   OutQueue& out) noexcept {
  const bool has_overlay = !overlay_.empty();
  for (const BookLevel& l : levels) {
    if (has_overlay) {
      if (Entry* e = find(l.price)) {
        e->depth_qty = l.qty;
        overrule(l);
        continue;
      }
    }
    if (touch != nullptr && !BookSide<kSide>::better(touch->price, l.price)) {
      if (l.qty.value != 0) note(l.price, l.qty, ticker_id);  // the newer ticker knows better
      overrule(l);
      continue;
    }
    set(l.price, l.qty, 0, out);
  }
  if (has_overlay) settle(id, touch, ticker_id, out);
  if (touch != nullptr) apply_touch(*touch, ticker_id, out);
}

/// Records up to `id` have been overtaken: the depth stream's word counts again, unless the newest
/// ticker (`touch`) still rules out that price.
template <Side kSide>
void FusedSide<kSide>::settle(std::uint64_t id, const BookLevel* touch, std::uint64_t ticker_id,
                              OutQueue& out) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < overlay_.size(); ++i) {
    Entry e = overlay_[i];
    if (e.ticker_id <= id) {
      if (touch == nullptr || BookSide<kSide>::better(touch->price, e.price)) {
        set(e.price, e.depth_qty, 0, out);
        continue;
      }
      e.ticker_id = ticker_id;
    }
    overlay_[kept++] = e;
  }
  overlay_.resize(kept);
}

template <Side kSide>
void FusedSide<kSide>::apply_touch(const BookLevel& touch, std::uint64_t ticker_id,
                                   OutQueue& out) noexcept {
  while (!book_.empty() && BookSide<kSide>::better(book_.best().price, touch.price)) {
    const BookLevel gone = book_.best();
    if (Entry* e = find(gone.price)) {
      e->ticker_id = ticker_id;
    } else {
      note(gone.price, gone.qty, ticker_id);
    }
    set(gone.price, QtyLots(0), kFlagFromTicker, out);
  }
  if (Entry* e = find(touch.price)) {
    e->ticker_id = ticker_id;
  } else {
    note(touch.price, book_.qty_at(touch.price), ticker_id);
  }
  set(touch.price, touch.qty, kFlagFromTicker, out);
}

template <Side kSide>
BookLevel FusedSide<kSide>::depth_touch() const noexcept {
  BookLevel best{};
  for (std::size_t i = 0; i < book_.size(); ++i) {
    const BookLevel l = book_.level(i);
    if (!overlay_.empty() && find(l.price) != nullptr) continue;
    best = l;
    break;
  }
  for (const Entry& e : overlay_) {
    if (e.depth_qty.value == 0) continue;
    if (best.qty.value == 0 || BookSide<kSide>::better(e.price, best.price)) {
      best = {e.price, e.depth_qty};
    }
  }
  return best;
}

template <Side kSide>
void FusedSide<kSide>::save(StateWriter& w) const noexcept {
  book_.save(w);
  w.u64(overlay_.size());
  for (const Entry& e : overlay_) {
    w.unit(e.price);
    w.unit(e.depth_qty);
    w.u64(e.ticker_id);
  }
  w.u64(overruled_count_);
  w.u64(overruled_.state());
}

template <Side kSide>
bool FusedSide<kSide>::load(StateReader& r) {
  if (!book_.load(r)) return false;
  const std::uint64_t n = r.u64();
  if (n > kOverlayMax) return false;
  overlay_.clear();
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto price = r.unit<PriceTicks>();
    const auto qty = r.unit<QtyLots>();
    overlay_.push_back({price, qty, r.u64()});
  }
  overruled_count_ = r.u64();
  overruled_.restore(r.u64());
  return !r.failed();
}

template class FusedSide<Side::kBuy>;
template class FusedSide<Side::kSell>;

}  // namespace pinstripe
