#include "feed/book_keeper.h"

#include <algorithm>

namespace pinstripe {
namespace {

constexpr std::size_t kTickersAheadMax = 4'096;

}  // namespace

BookKeeper::BookKeeper(const FeedConfig& config, bool spot)
    : stale_after_ns_{config.stale_depth_ns, config.stale_ticker_ns, config.stale_trade_ns,
                      config.stale_mark_ns},
      warm_matches_(config.warm_matches),
      warm_ns_(config.warm_ns),
      warms_up_(config.warms_up),
      spot_(spot),
      diffs_max_(config.diffs_buffered_max),
      diff_levels_max_(config.diff_levels_buffered_max),
      book_(config.book_levels) {
  ahead_.reserve(kTickersAheadMax);
  diffs_.reserve(diffs_max_);
  diff_levels_.reserve(diff_levels_max_);
}

/// Where an update stands behind the one before (README "Sequence guard"). An update that overlaps
/// the one before loses nothing, since its levels are absolute.
BookKeeper::Order BookKeeper::order_of(const DepthUpdate& u) const noexcept {
  if (u.last_id == depth_id_) return Order::kDuplicate;
  if (u.last_id < depth_id_) return Order::kOld;
  if (u.has_prev) return u.prev_id <= depth_id_ ? Order::kNext : Order::kGap;
  return u.first_id <= depth_id_ + 1 ? Order::kNext : Order::kGap;
}

/// The first update to apply to a snapshot (trading.md 2).
bool BookKeeper::contains(std::uint64_t snapshot_id, std::uint64_t first,
                          std::uint64_t last) const noexcept {
  if (spot_) return first <= snapshot_id + 1 && snapshot_id + 1 <= last;
  return first <= snapshot_id && snapshot_id <= last;
}
/// The snapshot holds all of this update already.
bool BookKeeper::precedes(std::uint64_t snapshot_id, std::uint64_t last) const noexcept {
  return spot_ ? last <= snapshot_id : last < snapshot_id;
}

void BookKeeper::forget_diffs() noexcept {
  diffs_.clear();
  diff_levels_.clear();
}

/// Keeps an update for a snapshot that may still come. Full: the older half goes.
void BookKeeper::remember(const DepthUpdate& u) noexcept {
  const std::size_t count = u.bids.size() + u.asks.size();
  if (count > diff_levels_max_) {
    forget_diffs();
    return;
  }
  while (diffs_.size() == diffs_max_ || diff_levels_.size() + count > diff_levels_max_) {
    const std::size_t gone = (diffs_.size() + 1) / 2;
    const std::uint64_t cut =
        gone < diffs_.size() ? diffs_[gone].level_begin : diff_levels_.size();
    diff_levels_.erase(diff_levels_.begin(),
        diff_levels_.begin() + static_cast<std::ptrdiff_t>(cut));
    diffs_.erase(diffs_.begin(), diffs_.begin() + static_cast<std::ptrdiff_t>(gone));
    for (Diff& d : diffs_) d.level_begin -= cut;
  }
  diffs_.push_back({u.first_id, u.last_id, u.prev_id, diff_levels_.size(), u.bids.size(),
                    u.asks.size()});
  diff_levels_.insert(diff_levels_.end(), u.bids.begin(), u.bids.end());
  diff_levels_.insert(diff_levels_.end(), u.asks.begin(), u.asks.end());
}

/// Forgets the book and says why; what comes next builds it afresh. The newest ticker stays.
void BookKeeper::start_over(BookState why, OutQueue& out) noexcept {
  book_.clear();
  forget_diffs();
  started_ = false;
  awaits_join_ = false;
  matches_ = 0;
  published_touch_ = {};  // downstream forgets it too
  state_ = why;
  published_state_ = why;
  out.push(MsgType::kBookState, kFlagSnapshot, static_cast<std::int64_t>(why), counts_.gaps,
      kToAll);
}

void BookKeeper::become_valid() noexcept {
  if (was_valid_) ++counts_.resyncs;
  was_valid_ = true;
  state_ = BookState::kValid;
  forget_diffs();
}

void BookKeeper::validate_if_proven(TimeNs now) noexcept {
  if (!warms_up_ || state_ == BookState::kValid || !started_ || awaits_join_) return;
  if (matches_ >= warm_matches_ && now - started_ns_ >= TimeNs(warm_ns_)) become_valid();
}

void BookKeeper::note_match(const Ticker& t) noexcept {
  if (book_.agrees_with(t)) {
    ++counts_.ticker_matches;
    ++matches_;
  } else {
    // While a book without snapshot is young, levels are missing: that is no fault.
    if (state_ == BookState::kValid) ++counts_.ticker_mismatches;
    matches_ = 0;
  }
}

/// Tickers up to `id` have been reached by the depth stream; one with the same id must agree.
void BookKeeper::match_tickers(std::uint64_t id) noexcept {
  while (ahead_head_ < ahead_.size() && ahead_[ahead_head_].id <= id) {
    if (ahead_[ahead_head_].id == id) note_match(ahead_[ahead_head_]);
    ++ahead_head_;
  }
  if (ahead_head_ == ahead_.size()) {
    ahead_.clear();
    ahead_head_ = 0;
  }
}

void BookKeeper::seen(TimeNs now, FeedChannel channel) noexcept {
  const auto c = static_cast<std::size_t>(channel);
  seen_ns_[c] = now;
  is_seen_[c] = true;
  is_stale_[c] = false;
}

/// After a snapshot that was newer than all updates: is this the one that contains it?
bool BookKeeper::join_awaited(const DepthUpdate& u, OutQueue& out) noexcept {
  if (precedes(snapshot_id_, u.last_id)) return false;
  awaits_join_ = false;
  if (contains(snapshot_id_, u.first_id, u.last_id)) {
    become_valid();
  } else {
    ++counts_.snapshots_refused;
    start_over(state_, out);
  }
  return true;
}

void BookKeeper::on_depth(TimeNs now, const DepthUpdate& u, OutQueue& out) noexcept {
  seen(now, FeedChannel::kDepth);
  if (has_depth_) {
    switch (order_of(u)) {
      case Order::kNext: break;
      case Order::kDuplicate: ++counts_.duplicates; return finish(out, 0);
      case Order::kOld: ++counts_.out_of_order; return finish(out, 0);
      case Order::kGap:
        ++counts_.gaps;
        start_over(BookState::kGap, out);
        break;
    }
  } else if (state_ == BookState::kEmpty) {
    start_over(BookState::kWarming, out);
  }
  has_depth_ = true;
  depth_id_ = u.last_id;
  if (awaits_join_ && !join_awaited(u, out)) return finish(out, 0);
  if (!started_) {
    started_ = true;
    started_ns_ = now;
  }
  if (state_ != BookState::kValid) remember(u);
  book_.apply_depth(u.last_id, u.bids, u.asks, ticker_, out);
  if (book_.depth_crossed()) [[unlikely]] {
    ++counts_.crossed;
    match_tickers(u.last_id);
    start_over(BookState::kCrossed, out);
    return finish(out, 0);
  }
  match_tickers(u.last_id);
  validate_if_proven(now);
  finish(out, 0);
}

void BookKeeper::on_ticker(TimeNs now, const Ticker& t, OutQueue& out) noexcept {
  seen(now, FeedChannel::kTicker);
  if (t.id <= ticker_.id) {
    ++counts_.old_tickers;
    return finish(out, kFlagFromTicker);
  }
  if (t.bid.price >= t.ask.price) [[unlikely]] {
    ++counts_.crossed;
    start_over(BookState::kCrossed, out);
    return finish(out, kFlagFromTicker);
  }
  if (state_ == BookState::kEmpty) start_over(BookState::kWarming, out);
  ticker_ = t;
  if (t.id > depth_id_) {
    if (ahead_.size() == kTickersAheadMax) {
      // The consumed ones go, or else the older half, with which only matches are lost.
      const std::size_t gone = ahead_head_ > 0 ? ahead_head_ : kTickersAheadMax / 2;
      ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(gone));
      ahead_head_ = 0;
    }
    ahead_.push_back(t);
    book_.apply_ticker(t, out);
  } else if (t.id == depth_id_ && started_) {
    note_match(t);
  }
  validate_if_proven(now);
  finish(out, kFlagFromTicker);
}

