// The feed stage's inside: decodes a frame, finds its instrument, lets its book keeper act.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "feed/book_keeper.h"
#include "feed/decimal.h"
#include "feed/feed_config.h"
#include "feed/feed_error.h"
#include "feed/frame.h"
#include "feed/out_queue.h"
#include "feed/venue_decoder.h"
#include "feed/venue_message.h"

namespace pinstripe {

/// Counters of the whole stage; the names stand in feed_engine_state.cpp in the same order.
enum class FeedCount : std::size_t {
  kEvents, kFrames, kLevelChanges, kDepths, kTickers, kTrades, kMarks, kSnapshots, kOther,
  kNonMarketTrades, kUnusedTrades, kTradeDuplicates, kTradeHoles, kBadLines, kBadJson,
  kUnknownSymbol, kOffGrid, kOverflow, kClockAhead, kLevelsDropped, kMessagesDropped,
  kInterruptions, kNotices, kPassedOver, kOpenInterests, kLiquidations, kBars, kBarDuplicates,
  kGaps, kDuplicates, kOutOfOrder, kCrossed, kResyncs, kStale, kOldTickers, kTickerMatches,
  kTickerMismatches, kSnapshotsRefused, kSnapshotsUnused, kUpdatesUnused, kHeartbeats,
  kChecksumMatches, kChecksumMismatches, kCount,
};
inline constexpr std::size_t kFeedInstrumentCounts = 5;
inline constexpr std::size_t kFeedCounts = static_cast<std::size_t>(FeedCount::kCount);

class FeedEngine {
 public:
  explicit FeedEngine(const FeedConfig& config);

  void take(TimeNs now, const FeedInput& in) noexcept;
  TimeNs next_due() const noexcept { return due_; }
  OutQueue& queue() noexcept { return queue_; }
  bool stopped() const noexcept { return stopped_; }
  const FeedError& last_error() const noexcept { return last_error_; }
  const FeedErrors& errors() const noexcept { return errors_; }
  std::span<const std::int64_t> counters() const noexcept { return counters_; }
  std::vector<std::string> counter_names() const;
  const BookKeeper& keeper(std::size_t instrument) const noexcept {
    return items_[instrument].keeper;
  }

  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);

 private:
  struct Item {
    Item(const FeedConfig& config, const Instrument& instrument);
    BookKeeper keeper;
    ExactDivisor tick;
    ExactDivisor lot;
    std::int64_t tick_e8;
    std::int64_t lot_e8;
    std::string symbol;
    std::uint8_t venue = 0;  // venue_numbers()
    bool has_trade = false;      // a `trade` was seen: aggTrades no longer count
    bool has_trade_id = false;
    std::uint64_t trade_id = 0;  // newest
    std::int64_t rate_e8 = 0;    // newest funding
    std::int64_t funding_ms = 0;
    std::uint16_t book_depth = 0;  // chained book: of the deepest channel so far, which counts
    std::int64_t mark_e8 = 0;    // newest of a ticker that comes in parts; 0 = none yet
    std::int64_t index_e8 = 0;
    std::int64_t open_interest_e8 = 0;  // newest
    std::int64_t bar_start_ms = -1;     // of the newest closed candle
    std::int64_t bar_ms = 0;            // its length
    std::int64_t dropped = 0;  // levels that fell off the far end of the book
    std::array<std::int64_t, sizeof(KeeperCounts) / sizeof(std::int64_t)> collected{};
  };

