// Money of the paper venue: sanity oracles of trading.md 6, funding, markouts.
#include <gtest/gtest.h>

#include "tests/exec/venue_driver.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kS = kNsPerSecond;

/// Net cash of one instrument while flat: what the fills brought, less fees, plus funding.
std::int64_t net_of(const VenueDriver& d, const std::string& id) {
  EXPECT_EQ(d.count(id + ".position_lots"), 0);
  return d.count(id + ".trade_cash_e8") - d.count(id + ".fees_e8") + d.count(id + ".funding_e8");
}

TEST(AccountsTest, WhoNeverTradesHasNetZero) {
  VenueDriver d(test_config());
  d.open_book(100);
  for (int i = 0; i < 100; ++i) d.trade(1'000 + i, i % 2 == 0 ? Side::kBuy : Side::kSell, 1'000, 9);
  EXPECT_EQ(net_of(d, "TEST:PERP"), 0);
  EXPECT_EQ(d.count("TEST:PERP.fees_e8"), 0);
  EXPECT_TRUE(d.reports.empty());
}

/// Buys and sells `qty` at once as taker; returns net.
std::int64_t there_and_back(const Instrument& instrument, std::int64_t qty) {
  VenueDriver d(test_config({instrument}));
  d.open_book(100);
  d.send(1'000, Side::kBuy, 1'001, qty, kIocOrder);
  d.send(1'001, Side::kSell, 1'000, qty, kIocOrder);
  d.until(5'000);
  EXPECT_EQ(d.fills().size(), 2U);
  return net_of(d, instrument.id);
}

TEST(AccountsTest, BuyingAndSellingAtOnceLosesTheSpreadAndTwoTakerFeesToTheLastUnit) {
  // Prices 100.1 and 100.0, 0.004 BTC: spread 0.0004, fees 0.0005 x (0.4004 + 0.4000) = 0.0004002.
  EXPECT_EQ(there_and_back(test_perpetual(), 4), -(40'000 + 40'020));
  // Inverse: 4 contracts of 100 USD are 400/100.1 and 400/100.0 coins, each rounded against us.
  Int128 bought = Int128{400} * kE8 * kE8 / 10'010'000'000;       // gain, down
  Int128 sold = Int128{400} * kE8 * kE8 / 10'000'000'000;         // exact
  const std::int64_t fees = static_cast<std::int64_t>((bought + 1) * 50'000 / kE8 + 1 +
                                                      sold * 50'000 / kE8);
  EXPECT_EQ(there_and_back(test_inverse(), 4), static_cast<std::int64_t>(bought - sold) - fees);
}

TEST(AccountsTest, DoubledFeesChangeNetByExactlyTheFees) {
  Instrument dear = test_perpetual();
  dear.maker_fee_e8 *= 2;
  dear.taker_fee_e8 *= 2;
  const std::int64_t cheap_net = there_and_back(test_perpetual(), 5);
  const std::int64_t dear_net = there_and_back(dear, 5);
  EXPECT_EQ(cheap_net - dear_net, 50'025);  // 0.0005 x (0.5005 + 0.5000)
}

TEST(AccountsTest, WhoKnowsTheNextPriceEarns) {
  VenueDriver d(test_config());
  d.open_book(100);
  d.send(1'000, Side::kBuy, 1'001, 5, kIocOrder);
  d.until(2'000);
  for (int i = 0; i < 5; ++i) {
    d.ask(3'000, 1'001 + i, 0, false);
    d.bid(3'000, 1'000 + i, 0, false);
  }
  d.bid(3'000, 1'050, 9, false);
  d.ask(3'000, 1'051, 9);
  d.send(4'000, Side::kSell, 1'050, 5, kIocOrder);
  d.until(6'000);
  EXPECT_GT(net_of(d, "TEST:PERP"), 0);
}

TEST(AccountsTest, FundingIsPaidAtItsInstantOnThePositionHeldAtMark) {
  ExecConfig config = test_config();
  config.funding = {{{8 * 3600 * kS, 10'000}}};  // 1 bp
  VenueDriver d(config);
  const std::int64_t at = 8 * 3600 * kS;
  d.open_book(at - 10 * kS);
  EXPECT_EQ(d.sut.next_due(), TimeNs::max()) << "flat: nothing is due";
  d.send(at - 9 * kS, Side::kBuy, 1'001, 5, kIocOrder);
  d.until(at - 8 * kS);
  d.market(at - 1, MsgType::kMark, 10'020'000'000, 0, kFlagEndOfUpdate);
  EXPECT_EQ(d.sut.next_due(), TimeNs(at));
  d.until(at);
  ASSERT_EQ(d.reports.back().kind, ExecKind::kFunding);
  // 0.005 x 100.2 x 0.0001 = 0.0000501, paid by a long at a positive rate
  EXPECT_EQ(d.reports.back().cash_e8, MoneyE8(-5'010));
  EXPECT_EQ(d.reports.back().last_lots, QtyLots(5));
  EXPECT_EQ(d.reports.back().price_e8, 10'020'000'000);
  EXPECT_EQ(d.count("TEST:PERP.funding_e8"), -5'010);
  EXPECT_EQ(d.count("TEST:PERP.position_lots"), 5) << "funding changes cash, never the position";
  EXPECT_EQ(d.count("funding_unknown"), 0);
  d.until(at + 9 * 3600 * kS);  // beyond the file: counted, not taken as zero
  EXPECT_EQ(d.count("funding_unknown"), 1);
  EXPECT_EQ(d.count("TEST:PERP.funding_unknown"), 1);
  EXPECT_EQ(d.count("funding_paid"), 1);
}

TEST(AccountsTest, TheVenuesAnnouncementServesWhereNoFileNamesARate) {
  VenueDriver d(test_config());
  const std::int64_t at = 16 * 3600 * kS;
  d.open_book(at - 10 * kS);
  d.send(at - 9 * kS, Side::kBuy, 1'001, 5, kIocOrder);
  d.until(at - 8 * kS);
  d.market(at - 2, MsgType::kFunding, -20'000, at, kFlagEndOfUpdate);
  d.market(at, MsgType::kFunding, 777, at + 8 * 3600 * kS, kFlagEndOfUpdate);  // already the next
  d.until(at);
  EXPECT_EQ(d.count("funding_paid"), 1);
  // without a mark the mid: 0.005 x 100.05 x 0.0002 received by a long at a negative rate
  EXPECT_EQ(d.count("TEST:PERP.funding_e8"), 10'005);
  EXPECT_EQ(d.sut.next_due(), TimeNs(at + 8 * 3600 * kS));
}

TEST(AccountsTest, SpotAndFlatPositionsPayNoFunding) {
  VenueDriver d(test_config({test_spot()}));
  d.open_book(100);
  d.send(1'000, Side::kBuy, 1'001, 5, kIocOrder);
  d.until(100 * 3600 * kS);
  EXPECT_EQ(d.count("funding_paid") + d.count("funding_unknown"), 0);
}

TEST(AccountsTest, MarkoutsAreTheMidsMoveInOurFavourAfterOneAndFiveSeconds) {
  VenueDriver d(test_config());
  d.open_book(100);
  d.send(1'000, Side::kBuy, 1'000, 1, kPostOnlyOrder);
  d.until(3'000);
  d.trade(4'000, Side::kSell, 999, 1);  // fill at mid 1000.5
  d.bid(5'000, 1'000, 0, false);
  d.ask(5'000, 1'001, 0, false);
  d.ask(5'000, 1'002, 0, false);
  d.ask(5'000, 1'000, 1);  // mid 999.5
  d.bid(4'000 + kS, 998, 9);  // at the instant itself: still part of it
  EXPECT_EQ(d.count("TEST:PERP.markout_1s_count"), 0);
  d.ask(4'001 + kS, 1'000, 3);
  EXPECT_EQ(d.count("TEST:PERP.markout_1s_count"), 1);
  // -1.0 / 1000.5 in bps x 1e6, towards zero
  EXPECT_EQ(d.count("TEST:PERP.markout_1s_e6_sum"), -9'995'002);
  EXPECT_EQ(d.count("TEST:PERP.maker_markout_1s_e6_sum"), -9'995'002);
  d.state(3 * kS, BookState::kStale);
  d.state(6 * kS, BookState::kValid);
  EXPECT_EQ(d.count("TEST:PERP.markout_5s_count"), 0);
  EXPECT_EQ(d.count("markouts_unknown"), 1) << "no valid mid at that instant";
}

TEST(AccountsTest, TakersSlippageIsMeasuredFromTheMidOnArrival) {
  VenueDriver d(test_config());
  d.open_book(100);
  d.send(1'000, Side::kSell, 1'000, 2, kIocOrder);
  d.until(3'000);
  EXPECT_EQ(d.count("TEST:PERP.taker_slippage_count"), 1);
  EXPECT_EQ(d.count("TEST:PERP.taker_slippage_e6_sum"), 4'997'501);  // half a tick of 1000.5
}

}  // namespace
}  // namespace pinstripe
