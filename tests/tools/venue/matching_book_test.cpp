// The matching engine against a matcher that is as plain as can be: a list of orders, searched
// whole for the best one each time.
#include "tools/venue/matching_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pinstripe::venue {
namespace {

/// Every order in the sequence of its coming; nothing is sorted or indexed.
class PlainMatcher {
 public:
  BookVerdict submit(BookOrder order, std::vector<BookFill>& fills) {
    for (const BookOrder& o : orders_) {
      if (o.key == order.key) return BookVerdict::kDuplicate;
    }
    std::int64_t can = 0;
    for (const BookOrder& o : orders_) can += meets(order, o) ? o.lots : 0;
    if (order.tif == BookTif::kPostOnly && can > 0) return BookVerdict::kWouldTake;
    if (order.tif == BookTif::kFok && can < order.lots) return BookVerdict::kExpired;
    while (order.lots > 0) {
      BookOrder* best = nullptr;
      for (BookOrder& o : orders_) {
        if (!meets(order, o)) continue;
        const bool better = best == nullptr || (order.is_buy ? o.price_ticks < best->price_ticks
                                                             : o.price_ticks > best->price_ticks);
        if (better) best = &o;
      }
      if (best == nullptr) break;
      const std::int64_t lots = std::min(order.lots, best->lots);
      fills.push_back({best->key, order.key, best->owner, order.is_buy, best->price_ticks, lots});
      order.lots -= lots;
      best->lots -= lots;
      std::erase_if(orders_, [](const BookOrder& o) { return o.lots == 0; });
    }
    if (order.lots == 0) return BookVerdict::kFilled;
    if (order.tif == BookTif::kIoc) return BookVerdict::kExpired;
    orders_.push_back(order);
    return BookVerdict::kRests;
  }
  bool reduce(OrderKey key, std::int64_t lots) {
    for (BookOrder& o : orders_) {
      if (o.key != key || lots <= 0 || o.lots < lots) continue;
      o.lots -= lots;
      std::erase_if(orders_, [](const BookOrder& x) { return x.lots == 0; });
      return true;
    }
    return false;
  }
  std::map<std::int64_t, std::pair<std::int64_t, std::size_t>> side(bool is_buy) const {
    std::map<std::int64_t, std::pair<std::int64_t, std::size_t>> levels;
    for (const BookOrder& o : orders_) {
      if (o.is_buy != is_buy) continue;
      levels[o.price_ticks].first += o.lots;
      ++levels[o.price_ticks].second;
    }
    return levels;
  }

 private:
  static bool meets(const BookOrder& taker, const BookOrder& maker) {
    return taker.is_buy != maker.is_buy && (taker.is_buy ? maker.price_ticks <= taker.price_ticks
                                                         : maker.price_ticks >= taker.price_ticks);
  }
  std::vector<BookOrder> orders_;
};

template <class Side>
void expect_same_side(const Side& sut,
                      const std::map<std::int64_t, std::pair<std::int64_t, std::size_t>>& plain) {
  ASSERT_EQ(sut.size(), plain.size());
  for (const auto& [price, level] : sut) {
    const auto at = plain.find(price);
    ASSERT_NE(at, plain.end()) << price;
    EXPECT_EQ(level.lots, at->second.first) << price;
    EXPECT_EQ(level.orders.size(), at->second.second) << price;
  }
}

TEST(MatchingBook, GivesTheFillsAndTheBookOfAPlainMatcherOnRandomOrders) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    MatchingBook sut;
    PlainMatcher plain;
    for (OrderKey key = 1; key <= 500; ++key) {
      std::vector<BookFill> got, expected;
      if (random() % 4 == 0) {
        const OrderKey old = 1 + random() % key;
        const auto lots = static_cast<std::int64_t>(random() % 12);
        ASSERT_EQ(sut.reduce(old, lots), plain.reduce(old, lots)) << "seed " << seed;
      } else {
        BookOrder order{random() % 50 == 0 ? key / 2 : key, random() % 3, random() % 2 == 0,
                        100 + static_cast<std::int64_t>(random() % 12),
                        1 + static_cast<std::int64_t>(random() % 20),
                        static_cast<BookTif>(random() % 4)};
        ASSERT_EQ(sut.submit(order, got), plain.submit(order, expected)) << "seed " << seed;
      }
      ASSERT_EQ(got, expected) << "seed " << seed << " order " << key;
    }
    expect_same_side(sut.bids(), plain.side(true));
    expect_same_side(sut.asks(), plain.side(false));
  }
}

TEST(MatchingBook, TheOldestOrderAtTheBestPriceTradesFirstAtItsOwnPrice) {
  MatchingBook sut;
  std::vector<BookFill> fills;
  sut.submit({1, 7, false, 101, 5, BookTif::kGtc}, fills);
  sut.submit({2, 7, false, 100, 5, BookTif::kGtc}, fills);
  sut.submit({3, 8, false, 100, 5, BookTif::kGtc}, fills);
  ASSERT_TRUE(fills.empty());
  EXPECT_EQ(sut.submit({4, 9, true, 101, 12, BookTif::kGtc}, fills), BookVerdict::kFilled);
  const std::vector<BookFill> expected{
      {2, 4, 7, true, 100, 5}, {3, 4, 8, true, 100, 5}, {1, 4, 7, true, 101, 2}};
  EXPECT_EQ(fills, expected);
  EXPECT_EQ(sut.resting_lots(1), 3);
}

TEST(MatchingBook, AnOrderThatIsReducedKeepsItsPlaceInTheQueue) {
  MatchingBook sut;
  std::vector<BookFill> fills;
  sut.submit({1, 0, true, 50, 9, BookTif::kGtc}, fills);
  sut.submit({2, 0, true, 50, 9, BookTif::kGtc}, fills);
  EXPECT_TRUE(sut.reduce(1, 8));
  EXPECT_FALSE(sut.reduce(1, 2)) << "more than rests";
  sut.submit({3, 0, false, 50, 2, BookTif::kIoc}, fills);
  ASSERT_EQ(fills.size(), 2u);
  EXPECT_EQ(fills[0].maker, 1u);
  EXPECT_EQ(fills[1].maker, 2u);
  EXPECT_EQ(sut.cancel(2), 8);
  EXPECT_EQ(sut.cancel(2), 0);
  EXPECT_TRUE(sut.bids().empty());
}

}  // namespace
}  // namespace pinstripe::venue
