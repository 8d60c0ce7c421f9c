// Saving and loading of a BookKeeper, in one order.
#include "feed/book_keeper.h"

namespace pinstripe {
namespace {

void save_level(StateWriter& w, const BookLevel& l) noexcept {
  w.unit(l.price);
  w.unit(l.qty);
}
BookLevel load_level(StateReader& r) noexcept {
  const auto price = r.unit<PriceTicks>();
  return {price, r.unit<QtyLots>()};
}
void save_ticker(StateWriter& w, const Ticker& t) noexcept {
  w.u64(t.id);
  save_level(w, t.bid);
  save_level(w, t.ask);
}
Ticker load_ticker(StateReader& r) noexcept {
  Ticker t;
  t.id = r.u64();
  t.bid = load_level(r);
  t.ask = load_level(r);
  return t;
}

/// All counts in one order; `visit` takes std::int64_t&.
template <class Counts, class Visit>
void each_count(Counts& c, Visit visit) {
  visit(c.gaps);
  visit(c.duplicates);
  visit(c.out_of_order);
  visit(c.crossed);
  visit(c.resyncs);
  visit(c.stale);
  visit(c.old_tickers);
  visit(c.ticker_matches);
  visit(c.ticker_mismatches);
  visit(c.snapshots_refused);
  visit(c.snapshots_unused);
  visit(c.updates_unused);
  visit(c.heartbeats);
  visit(c.checksum_matches);
  visit(c.checksum_mismatches);
}

}  // namespace

void BookKeeper::save(StateWriter& w) const noexcept {
  book_.save(w);
  save_ticker(w, ticker_);
  w.u64(ahead_.size() - ahead_head_);
  for (std::size_t i = ahead_head_; i < ahead_.size(); ++i) save_ticker(w, ahead_[i]);
  w.u64(depth_id_);
  w.boolean(has_depth_);
  w.boolean(started_);
  w.boolean(awaits_join_);
  w.boolean(was_valid_);
  w.u64(snapshot_id_);
  w.unit(started_ns_);
  w.u64(matches_);
  w.u64(static_cast<std::uint64_t>(state_));
  w.u64(static_cast<std::uint64_t>(published_state_));
  w.u64(static_cast<std::uint64_t>(halt_));
  for (const BookLevel& l : published_touch_) save_level(w, l);
  w.u64(published_overruled_);
  for (std::size_t c = 0; c < kFeedChannels; ++c) {
    w.unit(seen_ns_[c]);
    w.boolean(is_seen_[c]);
    w.boolean(is_stale_[c]);
  }
  w.u64(diffs_.size());
  for (const Diff& d : diffs_) {
    w.u64(d.first_id);
    w.u64(d.last_id);
    w.u64(d.prev_id);
    w.u64(d.level_begin);
    w.u64(d.bid_count);
    w.u64(d.ask_count);
  }
  w.u64(diff_levels_.size());
  for (const BookLevel& l : diff_levels_) save_level(w, l);
  each_count(counts_, [&](const std::int64_t& v) { w.i64(v); });
}

bool BookKeeper::load(StateReader& r) {
  if (!book_.load(r)) return false;
  ticker_ = load_ticker(r);
  const std::uint64_t ahead = r.u64();
  if (ahead > ahead_.capacity()) return false;
  ahead_.clear();
  ahead_head_ = 0;
  for (std::uint64_t i = 0; i < ahead; ++i) ahead_.push_back(load_ticker(r));
  depth_id_ = r.u64();
  has_depth_ = r.boolean();
  started_ = r.boolean();
  awaits_join_ = r.boolean();
  was_valid_ = r.boolean();
  snapshot_id_ = r.u64();
  started_ns_ = r.unit<TimeNs>();
  matches_ = static_cast<std::uint32_t>(r.u64());
  const std::uint64_t state = r.u64();
  const std::uint64_t published = r.u64();
  const std::uint64_t halt = r.u64();
  if (halt > static_cast<std::uint64_t>(Halt::kChanged)) return false;
  halt_ = static_cast<Halt>(halt);
  if (state >= kBookStateNames.size() || published >= kBookStateNames.size()) return false;
  state_ = static_cast<BookState>(state);
  published_state_ = static_cast<BookState>(published);
  for (BookLevel& l : published_touch_) l = load_level(r);
  published_overruled_ = r.u64();
  for (std::size_t c = 0; c < kFeedChannels; ++c) {
    seen_ns_[c] = r.unit<TimeNs>();
    is_seen_[c] = r.boolean();
    is_stale_[c] = r.boolean();
  }
  const std::uint64_t diffs = r.u64();
  if (diffs > diffs_max_) return false;
  forget_diffs();
  for (std::uint64_t i = 0; i < diffs; ++i) {
    Diff d;
    d.first_id = r.u64();
    d.last_id = r.u64();
    d.prev_id = r.u64();
    d.level_begin = r.u64();
    d.bid_count = r.u64();
    d.ask_count = r.u64();
    diffs_.push_back(d);
  }
  const std::uint64_t levels = r.u64();
  if (levels > diff_levels_max_) return false;
  for (std::uint64_t i = 0; i < levels; ++i) diff_levels_.push_back(load_level(r));
  for (const Diff& d : diffs_) {
    if (d.bid_count > levels || d.ask_count > levels || d.level_begin > levels ||
        d.level_begin + d.bid_count + d.ask_count > levels) {
      return false;
    }
  }
  each_count(counts_, [&](std::int64_t& v) { v = r.i64(); });
  return !r.failed();
}

}  // namespace pinstripe
