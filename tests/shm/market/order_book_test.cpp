// The order book against a std::map, over random operations at every distance from the touch.
#include <gtest/gtest.h>

#include <map>

#include "shm/base/hash.h"
#include "shm/market/order_book.h"

namespace pinstripe {
namespace {

template <Side kSide>
void run_against_a_map(std::uint64_t seed, std::int64_t width) {
  BookSide<kSide> sut(4'096);
  std::map<std::int64_t, std::int64_t> plain;  // key: better prices first
  const std::int64_t sign = kSide == Side::kBuy ? -1 : 1;
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    const std::uint64_t draw = random_draw(seed, 1, n, 0);
    const auto price = static_cast<std::int64_t>(1 + draw % static_cast<std::uint64_t>(width));
    const auto qty = (draw >> 40) % 3 == 0 ? 0 : static_cast<std::int64_t>((draw >> 32) % 100);
    const auto at = plain.find(sign * price);
    const std::int64_t before = at == plain.end() ? 0 : at->second;
    ASSERT_EQ(sut.set(PriceTicks(price), QtyLots(qty)), QtyLots(before));
    if (qty == 0) {
      plain.erase(sign * price);
    } else {
      plain[sign * price] = qty;
    }
    ASSERT_EQ(sut.size(), plain.size());
    ASSERT_EQ(sut.qty_at(PriceTicks(price)), QtyLots(qty));
    if (!plain.empty()) {
      ASSERT_EQ(sut.best().price, PriceTicks(sign * plain.begin()->first));
    }
    if (n % 500 == 0) {
      std::size_t i = 0;
      for (const auto& [key, value] : plain) {
        ASSERT_EQ(sut.level(i++), (BookLevel{PriceTicks(sign * key), QtyLots(value)}));
      }
    }
  }
}

TEST(OrderBookProperty, BothSidesAreWhatAMapIs) {
  for (const std::int64_t width : {4, 60, 3'000}) {
    run_against_a_map<Side::kBuy>(1, width);
    run_against_a_map<Side::kSell>(2, width);
  }
}

TEST(OrderBook, FullSideLosesItsWorstLevelAndCountsIt) {
  BookSide<Side::kBuy> sut(3);
  for (const int p : {10, 11, 12}) sut.set(PriceTicks(p), QtyLots(1));
  sut.set(PriceTicks(13), QtyLots(1));
  EXPECT_EQ(sut.size(), 3u);
  EXPECT_EQ(sut.qty_at(PriceTicks(10)), QtyLots(0));
  EXPECT_EQ(sut.dropped(), 1u);
  sut.set(PriceTicks(5), QtyLots(1));  // worse than everything kept
  EXPECT_EQ(sut.size(), 3u);
  EXPECT_EQ(sut.dropped(), 2u);
}

TEST(OrderBook, IsSavedAndLoadedLevelByLevel) {
  OrderBook book(16);
  book.set(Side::kBuy, PriceTicks(10), QtyLots(1));
  book.set(Side::kSell, PriceTicks(12), QtyLots(2));
  std::array<std::byte, 512> memory{};
  StateWriter w{std::span<std::byte>(memory)};
  book.save(w);
  OrderBook other(16);
  StateReader r{std::span<const std::byte>(memory).first(w.size())};
  ASSERT_TRUE(other.load(r));
  EXPECT_EQ(other.qty_at(Side::kSell, PriceTicks(12)), QtyLots(2));
  EXPECT_FALSE(other.crossed());
  other.set(Side::kBuy, PriceTicks(12), QtyLots(1));
  EXPECT_TRUE(other.crossed());
}

}  // namespace
}  // namespace pinstripe
