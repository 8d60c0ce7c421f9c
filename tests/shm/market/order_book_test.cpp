// The order book against a std::map, over random operations at every distance from the touch.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "shm/base/hash.h"
#include "shm/market/instrument.h"
#include "shm/market/order_book.h"

namespace pinstripe {
namespace {

/// Same levels both ways through, and the state is the levels in order, wherever they lie.
template <Side kSide>
void expect_levels(const BookSide<kSide>& sut, const std::map<std::int64_t, std::int64_t>& plain) {
  const std::int64_t sign = kSide == Side::kBuy ? -1 : 1;
  std::size_t i = 0;
  for (const auto& [key, value] : plain) {
    ASSERT_EQ(sut.level(i++), (BookLevel{PriceTicks(sign * key), QtyLots(value)}));
  }
  sut.from_worst([&](const BookLevel& l) { ASSERT_EQ(l, sut.level(--i)); });
  ASSERT_EQ(i, 0u);
  std::array<BookLevel, 50> best;
  const std::size_t n = sut.best_into(best.data(), best.size());
  ASSERT_EQ(n, std::min<std::size_t>(50, sut.size()));
  for (; i < n; ++i) ASSERT_EQ(best[i], sut.level(i));
  BookSide<kSide> afresh(20'000);
  for (const auto& [key, value] : plain) afresh.set(PriceTicks(sign * key), QtyLots(value));
  StateWriter one, other;
  sut.save(one);
  afresh.save(other);
  ASSERT_EQ(one.hash(), other.hash());
}

template <Side kSide>
void run_against_a_map(std::uint64_t seed, std::int64_t width) {
  BookSide<kSide> sut(20'000);
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
    if (n % 500 == 0) expect_levels(sut, plain);
  }
}

TEST(OrderBookProperty, BothSidesAreWhatAMapIs) {
  // Within the window, over its edges, and nearly all beyond it.
  for (const std::int64_t width : {4, 60, 3'000, 40'000, 3'000'000}) {
    run_against_a_map<Side::kBuy>(1, width);
    run_against_a_map<Side::kSell>(2, width);
  }
}

/// Grows and shrinks in waves at one place after another, so that the window moves both ways,
/// blocks are split, thinned out, joined and emptied everywhere, and a full side loses its far end
/// all the while. Prices are multiples of `stride`.
template <Side kSide>
void run_waves(std::uint64_t seed, std::size_t capacity, std::int64_t stride) {
  BookSide<kSide> sut(capacity);
  std::map<std::int64_t, std::int64_t> plain;
  const std::int64_t sign = kSide == Side::kBuy ? -1 : 1;
  std::uint64_t dropped = 0;
  for (std::uint64_t n = 0; n < 40'000; ++n) {
    const std::uint64_t draw = random_draw(seed, 2, n, 0);
    const std::uint64_t wave = n / 2'000;
    const auto centre = static_cast<std::int64_t>(random_draw(seed, 3, wave, 0) % 3'000);
    const std::int64_t price = stride * (1 + centre + static_cast<std::int64_t>(draw % 900));
    const bool removes = (draw >> 40) % 8 < (wave % 2 == 0 ? 1u : 7u);
    const std::int64_t qty = removes ? 0 : 1 + static_cast<std::int64_t>((draw >> 32) % 100);
    sut.set(PriceTicks(price), QtyLots(qty));
    if (qty == 0) {
      plain.erase(sign * price);
    } else {
      plain[sign * price] = qty;
    }
    if (plain.size() > capacity) {
      plain.erase(std::prev(plain.end()));
      ++dropped;
    }
    ASSERT_EQ(sut.size(), plain.size()) << n;
    ASSERT_EQ(sut.dropped(), dropped) << n;
    if (n % 1'000 != 0) continue;
    std::size_t i = 0;
    for (const auto& [key, value] : plain) {
      ASSERT_EQ(sut.level(i++), (BookLevel{PriceTicks(sign * key), QtyLots(value)})) << n;
    }
    if (n % 10'000 == 0) {
      sut.clear();
      plain.clear();
      ASSERT_TRUE(sut.empty());
    }
  }
}

TEST(OrderBookProperty, WavesOfLevelsLeaveWhatAMapHoldsAtAnyCapacity) {
  for (const std::size_t capacity : {1u, 2u, 64u, 200u, 700u, 4'096u}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      for (const std::int64_t stride : {1, 41, 100'000}) {
        run_waves<Side::kBuy>(seed, capacity, stride);
        run_waves<Side::kSell>(seed, capacity, stride);
      }
    }
  }
}

TEST(OrderBookProperty, ASideLoadsWhatItSavedAndRefusesWhatIsOutOfOrder) {
  BookSide<Side::kSell> sut(1'000);
  for (std::int64_t p = 1; p <= 900; ++p) sut.set(PriceTicks(p * 7 % 907 + 1), QtyLots(p));
  std::vector<std::byte> memory(32'768);
  StateWriter w{std::span<std::byte>(memory)};
  sut.save(w);
  ASSERT_FALSE(w.overflowed());
  BookSide<Side::kSell> other(1'000);
  StateReader r{std::span<const std::byte>(memory).first(w.size())};
  ASSERT_TRUE(other.load(r));
  ASSERT_EQ(other.size(), sut.size());
  for (std::size_t i = 0; i < sut.size(); ++i) ASSERT_EQ(other.level(i), sut.level(i));
  BookSide<Side::kSell> small(899);
  StateReader too_many{std::span<const std::byte>(memory).first(w.size())};
  EXPECT_FALSE(small.load(too_many));
  std::swap_ranges(memory.begin() + 8, memory.begin() + 24, memory.begin() + 24);
  StateReader out_of_order{std::span<const std::byte>(memory).first(w.size())};
  EXPECT_FALSE(other.load(out_of_order));
}

TEST(OrderBook, ALevelFarBetterThanAllOthersComesAndGoes) {
  BookSide<Side::kSell> sut(64);
  for (std::int64_t p = 50; p > 0; --p) sut.set(PriceTicks(kTicksMax - p), QtyLots(p));
  sut.set(PriceTicks(1), QtyLots(9));
  EXPECT_EQ(sut.best(), (BookLevel{PriceTicks(1), QtyLots(9)}));
  EXPECT_EQ(sut.level(1), (BookLevel{PriceTicks(kTicksMax - 50), QtyLots(50)}));
  EXPECT_EQ(sut.set(PriceTicks(1), QtyLots(0)), QtyLots(9));
  EXPECT_EQ(sut.best(), (BookLevel{PriceTicks(kTicksMax - 50), QtyLots(50)}));
  EXPECT_EQ(sut.level(49), (BookLevel{PriceTicks(kTicksMax - 1), QtyLots(1)}));
  EXPECT_EQ(sut.size(), 50u);
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