/// Applies the remembered updates from index `first` on, without publishing them.
void BookKeeper::apply_diffs_from(std::size_t first, OutQueue& out) noexcept {
  for (std::size_t i = first; i < diffs_.size(); ++i) {
    const Diff& d = diffs_[i];
    const BookLevel* levels = diff_levels_.data() + d.level_begin;
    const std::size_t mark = out.mark();
    book_.apply_depth(d.last_id, {levels, d.bid_count}, {levels + d.bid_count, d.ask_count},
        ticker_,
                      out);
    out.rewind(mark);
  }
}

void BookKeeper::on_snapshot(TimeNs now, std::uint64_t last_id, std::span<const BookLevel> bids,
                             std::span<const BookLevel> asks, OutQueue& out) noexcept {
  if (state_ == BookState::kValid) {
    ++counts_.snapshots_unused;
    return finish(out, 0);
  }
  std::size_t first = 0;
  while (first < diffs_.size() && precedes(last_id, diffs_[first].last_id)) ++first;
  const bool joins = first < diffs_.size();
  if (joins && !contains(last_id, diffs_[first].first_id, diffs_[first].last_id)) {
    ++counts_.snapshots_refused;
    return finish(out, 0);
  }
  if (!joins && has_depth_ && last_id < depth_id_) {  // older than updates that are gone
    ++counts_.snapshots_refused;
    return finish(out, 0);
  }
  const std::size_t mark = out.mark();
  book_.clear();
  book_.apply_depth(last_id, bids, asks, ticker_, out);
  out.rewind(mark);
  apply_diffs_from(first, out);
  if (book_.depth_crossed()) {
    ++counts_.crossed;
    start_over(BookState::kCrossed, out);
    return finish(out, 0);
  }
  if (!started_) started_ns_ = now;
  started_ = true;
  matches_ = 0;
  if (state_ == BookState::kEmpty) state_ = BookState::kWarming;
  if (joins) {
    become_valid();
  } else {
    awaits_join_ = true;
    snapshot_id_ = last_id;
    forget_diffs();
  }
  publish_levels(out);
  finish(out, 0);
}