  void on_frame(TimeNs now, const FeedFrame& frame) noexcept;
  void on_timer(TimeNs now) noexcept;
  void on_room(TimeNs now, const FeedInput& in) noexcept;
  void on_lost(TimeNs now) noexcept;
  bool next_fresh_book() noexcept;
  bool decode(const FeedFrame& frame) noexcept;
  void dispatch(TimeNs now, const FeedFrame& frame) noexcept;
  void on_decoded(TimeNs now, const FeedFrame& frame) noexcept;
  void on_notice(const FeedFrame& frame) noexcept;
  /// Books and trades of an instrument that is halted count for nothing, and in ticks and lots of
  /// another definition they could not even be written; mark and funding are money and count on.
  bool passes_over(const Item& item, bool is_of_trading) noexcept {
    if (!item.keeper.is_halted() || !is_of_trading) [[likely]] return false;
    ++count(FeedCount::kEvents);
    ++count(FeedCount::kPassedOver);
    return true;
  }
  void publish_decoded(TimeNs now, std::size_t index) noexcept;
  std::size_t find_item(const FeedFrame& frame, std::string_view symbol) noexcept;
  void enter_symbols();
  std::size_t find_symbol(std::uint8_t venue, std::string_view symbol) const noexcept;
  std::size_t first_slot(std::uint8_t venue, std::string_view symbol) const noexcept;
  bool convert(const FeedFrame& frame, const Item& item, std::span<const RawLevel> from,
               std::vector<BookLevel>& to) noexcept;
  bool convert_levels(const FeedFrame& frame, const Item& item) noexcept;
  FeedErrorKind to_grid(const Item& item, const RawLevel& from, BookLevel& to) const noexcept;
  void on_venue_book(TimeNs now, std::size_t index) noexcept;
  void on_book_change(TimeNs now, Item& item) noexcept;
  void on_trades(TimeNs now, const FeedFrame& frame, std::size_t index) noexcept;
  bool takes_id(Item& item, const RawTrade& trade) noexcept;
  void on_ticker_state(TimeNs now, Item& item) noexcept;
  void on_liquidations(const FeedFrame& frame) noexcept;
  void publish_liquidation(const FeedFrame& frame, const Item& item,
                           const RawLiquidation& l) noexcept;
  void on_bars(const FeedFrame& frame, std::size_t index) noexcept;
  bool takes_bar(Item& item, const RawBar& b) noexcept;
  FeedErrorKind publish_bar(const Item& item, const RawBar& b) noexcept;
  void publish_funding(Item& item, std::int64_t rate_e8, std::int64_t funding_ms) noexcept;
  void on_trade(TimeNs now, const FeedFrame& frame, Item& item) noexcept;
  bool takes_trade(Item& item) noexcept;
  void publish_trade(const BookLevel& trade, bool is_sell, bool is_market) noexcept;
  void on_mark(TimeNs now, Item& item) noexcept;
  void begin(const FeedFrame& frame, std::size_t index, std::int64_t venue_us) noexcept;
  void end(std::size_t index) noexcept;
  void refuse(const FeedFrame& frame, FeedErrorKind kind, const char* at) noexcept;
  void collect(std::size_t index) noexcept;
  std::int64_t& count(FeedCount c) noexcept { return counters_[static_cast<std::size_t>(c)]; }

  FeedConfig config_;
  std::vector<Item> items_;
  std::vector<std::uint16_t> symbols_;  // hash table of items by venue and symbol
  VenueDecoder decoder_;
  VenueMessage message_;
  std::vector<BookLevel> bids_;  // of the current message, on the grid
  std::vector<BookLevel> asks_;
  std::size_t bid_count_ = 0;
  std::size_t ask_count_ = 0;
  OutQueue queue_;
  TimeNs due_ = TimeNs::max();
  bool stopped_ = false;
  unsigned room_port_ = 0;
  std::size_t fresh_next_ = SIZE_MAX;  // instrument whose fresh book comes next
  FeedError last_error_;
  FeedErrors errors_;
  // The binary frame in hand.
  std::uint8_t decoded_kind_ = 0;
  std::uint8_t decoded_flags_ = 0;
  std::int64_t decoded_a_ = 0;
  std::int64_t decoded_b_ = 0;
  // kFeedCounts, then kFeedInstrumentCounts for each instrument
  std::vector<std::int64_t> counters_;
};

}  // namespace pinstripe
