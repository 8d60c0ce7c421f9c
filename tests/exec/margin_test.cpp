// Cross margin and liquidation of the paper venue: golden cases computed by hand, and what a
// liquidation does to orders, positions and money.
#include <gtest/gtest.h>

#include "tests/exec/venue_driver.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kUnit = 100'000'000;  // 1 of the settle asset

/// 1 % to a notional of 5, 2 % to 100: the second deducts 5 x (2 % - 1 %) = 0.05.
std::vector<MarginTier> two_tiers() {
  return {{5 * kUnit, 1'000'000, 0}, {100 * kUnit, 2'000'000, 5'000'000}};
}

/// Opening cash 1 USDT, 100 bps for a liquidation.
ExecConfig margin_config(std::vector<Instrument> instruments = {test_perpetual()}) {
  for (Instrument& i : instruments) {
    if (i.market != Market::kSpot) i.tiers = two_tiers();
  }
  ExecConfig c = test_config(std::move(instruments));
  c.margin = {true, "", kUnit, 1'000'000};
  return c;
}

/// 300 lots at 100.0 | 300 at 100.1.
void deep_book(VenueDriver& d, std::uint16_t instrument = 0) {
  d.level(10, Side::kBuy, 1'000, 300, false, instrument);
  d.level(10, Side::kSell, 1'001, 300, false, instrument);
  d.state(10, BookState::kValid, false, instrument);
}
void mark(VenueDriver& d, std::int64_t t, std::int64_t price_e8, std::uint16_t instrument = 0) {
  d.market(t, MsgType::kMark, price_e8, 0, kFlagEndOfUpdate, instrument);
}
std::vector<ExecReport> liquidations(const VenueDriver& d) {
  std::vector<ExecReport> some;
  for (const ExecReport& r : d.reports) {
    if (r.kind == ExecKind::kLiquidation) some.push_back(r);
  }
  return some;
}
const Margin& margin(const VenueDriver& d) { return d.sut.venue().margin(); }

TEST(MarginTest, MaintenanceIsContinuousFromTierToTierAndRoundedUp) {
  const auto tiers = two_tiers();
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(0)), MoneyE8(0));
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(1)), MoneyE8(1));
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(5 * kUnit)), MoneyE8(5'000'000));
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(5 * kUnit + 1)), MoneyE8(5'000'001));
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(50 * kUnit)), MoneyE8(95'000'000));  // 1.00 - 0.05
  // The last tier holds beyond its cap.
  EXPECT_EQ(maintenance_of(tiers, MoneyE8(200 * kUnit)), MoneyE8(395'000'000));
}

