// Price-time matching of one book, in integers: the oldest order at the best price trades first, at
// its own price. Nothing here knows a venue, an account or a clock.
//
// A taker trades against every maker, its owner's too: venues print self-trades with one trade id,
// and what they do instead (self-trade prevention) is a rule of their order entry.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

namespace pinstripe::venue {

using OrderKey = std::uint64_t;  // unique in the engine

enum class BookTif : std::uint8_t {
  kGtc,       // what does not trade rests
  kIoc,       // what does not trade is gone
  kFok,       // all at once or nothing
  kPostOnly,  // rests whole or is refused
};

struct BookOrder {
  OrderKey key = 0;
  std::uint64_t owner = 0;  // who sent it: 0 is the venue's own liquidity
  bool is_buy = true;
  std::int64_t price_ticks = 0;  // worst price; a market order names one that everything meets
  std::int64_t lots = 0;         // above 0
  BookTif tif = BookTif::kGtc;
};

/// One trade between a resting order and the one that came.
struct BookFill {
  OrderKey maker = 0;
  OrderKey taker = 0;
  std::uint64_t maker_owner = 0;
  bool taker_buys = true;
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
  bool operator==(const BookFill&) const = default;
};

enum class BookVerdict : std::uint8_t {
  kRests,      // some or all of it lies in the book
  kFilled,     // all of it has traded
  kExpired,    // the rest of an IOC, or a FOK that could not trade whole
  kWouldTake,  // post-only that would have traded
  kDuplicate,  // an order of this key rests already
};

/// All orders at one price, oldest first.
struct BookPrice {
  std::int64_t lots = 0;
  std::list<BookOrder> orders;
};

class MatchingBook {
 public:
  using Bids = std::map<std::int64_t, BookPrice, std::greater<>>;
  using Asks = std::map<std::int64_t, BookPrice>;

  /// Matches and, where its kind allows, rests the order. Appends the trades to `fills`.
  BookVerdict submit(const BookOrder& order, std::vector<BookFill>& fills);
  /// Takes lots off a resting order, its place in the queue kept; the order is gone at 0 lots.
  /// False where no such order rests or it holds fewer than `lots`.
  bool reduce(OrderKey key, std::int64_t lots);
  /// Lots taken off the book; 0 where no such order rests.
  std::int64_t cancel(OrderKey key);
  /// Lots of a resting order; 0 where none rests.
  std::int64_t resting_lots(OrderKey key) const;
  /// Null where no such order rests.
  const BookOrder* find(OrderKey key) const;

  /// Best first.
  const Bids& bids() const { return bids_; }
  const Asks& asks() const { return asks_; }

 private:
  struct Place {
    bool is_buy;
    std::int64_t price_ticks;
    std::list<BookOrder>::iterator order;
  };
  template <class Side>
  void take(Side& side, BookOrder& order, std::vector<BookFill>& fills);
  template <class Side>
  std::int64_t reachable(const Side& side, const BookOrder& order) const;
  void rest(const BookOrder& order);
  void remove(std::unordered_map<OrderKey, Place>::iterator at);

  Bids bids_;
  Asks asks_;
  std::unordered_map<OrderKey, Place> places_;
};

}  // namespace pinstripe::venue
