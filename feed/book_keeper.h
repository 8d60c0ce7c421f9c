// One instrument's book from the first event to the last: sequence guard, first book, validity.
//
//   empty -> warming -> valid          from the first event; valid by a snapshot that joins, or
// without
//                                      one after `warm_matches` matching tickers and `warm_ns`
//   any   -> gap, crossed -> valid     the book is forgotten and built anew, by the same two ways
//   valid -> stale -> valid            a channel fell silent and spoke again; the sequence proves
// that
//                                      nothing was lost
//   any   -> halted -> gap -> valid    the source's word (book_keeper_halt.cpp)
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "feed/feed_config.h"
#include "feed/fused_book.h"
#include "feed/out_queue.h"
#include "shm/base/state_io.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

struct DepthUpdate {
  std::uint64_t first_id = 0;  // U
  std::uint64_t last_id = 0;   // u
  std::uint64_t prev_id = 0;   // pu
  bool has_prev = false;       // futures rule: prev_id = last_id of the update before
  std::span<const BookLevel> bids;
  std::span<const BookLevel> asks;
};

/// A message of a book whose updates name the one before (Bybit, OKX).
struct BookChange {
  bool is_fresh = false;       // all of the book; else what changed
  bool has_prev = false;       // prev_id counts
  bool has_checksum = false;
  std::int32_t checksum = 0;   // of the book after this message
  std::uint64_t id = 0;
  std::uint64_t prev_id = 0;   // id of the message before
  std::int64_t tick_e8 = 0;    // of the instrument, for the checksum's texts
  std::int64_t lot_e8 = 0;
  std::span<const BookLevel> bids;
  std::span<const BookLevel> asks;
};

enum class FeedChannel : std::uint8_t { kDepth, kTicker, kTrade, kMark };
inline constexpr std::size_t kFeedChannels = 4;

/// What the guard counted; summed over instruments by the engine.
struct KeeperCounts {
  std::int64_t gaps = 0;
  std::int64_t duplicates = 0;
  std::int64_t out_of_order = 0;
  std::int64_t crossed = 0;
  std::int64_t resyncs = 0;          // became valid again after having been valid
  std::int64_t stale = 0;            // a channel fell silent
  std::int64_t old_tickers = 0;      // not newer than the newest ticker
  std::int64_t ticker_matches = 0;   // same id, same touch
  std::int64_t ticker_mismatches = 0;
  std::int64_t snapshots_refused = 0;  // did not join the updates
  std::int64_t snapshots_unused = 0;   // came while the book was valid
  std::int64_t updates_unused = 0;     // chained book: came while a fresh book was waited for
  std::int64_t heartbeats = 0;         // chained book: nothing changed, the chain goes on
  std::int64_t checksum_matches = 0;
  std::int64_t checksum_mismatches = 0;
};

/// Why an instrument's book counts for nothing, whatever the venue sends of it.
enum class Halt : std::uint8_t {
  kNone,
  kHalted,   // until the source says that it trades again
  kChanged,  // its record no longer holds: for the rest of the session
};

class BookKeeper {
 public:
  BookKeeper(const FeedConfig& config, bool spot);

  void on_depth(TimeNs now, const DepthUpdate& update, OutQueue& out) noexcept;
  void on_ticker(TimeNs now, const Ticker& ticker, OutQueue& out) noexcept;
  /// A REST snapshot as of `last_id`.
  void on_snapshot(TimeNs now, std::uint64_t last_id, std::span<const BookLevel> bids,
                   std::span<const BookLevel> asks, OutQueue& out) noexcept;
  /// A source without ids: the whole book, or changes of it, taken at its word.
  void on_plain_book(TimeNs now, bool fresh, std::span<const BookLevel> bids,
                     std::span<const BookLevel> asks, OutQueue& out) noexcept;
  /// A fresh book at any time is the truth; an update must name the message before it. After a
  /// break only a fresh book helps.
  void on_book_change(TimeNs now, const BookChange& change, OutQueue& out) noexcept;
  /// A trade or mark was seen.
  void on_channel(TimeNs now, FeedChannel channel, OutQueue& out) noexcept;
  /// Time alone: looks for silent channels.
  void on_time(TimeNs now, OutQueue& out) noexcept;
  TimeNs next_due() const noexcept;
  /// Updates came that this keeper has not seen: a gap, whatever comes next.
  void on_lost(OutQueue& out) noexcept;
  /// Status or definition of the instrument: the book is forgotten. kNone after kHalted: a gap,
  /// built anew; nothing leads back from kChanged. Who halts passes on no updates.
  void on_halt(Halt why, OutQueue& out) noexcept;
  bool is_halted() const noexcept { return halt_ != Halt::kNone; }
  /// Publishes the whole book afresh (a ring has room again).
  void publish_afresh(OutQueue& out) noexcept;

