// The simulated exchange apart from any protocol: listings, their books, prints, candles, marks.
// Time is an argument; with the same calls it gives the same prints and ids.
//
// Whoever trades here, the synthetic market or a client, goes through `submit`, `reduce` and
// `cancel`. Each call that changes a book raises its update id by one and tells the listeners.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tools/venue/candles.h"
#include "tools/venue/listing.h"
#include "tools/venue/matching_book.h"

namespace pinstripe::venue {

/// One trade as the public sees it.
struct Print {
  std::uint64_t id = 0;
  std::int64_t time_ms = 0;
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
  bool taker_buys = true;
  bool is_liquidation = false;  // the taker was a position that the venue closed
};

inline constexpr std::int64_t kFundingPeriodMs = 8 * 3'600'000LL;

/// Of a perpetual.
struct MarkState {
  std::int64_t mark_e8 = 0;
  std::int64_t index_e8 = 0;
  std::int64_t rate_e8 = 0;            // funding rate of the running period
  std::int64_t next_funding_ms = 0;
};

struct VenueBook {
  static constexpr std::size_t kPrintsKept = 1'000;

  Listing listing;
  MatchingBook book;
  std::uint64_t update_id = 0;
  std::uint64_t trade_id = 0;     // of the last print
  std::deque<Print> prints;       // oldest first
  CandleBook candles;
  MarkState mark;
  std::int64_t open_interest_lots = 0;
  std::int64_t changed_ms = 0;    // when update_id was raised

  std::int64_t price_e8(std::int64_t ticks) const { return ticks * listing.tick_e8; }
  std::int64_t qty_e8(std::int64_t lots) const { return lots * listing.lot_e8; }
  std::int64_t last_price_ticks() const { return candles.minutes().back().close; }
};

/// Told after the book has changed.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  virtual void on_print(ListingIndex index, const Print& print) = 0;
  /// A level whose quantity the change has touched; several may belong to one update id.
  virtual void on_level(ListingIndex, bool /*is_bid*/, std::int64_t /*price_ticks*/) {}
  virtual void on_book(ListingIndex index) = 0;
  virtual void on_mark(ListingIndex index) = 0;
};

struct OrderOutcome {
  BookVerdict verdict = BookVerdict::kRests;
  std::vector<BookFill> fills;
};

class VenueEngine {
 public:
  explicit VenueEngine(std::vector<Listing> listings, std::int64_t start_ms);

  void add_listener(EngineListener& listener) { listeners_.push_back(&listener); }
  std::size_t size() const { return books_.size(); }
  const VenueBook& at(ListingIndex index) const { return books_[index]; }
  /// Null where the market does not list it.
  const VenueBook* find(ListingMarket market, const std::string& symbol) const;
  ListingIndex index_of(const VenueBook& book) const;

  /// The key of the order is given here; an order of a halted listing expires.
  OrderOutcome submit(ListingIndex index, BookOrder order, std::int64_t now_ms,
                      bool is_liquidation = false);
  /// Key that the next `submit` gives.
  OrderKey next_key() const { return next_key_; }
  void reduce(ListingIndex index, OrderKey key, std::int64_t lots, std::int64_t now_ms);
  void set_mark(ListingIndex index, const MarkState& mark);
  void set_trading(ListingIndex index, bool trades) { books_[index].listing.trades = trades; }
  /// Opens the candles of minutes that began without a trade.
  void roll(std::int64_t now_ms);

 private:
  void print(ListingIndex index, const BookFill& fill, std::int64_t now_ms, bool is_liquidation);
  void touched(ListingIndex index, bool is_bid, std::int64_t price_ticks);
  void changed(ListingIndex index, std::int64_t now_ms);

  std::vector<VenueBook> books_;
  std::map<std::pair<ListingMarket, std::string>, ListingIndex> by_symbol_;
  std::vector<EngineListener*> listeners_;
  OrderKey next_key_ = 1;
};

}  // namespace pinstripe::venue
