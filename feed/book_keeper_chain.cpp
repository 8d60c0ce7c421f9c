// Books whose updates name the one before: Bybit (`u` counts by one), OKX (`prevSeqId`). The rules,
// with their sources: venues.md.
#include "feed/book_checksum.h"
#include "feed/book_keeper.h"

namespace pinstripe {

/// Where a message stands behind the one before. An id may be smaller than that of the message it
/// names (OKX begins anew after maintenance): the name decides, not the size.
BookKeeper::Order BookKeeper::order_of(const BookChange& c) const noexcept {
  if (!c.has_prev || c.prev_id == depth_id_) return Order::kNext;
  if (c.id == depth_id_) return Order::kDuplicate;
  return c.id < depth_id_ ? Order::kOld : Order::kGap;
}

/// Whether an update is to be applied; counts what speaks against it.
bool BookKeeper::continues(const BookChange& c, OutQueue& out) noexcept {
  if (!started_) {
    ++counts_.updates_unused;
    if (state_ == BookState::kEmpty) start_over(BookState::kWarming, out);
    return false;
  }
  switch (order_of(c)) {
    case Order::kNext: break;
    case Order::kDuplicate: ++counts_.duplicates; return false;
    case Order::kOld: ++counts_.out_of_order; return false;
    case Order::kGap:
      ++counts_.gaps;
      start_over(BookState::kGap, out);
      return false;
  }
  if (c.has_prev && c.id == c.prev_id && c.bids.empty() && c.asks.empty()) {
    ++counts_.heartbeats;
    return false;
  }
  return true;
}

bool BookKeeper::agrees(const BookChange& c) noexcept {
  if (!c.has_checksum) return true;
  const bool same = c.checksum == okx_checksum(book_.bids.levels(), book_.asks.levels(),
                                               c.tick_e8, c.lot_e8);
  ++(same ? counts_.checksum_matches : counts_.checksum_mismatches);
  return same;
}

void BookKeeper::on_book_change(TimeNs now, const BookChange& c, OutQueue& out) noexcept {
  seen(now, FeedChannel::kDepth);
  if (!c.is_fresh && !continues(c, out)) return finish(out, 0);
  const std::size_t mark = out.mark();
  if (c.is_fresh) book_.clear();
  depth_id_ = c.id;
  has_depth_ = true;
  book_.apply_depth(c.id, c.bids, c.asks, ticker_, out);
  if (book_.depth_crossed()) [[unlikely]] {
    ++counts_.crossed;
    start_over(BookState::kCrossed, out);
    return finish(out, 0);
  }
  if (!agrees(c)) [[unlikely]] {
    start_over(BookState::kGap, out);
    return finish(out, 0);
  }
  if (c.is_fresh) {
    out.rewind(mark);
    started_ = true;
    if (state_ != BookState::kValid) become_valid();
    publish_levels(out);
  }
  finish(out, 0);
}

}  // namespace pinstripe
