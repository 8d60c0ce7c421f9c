// The shape that is kept level by level, against a first look at the same book.
#include <gtest/gtest.h>

#include "features/book_shape.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kCollarBps = 50;

void expect_same(const SideShape& a, const SideShape& b) {
  EXPECT_EQ(a.levels, b.levels);
  EXPECT_EQ(a.lots_1, b.lots_1);
  EXPECT_EQ(a.lots_5, b.lots_5);
  EXPECT_EQ(a.lots_10, b.lots_10);
  EXPECT_EQ(a.lots_20, b.lots_20);
  EXPECT_EQ(a.lots_50, b.lots_50);
  EXPECT_EQ(a.collar_lots, b.collar_lots);
  EXPECT_EQ(a.slope, b.slope);
  EXPECT_EQ(a.concentration, b.concentration);
  EXPECT_EQ(a.offset_5, b.offset_5);
}

/// A level of a random side, so often at the touch that the mid moves and stays in turn.
void change_a_level(std::uint64_t n, std::int64_t width, OrderBook& book, ShapeKeeper& keeper) {
  const std::uint64_t draw = random_draw(7, 1, n, 0);
  const Side side = draw % 2 == 0 ? Side::kBuy : Side::kSell;
  const auto away = static_cast<std::int64_t>((draw >> 8) % static_cast<std::uint64_t>(width));
  const PriceTicks price(side == Side::kBuy ? 10'000 - away : 10'001 + away);
  const bool gone = (draw >> 32) % 3 == 0;
  const QtyLots qty(gone ? 0 : 1 + static_cast<std::int64_t>((draw >> 40) % 9));
  book.set(side, price, qty);
  keeper.level_set(side, price);
}

TEST(BookShape, WhatIsKeptIsWhatAFirstLookSaysAtAnyDepth) {
  // Hardly any level, about 50, many more.
  for (const std::int64_t width : {12, 80, 500}) {
    OrderBook book(1'024);
    ShapeKeeper sut;
    BookShape kept;
    for (std::uint64_t n = 0; n < 6'000; ++n) {
      change_a_level(n, width, book, sut);
      if (n % 3 != 0 || !book.two_sided()) continue;  // several changes between two looks
      sut.look(book, kCollarBps, kept);
      BookShape fresh;
      ShapeKeeper().look(book, kCollarBps, fresh);
      ASSERT_EQ(kept.mid_half_ticks, fresh.mid_half_ticks);
      expect_same(kept.bid, fresh.bid);
      expect_same(kept.ask, fresh.ask);
      ASSERT_FALSE(HasFailure()) << "change " << n << ", width " << width;
    }
  }
}

TEST(BookShape, AForgottenBookIsLookedAtAfresh) {
  OrderBook book(64);
  ShapeKeeper sut;
  BookShape kept;
  book.set(Side::kBuy, PriceTicks(10), QtyLots(1));
  book.set(Side::kSell, PriceTicks(12), QtyLots(2));
  sut.look(book, kCollarBps, kept);
  book.clear();
  sut.forget();
  book.set(Side::kBuy, PriceTicks(10), QtyLots(7));
  book.set(Side::kSell, PriceTicks(12), QtyLots(8));
  sut.look(book, kCollarBps, kept);
  EXPECT_EQ(kept.bid.lots_1, 7);
  EXPECT_EQ(kept.ask.lots_1, 8);
}

}  // namespace
}  // namespace pinstripe