TEST(MarginTest, ALongIsLiquidatedAtTheFirstMarkThatDoesNotCarryIt) {
  VenueDriver d(margin_config());
  deep_book(d);
  d.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  d.until(3'000);
  // 0.1 at 100.1: notional 10.01, fee 0.005005, cash 0.994995.
  // Mark m: equity 0.994995 + 0.1 (m - 100.1), maintenance 0.1 m x 2 % - 0.05.
  mark(d, 4'000, 9'147'970'000);  // 91.4797: 0.132965 against 0.1329594
  EXPECT_EQ(margin(d).equity(0), MoneyE8(13'296'500));
  EXPECT_EQ(margin(d).maintenance(0), MoneyE8(13'295'940));
  EXPECT_TRUE(liquidations(d).empty());
  mark(d, 5'000, 9'147'960'000);  // 91.4796: 0.132955 against 0.1329592
  ASSERT_EQ(liquidations(d).size(), 1U);
  const ExecReport& r = d.reports.back();
  EXPECT_EQ(r.kind, ExecKind::kLiquidation);
  EXPECT_EQ(r.h.side(), Side::kSell);
  EXPECT_EQ(r.last_ticks, PriceTicks(914)) << "91.4: the tick below the mark";
  EXPECT_EQ(r.last_lots, QtyLots(100));
  EXPECT_EQ(r.price_e8, 9'147'960'000);
  EXPECT_EQ(r.fee_e8, MoneyE8(457'000 + 9'140'000));  // 9.14 x (5 + 100 bps)
  EXPECT_EQ(r.reason, ExecReason::kLiquidation);
  EXPECT_FALSE(r.h.has(kFlagMaker));
  EXPECT_EQ(r.h.cause_seq, d.market_count - 1) << "caused by the mark";
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(0));
  // 0.994995 + 0.1 x (91.4 - 100.1) - 0.09597
  EXPECT_EQ(margin(d).equity(0), MoneyE8(2'902'500));
  EXPECT_EQ(margin(d).maintenance(0), MoneyE8(0));
  EXPECT_EQ(d.count("liquidations"), 1);
  EXPECT_EQ(d.count("TEST:PERP.position_lots"), 0);
  mark(d, 6'000, 5'000'000'000);
  EXPECT_EQ(liquidations(d).size(), 1U) << "nothing is left to take";
}

TEST(MarginTest, AShortIsLiquidatedOnTheTickAboveTheMark) {
  VenueDriver d(margin_config());
  deep_book(d);
  d.send(1'000, Side::kSell, 1'000, 100, kIocOrder);
  d.until(3'000);
  // 0.1 at 100.0: fee 0.005, cash 0.995. Equity 10.995 - 0.1 m, maintenance 0.002 m - 0.05.
  mark(d, 4'000, 10'828'430'000);  // 108.2843: 0.16657 against 0.1665686
  EXPECT_TRUE(liquidations(d).empty());
  mark(d, 5'000, 10'828'440'000);  // 108.2844: 0.16656 against 0.1665688
  ASSERT_EQ(liquidations(d).size(), 1U);
  EXPECT_EQ(d.reports.back().h.side(), Side::kBuy);
  EXPECT_EQ(d.reports.back().last_ticks, PriceTicks(1'083));
  EXPECT_EQ(d.reports.back().fee_e8, MoneyE8(541'500 + 10'830'000));  // of 10.83
  // 0.995 - 0.1 x 8.3 - 0.113715
  EXPECT_EQ(margin(d).equity(0), MoneyE8(5'128'500));
}

TEST(MarginTest, AnInverseAccountOpensInCoinAndIsLiquidatedInCoin) {
  ExecConfig config = margin_config({test_inverse()});
  config.margin.opening_e8 = 10 * kUnit;
  VenueDriver d(config);
  deep_book(d);
  EXPECT_EQ(margin(d).equity(0), MoneyE8(9'995'002)) << "10 USD / 100.05, rounded down";
  d.send(1'000, Side::kBuy, 1'001, 1, kIocOrder);
  d.until(3'000);
  // One contract of 100 USD at 100.1: notional 0.999001 coins, fee 0.00049951, cash 0.09945051.
  // Equity = cash + 100 (1/100.1 - 1/m), maintenance 1 % of 100/m.
  mark(d, 4'000, 9'194'761'930);
  EXPECT_TRUE(liquidations(d).empty());
  mark(d, 5'000, 9'194'761'929);  // both 0.01087576
  ASSERT_EQ(liquidations(d).size(), 1U);
  EXPECT_EQ(d.reports.back().last_ticks, PriceTicks(919));
  EXPECT_EQ(d.reports.back().fee_e8, MoneyE8(54'407 + 1'088'140));  // of 1.08813928 coins
  // 0.09945051 - 0.08913829 (100/91.9 less 100/100.1) - 0.01142547: a debt
  EXPECT_EQ(margin(d).equity(0), MoneyE8(-111'325));
}

Instrument second_perpetual() {
  Instrument i = test_perpetual();
  i.id = "TEST:OTHER";
  i.symbol = "OTHER";
  return i;
}

TEST(MarginTest, PositionsOfOneAccountCarryEachOtherAndFallTogether) {
  VenueDriver d(margin_config({test_perpetual(), second_perpetual(), test_spot()}));
  for (const std::uint16_t i : {0, 1, 2}) deep_book(d, i);
  d.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  OrderForm short_other = kIocOrder;
  short_other.instrument = 1;
  d.send(1'001, Side::kSell, 1'000, 100, short_other);
  OrderForm resting = kPostOnlyOrder;
  const OrderId own = d.send(1'002, Side::kBuy, 990, 3, resting);
  resting.instrument = 1;
  const OrderId other = d.send(1'003, Side::kSell, 1'020, 3, resting);
  resting.instrument = 2;
  const OrderId spot = d.send(1'004, Side::kBuy, 990, 3, resting);
  d.until(3'000);
  mark(d, 4'000, 9'000'000'000, 0);  // loses 1.01 ...
  EXPECT_EQ(liquidations(d).size(), 2U);
  VenueDriver hedged(margin_config({test_perpetual(), second_perpetual()}));
  for (const std::uint16_t i : {0, 1}) deep_book(hedged, i);
  hedged.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  hedged.send(1'001, Side::kSell, 1'000, 100, short_other);
  hedged.until(3'000);
  mark(hedged, 3'500, 9'000'000'000, 1);  // ... where the short has earned 1.00 first
  mark(hedged, 4'000, 9'000'000'000, 0);
  EXPECT_TRUE(liquidations(hedged).empty());
  // What the fall leaves: orders of the account cancelled before, spot's untouched, all flat.
  EXPECT_EQ(d.of(own).back().reason, ExecReason::kLiquidation);
  EXPECT_EQ(d.of(own).back().state, OrderState::kCancelled);
  EXPECT_EQ(d.of(other).back().reason, ExecReason::kLiquidation);
  EXPECT_EQ(d.of(spot).back().kind, ExecKind::kAccepted);
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(0));
  EXPECT_EQ(d.sut.venue().position(1), QtyLots(0));
  EXPECT_EQ(d.reports.back().h.instrument, 1) << "by instrument, after the cancels";
  EXPECT_EQ(d.count("resting_now"), 1);
}

TEST(MarginTest, AJumpPastBankruptcyLeavesADebt) {
  VenueDriver d(margin_config());
  deep_book(d);
  d.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  d.until(3'000);
  mark(d, 4'000, 5'000'000'000);
  // 0.994995 + 0.1 x (50 - 100.1) - 5 x (5 + 100 bps)
  EXPECT_EQ(margin(d).equity(0), MoneyE8(99'499'500 - 501'000'000 - 5'250'000));
}

TEST(MarginTest, WhereNoMarkComesTheMidOfAValidBookDecides) {
  VenueDriver d(margin_config());
  deep_book(d);
  d.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  d.until(3'000);
  d.state(4'000, BookState::kGap);
  d.level(4'001, Side::kBuy, 1'000, 0, false);
  d.level(4'001, Side::kBuy, 900, 5);
  EXPECT_TRUE(liquidations(d).empty()) << "an invalid book moves no money";
  d.state(5'000, BookState::kValid);  // mid 95.05
  EXPECT_EQ(margin(d).valued_at_e8(0), 9'505'000'000);
  EXPECT_TRUE(liquidations(d).empty());
  d.ask(6'000, 901, 5);  // mid 90.05
  ASSERT_EQ(liquidations(d).size(), 1U);
  EXPECT_EQ(d.reports.back().last_ticks, PriceTicks(900));
}

TEST(MarginTest, FundingAndFeesCanBeTheLastStraw) {
  ExecConfig config = margin_config();
  const std::int64_t at = 8 * 3600 * kNsPerSecond;
  config.funding = {{{at, 10'000'000}}};  // 10 %
  VenueDriver d(config);
  deep_book(d);
  d.send(at - 9'000, Side::kBuy, 1'001, 100, kIocOrder);
  d.until(at - 7'000);
  mark(d, at - 6'000, 10'000'000'000);
  EXPECT_TRUE(liquidations(d).empty());
  d.until(at);  // pays 1.00 of 0.984995
  ASSERT_EQ(liquidations(d).size(), 1U);
  EXPECT_EQ(d.reports[d.reports.size() - 2].kind, ExecKind::kFunding);
}

TEST(MarginTest, AnOrderThatArrivesAtAnEmptyAccountIsLiquidatedAsSoonAsItFills) {
  VenueDriver d(margin_config());
  deep_book(d);
  d.send(1'000, Side::kBuy, 1'001, 100, kIocOrder);
  d.until(3'000);
  mark(d, 4'000, 5'000'000'000);
  d.send(5'000, Side::kBuy, 1'001, 10, kIocOrder);
  d.until(7'000);
  EXPECT_EQ(liquidations(d).size(), 2U);
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(0));
}

TEST(MarginTest, WithoutTiersNothingIsLiquidated) {
  VenueDriver d(test_config());
  deep_book(d);
  d.send(1'000, Side::kBuy, 1'001, 300, kIocOrder);
  d.until(3'000);
  mark(d, 4'000, 1);
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(300));
  EXPECT_FALSE(margin(d).on());
}

}  // namespace
}  // namespace pinstripe
