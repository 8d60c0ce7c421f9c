// Notional, fee and funding against plain arbitrary-precision arithmetic, and which way they round.
#include "shm/market/money.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>

namespace pinstripe {
namespace {

using Big = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

Big floor_of(const Rational& r) {
  Big q = numerator(r) / denominator(r);
  if (numerator(r) % denominator(r) != 0 && numerator(r) < 0) --q;
  return q;
}
Big ceil_of(const Rational& r) { return -floor_of(-r); }

Instrument instrument(Market market) {
  Instrument i;
  i.market = market;
  i.tick_e8 = 10'000'000;
  i.lot_e8 = market == Market::kInverse ? 100'000'000 : 100'000;
  i.multiplier_e8 = market == Market::kInverse ? 1'000'000'000 : 100'000'000;
  return i;
}

/// Value in 1e-8 settle, exact.
Rational value_of(const Instrument& i, std::int64_t price_e8, std::int64_t lots) {
  const Rational contracts = Rational(lots) * i.lot_e8 / 100'000'000;
  const Rational multiplier = Rational(i.multiplier_e8) / 100'000'000;
  const Rational price = Rational(price_e8) / 100'000'000;
  const Rational value = i.market == Market::kInverse ? Rational(contracts * multiplier / price)
                                                      : Rational(contracts * multiplier * price);
  return value * 100'000'000;
}

class MoneyOfMarket : public ::testing::TestWithParam<Market> {};

TEST_P(MoneyOfMarket, NotionalRoundsTheWayItIsAsked) {
  std::mt19937_64 random(11);
  const Instrument i = instrument(GetParam());
  for (int n = 0; n < 5'000; ++n) {
    const auto price = static_cast<std::int64_t>(random() % 10'000'000'000'000 + 1);
    const auto lots = static_cast<std::int64_t>(random() % 1'000'000);
    const Rational exact = value_of(i, price, lots);
    if (exact > 9'000'000'000'000'000'000LL) continue;
    ASSERT_EQ(Big(notional_at_e8(i, price, QtyLots(lots), true).value), ceil_of(exact));
    ASSERT_EQ(Big(notional_at_e8(i, price, QtyLots(lots), false).value), floor_of(exact));
  }
}

TEST_P(MoneyOfMarket, FeesAreNeverRoundedInOurFavour) {
  std::mt19937_64 random(12);
  const Instrument i = instrument(GetParam());
  for (int n = 0; n < 5'000; ++n) {
    const PriceTicks price(static_cast<std::int64_t>(random() % 900'000 + 100'000));
    const QtyLots lots(static_cast<std::int64_t>(random() % 10'000 + 1));
    const std::int64_t rate = static_cast<std::int64_t>(random() % 120'000) - 20'000;
    const Rational exact = value_of(i, price_e8(i, price), lots.value) * rate / 100'000'000;
    const Big got = fee_of(i, price, lots, rate).value;
    ASSERT_GE(got, ceil_of(exact));
    ASSERT_LE(got, ceil_of(exact) + 1);  // the notional was rounded first
  }
}

TEST_P(MoneyOfMarket, FundingIsPaidByLongsAtAPositiveRateAndRoundedAgainstUs) {
  std::mt19937_64 random(13);
  const Instrument i = instrument(GetParam());
  for (int n = 0; n < 5'000; ++n) {
    const auto lots = static_cast<std::int64_t>(random() % 20'001) - 10'000;
    const auto mark = static_cast<std::int64_t>(random() % 9'000'000'000'000 + 1'000'000);
    const std::int64_t rate = static_cast<std::int64_t>(random() % 200'001) - 100'000;
    const std::int64_t size = lots < 0 ? -lots : lots;
    const Rational value = value_of(i, mark, size);
    const Rational exact = (lots > 0 ? Rational(-value) : value) * rate / 100'000'000;
    const Big got = funding_of(i, QtyLots(lots), mark, rate).value;
    ASSERT_LE(got, floor_of(exact));
    ASSERT_GE(got, floor_of(exact) - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Markets, MoneyOfMarket,
                         ::testing::Values(Market::kSpot, Market::kLinear, Market::kInverse));

}  // namespace
}  // namespace pinstripe