void BookKeeper::on_plain_book(TimeNs now, bool fresh, std::span<const BookLevel> bids,
                               std::span<const BookLevel> asks, OutQueue& out) noexcept {
  seen(now, FeedChannel::kDepth);
  if (!fresh && state_ == BookState::kEmpty) start_over(BookState::kWarming, out);
  const std::size_t mark = out.mark();
  if (fresh) book_.clear();
  ++depth_id_;  // its own count: there is no ticker to compare with
  book_.apply_depth(depth_id_, bids, asks, ticker_, out);
  if (book_.depth_crossed()) {
    ++counts_.crossed;
    start_over(BookState::kCrossed, out);
    return finish(out, 0);
  }
  if (fresh) {
    out.rewind(mark);
    started_ = true;
    if (state_ != BookState::kValid) become_valid();
    publish_levels(out);
  }
  finish(out, 0);
}

/// The whole book as a fresh one: state (forget what you have), levels from the worst to the best.
void BookKeeper::publish_levels(OutQueue& out) noexcept {
  const BookState announced = state_ == BookState::kValid ? BookState::kWarming : state_;
  out.push(MsgType::kBookState, kFlagSnapshot, static_cast<std::int64_t>(announced), counts_.gaps,
           kToAll);
  published_state_ = announced;
  published_touch_ = {};
  book_.bids.levels().from_worst([&](const BookLevel& l) {
    out.push(MsgType::kLevel, kFlagSnapshot, l.price.value, l.qty.value, kToFeatures | kToExec);
  });
  book_.asks.levels().from_worst([&](const BookLevel& l) {
    out.push(MsgType::kLevel, kFlagSnapshot | kFlagSell, l.price.value, l.qty.value,
             kToFeatures | kToExec);
  });
}

