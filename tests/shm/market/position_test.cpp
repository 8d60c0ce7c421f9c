// The position account against plain arbitrary-precision rationals.
#include "shm/market/position.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <vector>

namespace pinstripe {
namespace {

using Big = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

Instrument instrument(Market market) {
  Instrument i;
  i.market = market;
  i.tick_e8 = market == Market::kInverse ? 10'000'000 : 1'000'000;
  i.lot_e8 = market == Market::kInverse ? 100'000'000 : 100'000;
  i.multiplier_e8 = market == Market::kInverse ? 10'000'000'000 : 100'000'000;
  return i;
}

Big floor_of(const Rational& r) {
  const Big n = numerator(r), d = denominator(r);
  Big q = n / d;
  if (n % d != 0 && n < 0) --q;
  return q;
}

/// Average entry by the definitions of the contract, in exact rationals.
struct PlainPosition {
  Instrument i;
  Big units = 0;
  Rational entry = 0;  // price in quote (inverse: harmonic mean)

  Rational price(std::int64_t ticks) const { return Rational(ticks) * i.tick_e8 / 100'000'000; }
  Rational profit(const Rational& from, const Rational& to, const Big& signed_units) const {
    const Rational contracts = Rational(signed_units) * i.lot_e8 / 100'000'000;
    const Rational multiplier = Rational(i.multiplier_e8) / 100'000'000;
    const Rational value = i.market == Market::kInverse ? Rational(1 / from - 1 / to)
                                                        : Rational(to - from);
    return contracts * multiplier * value * 100'000'000;  // 1e-8
  }
  Rational fill(bool buy, std::int64_t ticks, std::int64_t n) {
    Rational realised = 0;
    Big left = n;
    const Big sign = buy ? 1 : -1;
    if (units != 0 && (units > 0) != buy) {
      const Big held = abs(units);
      const Big closing = left < held ? left : held;
      realised = profit(entry, price(ticks), units > 0 ? closing : Big(-closing));
      units += sign * closing;
      left -= closing;
      if (units == 0) entry = 0;
    }
    if (left > 0) {
      const Big held = abs(units);
      const Rational total = Rational(Big(held + left));
      if (i.market == Market::kInverse) {
        const Rational inverse = (held > 0 ? Rational(held) / entry : Rational(0)) +
                                 Rational(left) / price(ticks);
        entry = total / inverse;
      } else {
        entry = (Rational(held) * entry + Rational(left) * price(ticks)) / total;
      }
      units += sign * left;
    }
    return realised;
  }
};

class PositionOfMarket : public ::testing::TestWithParam<Market> {};

TEST_P(PositionOfMarket, EqualsRationalsRoundedDownOncePerProfit) {
  std::mt19937_64 random(20260817);
  for (int run = 0; run < 60; ++run) {
    const Instrument i = instrument(GetParam());
    PositionAccount sut(i, i.lot_e8);
    PlainPosition plain{.i = i};
    std::int64_t ticks = 300'000 + static_cast<std::int64_t>(random() % 400'000);
    std::uint64_t seen_roundings = 0;
    for (int n = 0; n < 120; ++n) {
      ticks += static_cast<std::int64_t>(random() % 41) - 20;
      const bool buy = random() % 2 == 0;
      const auto units = static_cast<std::int64_t>(random() % 500 + 1);
      const Big expected = floor_of(plain.fill(buy, ticks, units));
      const std::int64_t got =
          sut.fill(buy ? Side::kBuy : Side::kSell, PriceTicks(ticks), units).value;
      ASSERT_EQ(Big(sut.units()), plain.units);
      const std::int64_t mark = (ticks + 7) * i.tick_e8 + 12'345;
      const Big open = plain.units == 0
                           ? Big(0)
                           : floor_of(plain.profit(plain.entry, Rational(mark) / 100'000'000,
                                                   plain.units));
      if (sut.roundings() == seen_roundings && seen_roundings == 0) {
        ASSERT_EQ(Big(got), expected) << "run " << run << " fill " << n;
        ASSERT_EQ(Big(sut.unrealised(mark).value), open);
      } else {  // the fraction was rounded: never in our favour, and by less than 1e-8 x fills
        ASSERT_LE(Big(got), expected + 1);
        ASSERT_GE(Big(got), expected - 2);
        ASSERT_LE(Big(sut.unrealised(mark).value), open + 1);
        ASSERT_GE(Big(sut.unrealised(mark).value), open - 2);
      }
      seen_roundings = sut.roundings();
    }
  }
}

TEST_P(PositionOfMarket, ConservesMoneyOverARoundTripHoweverItIsSplit) {
  const Instrument i = instrument(GetParam());
  PositionAccount whole(i, i.lot_e8), split(i, i.lot_e8);
  whole.fill(Side::kBuy, PriceTicks(500'000), 1'000);
  const std::int64_t at_once = whole.fill(Side::kSell, PriceTicks(500'123), 1'000).value;
  std::int64_t in_parts = 0;
  for (int n = 0; n < 10; ++n) split.fill(Side::kBuy, PriceTicks(500'000), 100);
  int closes = 0;
  for (std::int64_t left = 1'000; left > 0; ++closes) {
    const std::int64_t n = left > 7 ? 7 : left;
    in_parts += split.fill(Side::kSell, PriceTicks(500'123), n).value;
    left -= n;
  }
  EXPECT_EQ(split.units(), 0);
  EXPECT_LE(in_parts, at_once);           // each rounding is against us
  EXPECT_GE(in_parts, at_once - closes);  // by at most 1e-8 a close
}

TEST_P(PositionOfMarket, ShortIsTheMirrorOfLong) {
  const Instrument i = instrument(GetParam());
  PositionAccount longer(i, i.lot_e8), shorter(i, i.lot_e8);
  longer.fill(Side::kBuy, PriceTicks(400'000), 50);
  shorter.fill(Side::kSell, PriceTicks(400'000), 50);
  const std::int64_t up = longer.fill(Side::kSell, PriceTicks(404'000), 50).value;
  const std::int64_t down = shorter.fill(Side::kBuy, PriceTicks(404'000), 50).value;
  EXPECT_GT(up, 0);
  EXPECT_LE(up + down, 0);
  EXPECT_GE(up + down, -1);
}

TEST_P(PositionOfMarket, AFillBeyondThePositionTurnsItAround) {
  const Instrument i = instrument(GetParam());
  PositionAccount sut(i, i.lot_e8);
  sut.fill(Side::kBuy, PriceTicks(500'000), 10);
  sut.fill(Side::kSell, PriceTicks(510'000), 25);
  EXPECT_EQ(sut.units(), -15);
  EXPECT_NEAR(sut.average_entry_ticks(), 510'000, 1e-6);
}

TEST_P(PositionOfMarket, SurvivesSaveAndLoad) {
  const Instrument i = instrument(GetParam());
  PositionAccount sut(i, i.lot_e8), other(i, i.lot_e8);
  sut.fill(Side::kSell, PriceTicks(500'001), 10);
  sut.fill(Side::kSell, PriceTicks(500'017), 11);
  sut.fill(Side::kBuy, PriceTicks(499'000), 4);
  std::vector<std::byte> store(256);
  StateWriter w(store);
  sut.save(w);
  ASSERT_FALSE(w.overflowed());
  StateReader r(std::span<const std::byte>(store.data(), w.size()));
  ASSERT_TRUE(other.load(r));
  EXPECT_EQ(other.units(), sut.units());
  EXPECT_EQ(other.basis(), sut.basis());
  EXPECT_EQ(other.unrealised(49'950'000'000'00).value, sut.unrealised(49'950'000'000'00).value);
}

INSTANTIATE_TEST_SUITE_P(Markets, PositionOfMarket,
                         ::testing::Values(Market::kSpot, Market::kLinear, Market::kInverse));

TEST(MulDivFloor, EqualsArbitraryPrecisionWhereTheProductPasses128Bits) {
  std::mt19937_64 random(7);
  const auto draw = [&random](int bits) {
    const auto v = (static_cast<UInt128>(random()) << 64 | random()) >> (128 - bits);
    return static_cast<Int128>(v);
  };
  const auto big = [](Int128 v) {
    const bool negative = v < 0;
    const auto u = static_cast<UInt128>(negative ? -v : v);
    Big b = Big(static_cast<std::uint64_t>(u >> 64)) << 64 | Big(static_cast<std::uint64_t>(u));
    return negative ? Big(-b) : b;
  };
  for (int n = 0; n < 20'000; ++n) {
    const int bits = 60 + static_cast<int>(random() % 60);
    Int128 a = draw(bits);
    if (random() % 2 == 0) a = -a;
    const Int128 b = draw(100);
    const Int128 c = draw(110) | (static_cast<Int128>(1) << 109);
    if (abs(big(a) * big(b)) / big(c) >= (Big(1) << 125)) continue;
    ASSERT_EQ(big(mul_div_floor(a, b, c)), floor_of(Rational(big(a) * big(b), big(c))));
  }
}

TEST(Gcd128, DividesBothAndIsTheGreatest) {
  EXPECT_TRUE(gcd128(12, 18) == 6);
  EXPECT_TRUE(gcd128(0, 5) == 5);
  EXPECT_TRUE(gcd128(-12, 18) == 6);
  const Int128 large = static_cast<Int128>(1) << 100;
  EXPECT_TRUE(gcd128(large * 3, large * 5) == large);
}

}  // namespace
}  // namespace pinstripe