  BookState state() const noexcept {
    return state_ == BookState::kValid && book_is_stale() ? BookState::kStale : state_;
  }
  const KeeperCounts& counts() const noexcept { return counts_; }
  const FusedBook& book() const noexcept { return book_; }
  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  enum class Order : std::uint8_t { kNext, kDuplicate, kOld, kGap };
  struct Diff {
    std::uint64_t first_id = 0, last_id = 0, prev_id = 0;
    std::uint64_t level_begin = 0;  // bids, then asks
    std::uint64_t bid_count = 0, ask_count = 0;
  };

  Order order_of(const DepthUpdate& u) const noexcept;
  Order order_of(const BookChange& c) const noexcept;
  bool continues(const BookChange& c, OutQueue& out) noexcept;
  bool agrees(const BookChange& c) noexcept;
  bool contains(std::uint64_t snapshot_id, std::uint64_t first, std::uint64_t last) const noexcept;
  bool precedes(std::uint64_t snapshot_id, std::uint64_t last) const noexcept;
  void start_over(BookState why, OutQueue& out) noexcept;
  void forget_ids() noexcept;
  void forget_diffs() noexcept;
  void remember(const DepthUpdate& u) noexcept;
  bool join_awaited(const DepthUpdate& u, OutQueue& out) noexcept;
  void match_tickers(std::uint64_t id) noexcept;
  void note_match(const Ticker& t) noexcept;
  void apply_diffs_from(std::size_t first, OutQueue& out) noexcept;
  void publish_levels(OutQueue& out) noexcept;
  void seen(TimeNs now, FeedChannel channel) noexcept;
  void validate_if_proven(TimeNs now) noexcept;
  void become_valid() noexcept;
  bool book_is_stale() const noexcept { return is_stale_[0] || is_stale_[1]; }
  /// Publishes touch, state and what was overruled where they changed; the end of every update.
  void finish(OutQueue& out, std::uint8_t source_flags) noexcept;
  void publish_overruled(OutQueue& out) noexcept;
  void publish_touch(Side side, const BookLevel& touch, std::uint8_t flags, OutQueue& out) noexcept;

  // Configuration.
  std::array<std::int64_t, kFeedChannels> stale_after_ns_;
  std::uint32_t warm_matches_;
  std::int64_t warm_ns_;
  bool warms_up_;
  bool spot_;
  std::size_t diffs_max_;
  std::size_t diff_levels_max_;

  FusedBook book_;
  Ticker ticker_;
  std::vector<Ticker> ahead_;  // tickers newer than the depth, oldest first
  std::size_t ahead_head_ = 0;
  std::uint64_t depth_id_ = 0;  // u of the newest depth update, whatever the book's state
  bool has_depth_ = false;
  bool started_ = false;         // the book holds depth updates since the last start
  // a snapshot newer than every update waits for the one that contains it
  bool awaits_join_ = false;
  bool was_valid_ = false;
  std::uint64_t snapshot_id_ = 0;
  TimeNs started_ns_;
  std::uint32_t matches_ = 0;
  BookState state_ = BookState::kEmpty;
  BookState published_state_ = BookState::kEmpty;
  Halt halt_ = Halt::kNone;
  std::array<BookLevel, 2> published_touch_{};
  std::uint64_t published_overruled_ = 0;  // statements so far
  std::array<TimeNs, kFeedChannels> seen_ns_{};
  std::array<bool, kFeedChannels> is_seen_{};
  std::array<bool, kFeedChannels> is_stale_{};
  std::vector<Diff> diffs_;
  std::vector<BookLevel> diff_levels_;
  KeeperCounts counts_;
};

}  // namespace pinstripe