void BookKeeper::on_lost(OutQueue& out) noexcept {
  if (state_ == BookState::kEmpty || is_halted()) return;  // nothing was known
  ++counts_.gaps;
  forget_ids();
  start_over(BookState::kGap, out);
  finish(out, 0);
}

void BookKeeper::publish_afresh(OutQueue& out) noexcept {
  const auto before = published_state_;
  out.push(MsgType::kBookState, kFlagSnapshot, static_cast<std::int64_t>(BookState::kDropped),
           counts_.gaps, kToAll);
  publish_levels(out);
  published_state_ = BookState::kDropped;
  finish(out, 0);
  published_state_ = before;
}

void BookKeeper::publish_touch(Side side, const BookLevel& touch, std::uint8_t flags,
                               OutQueue& out) noexcept {
  BookLevel& published = published_touch_[static_cast<std::size_t>(side)];
  if (touch == published) return;
  published = touch;
  const std::uint8_t side_flag = side == Side::kSell ? kFlagSell : 0;
  out.push(MsgType::kTouch, static_cast<std::uint8_t>(flags | side_flag), touch.price.value,
           touch.qty.value, kToAll);
}

void BookKeeper::finish(OutQueue& out, std::uint8_t source_flags) noexcept {
  publish_touch(Side::kBuy, book_.bids.touch(), source_flags, out);
  publish_touch(Side::kSell, book_.asks.touch(), source_flags, out);
  const BookState now_state = state();
  if (now_state != published_state_) {
    published_state_ = now_state;
    out.push(MsgType::kBookState, 0, static_cast<std::int64_t>(now_state), counts_.gaps, kToAll);
  }
  publish_overruled(out);
}

/// Only beside something else: alone it would make a vector, and a decision, of a message that
/// changed nothing.
void BookKeeper::publish_overruled(OutQueue& out) noexcept {
  const std::uint64_t count = book_.overruled_count();
  if (count == published_overruled_ || !out.reaches(kToFeatures)) return;
  published_overruled_ = count;
  out.push(MsgType::kOverruled, 0, static_cast<std::int64_t>(book_.overruled_hash()),
           static_cast<std::int64_t>(count), kToFeatures);
}

void BookKeeper::on_channel(TimeNs now, FeedChannel channel, OutQueue&) noexcept {
  seen(now, channel);
}

void BookKeeper::on_time(TimeNs now, OutQueue& out) noexcept {
  for (std::size_t c = 0; c < kFeedChannels; ++c) {
    if (!is_seen_[c] || is_stale_[c] || stale_after_ns_[c] == 0) continue;
    if (now < saturating_add(seen_ns_[c], TimeNs(stale_after_ns_[c]))) continue;
    is_stale_[c] = true;
    ++counts_.stale;
  }
  finish(out, 0);
}

TimeNs BookKeeper::next_due() const noexcept {
  TimeNs due = TimeNs::max();
  for (std::size_t c = 0; c < kFeedChannels; ++c) {
    if (!is_seen_[c] || is_stale_[c] || stale_after_ns_[c] == 0) continue;
    due = std::min(due, saturating_add(seen_ns_[c], TimeNs(stale_after_ns_[c])));
  }
  return due;
}

}  // namespace pinstripe
