// Transitions of the default policy: open, hold, close, stop, time stop, take profit, re-quote.
#include <gtest/gtest.h>

#include "tests/risk/harness.h"

namespace pinstripe {
namespace {

using testing::Harness;
using testing::kMs;

TEST(RiskPolicy, OpensPostOnlyAtTheOwnTouchWhenFlatAndConfident) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  ASSERT_EQ(h.count(), 1U);
  const OrderCommand c = h.last();
  EXPECT_EQ(c.kind, CommandKind::kNew);
  EXPECT_EQ(c.purpose, Purpose::kEntry);
  EXPECT_EQ(c.h.side(), Side::kBuy);
  EXPECT_EQ(c.price_ticks.value, 500'000);
  EXPECT_EQ(c.tif, TimeInForce::kGtc);
  EXPECT_EQ(c.flags, kOrderPostOnly | kOrderOpens);
  EXPECT_EQ(c.qty_lots.value, 19);  // 10 % of 10,000 at 50,000.05 is 0.01999...
  EXPECT_EQ(c.number, 1U);
  EXPECT_EQ(c.id.decision, 1U);
  EXPECT_EQ(c.expires_ns, h.now + 5 * kMs);
}

TEST(RiskPolicy, SellsShortAtTheAskOnADownSignal) {
  Harness h;
  h.ready(500'000);
  h.signal(0.4);
  ASSERT_EQ(h.count(), 1U);
  EXPECT_EQ(h.last().h.side(), Side::kSell);
  EXPECT_EQ(h.last().price_ticks.value, 500'001);
}

TEST(RiskPolicy, DoesNothingBelowTheEntryProbability) {
  Harness h;
  h.ready();
  h.signal(0.549);
  h.signal(0.451);
  h.signal(0.5);
  EXPECT_EQ(h.count(), 0U);
  EXPECT_EQ(h.denied_all(), 0);
}

TEST(RiskPolicy, HoldsOnSameSideAndNeutralAndClosesOnOppositeWithoutReversing) {
  Harness h;
  h.ready(500'000);
  h.open();
  const std::int64_t held = h.position();
  ASSERT_GT(held, 0);
  h.signal(0.7);
  h.signal(0.5);
  EXPECT_EQ(h.count(), 1U);
  h.signal(0.3);
  ASSERT_EQ(h.count(), 2U);
  const OrderCommand exit = h.last();
  EXPECT_EQ(exit.purpose, Purpose::kExit);
  EXPECT_EQ(exit.h.side(), Side::kSell);
  EXPECT_EQ(exit.qty_lots.value, held);
  EXPECT_EQ(exit.flags, kOrderPostOnly | kOrderReduceOnly | kOrderExempt);
  EXPECT_EQ(exit.expires_ns, 0);
  h.fill_all(exit);
  EXPECT_EQ(h.position(), 0);
  EXPECT_EQ(h.count(), 2U);  // opens only at a later signal
  h.signal(0.3);
  EXPECT_EQ(h.count(), 3U);
  EXPECT_EQ(h.last().purpose, Purpose::kEntry);
}

TEST(RiskPolicy, TakesTheEntryBackAfterHalfAHorizon) {
  Harness h;
  h.ready();
  h.signal(0.6);
  h.accept(OrderCommand(h.last()));
  h.advance(2499 * kMs);
  EXPECT_EQ(h.count(), 1U);
  h.advance(1 * kMs);
  ASSERT_EQ(h.count(), 2U);
  EXPECT_EQ(h.last().kind, CommandKind::kCancel);
  EXPECT_EQ(h.last().purpose, Purpose::kCancelTtl);
  EXPECT_EQ(h.last().id.decision, 1U);
  h.advance(60'000 * kMs);
  EXPECT_EQ(h.count(), 2U);  // one cancel an order
}

TEST(RiskPolicy, TakesTheEntryBackWhenTheSignalTurns) {
  Harness h;
  h.ready();
  h.signal(0.6);
  h.accept(OrderCommand(h.last()));
  h.signal(0.4);
  ASSERT_EQ(h.count(), 2U);
  EXPECT_EQ(h.last().purpose, Purpose::kCancelOpposite);
  h.signal(0.4);
  EXPECT_EQ(h.count(), 2U);
}

TEST(RiskPolicy, RequotesOncePerDecisionAfterTheTouchHasLeft) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand entry = h.last();
  h.accept(entry);
  h.touch(500'010, 500'011);
  EXPECT_EQ(h.count(), 1U);  // only a decision re-quotes
  h.signal(0.6);
  ASSERT_EQ(h.count(), 2U);
  EXPECT_EQ(h.last().purpose, Purpose::kRequote);
  EXPECT_EQ(h.last().kind, CommandKind::kCancel);
  h.close_unfilled(entry, ExecKind::kCancelled, h.last().number);
  EXPECT_EQ(h.count(), 2U);
  h.signal(0.6);
  ASSERT_EQ(h.count(), 3U);
  EXPECT_EQ(h.last().kind, CommandKind::kNew);
  EXPECT_EQ(h.last().purpose, Purpose::kRequote);
  EXPECT_EQ(h.last().price_ticks.value, 500'010);
}

TEST(RiskPolicy, AnUnfilledPassiveExitBecomesAnIocWithinTheCollar) {
  Harness h;
  h.ready(500'000);
  h.open();
  h.signal(0.4);
  const OrderCommand exit = h.last();
  h.accept(exit);
  h.advance(1000 * kMs);
  ASSERT_EQ(h.last().kind, CommandKind::kCancel);
  EXPECT_EQ(h.last().purpose, Purpose::kCancelTtl);
  h.close_unfilled(exit, ExecKind::kCancelled, h.last().number);
  const OrderCommand ioc = h.last();
  EXPECT_EQ(ioc.purpose, Purpose::kExitIoc);
  EXPECT_EQ(ioc.tif, TimeInForce::kIoc);
  EXPECT_EQ(ioc.price_ticks.value, 500'000 - 1000);  // 20 bps beyond the bid
  h.fill_all(ioc, 500'000);
  EXPECT_EQ(h.position(), 0);
}

TEST(RiskPolicy, StopsAtOnceByIocWhenTheTouchReachesTheStop) {
  Harness h;
  h.ready(500'000);
  h.open();  // stop = 2 x taker round trip = 20 bps
  const std::size_t before = h.count();
  h.touch(499'001, 499'002);
  EXPECT_EQ(h.count(), before);
  h.touch(499'000, 499'001);
  ASSERT_EQ(h.count(), before + 1);
  EXPECT_EQ(h.last().purpose, Purpose::kStop);
  EXPECT_EQ(h.last().tif, TimeInForce::kIoc);
  EXPECT_EQ(h.last().h.side(), Side::kSell);
  EXPECT_EQ(h.last().qty_lots.value, h.position());
}

TEST(RiskPolicy, AStopThatMissedIsTriedAgainEvenWhenTheTouchComesBack) {
  Harness h;
  h.ready(500'000);
  h.open();
  h.touch(499'000, 499'001);
  const OrderCommand stop = h.last();
  h.close_unfilled(stop, ExecKind::kExpired, stop.number);
  h.touch(500'500, 500'501);
  h.advance(200 * kMs);
  EXPECT_EQ(h.last().purpose, Purpose::kStop);
  EXPECT_GT(h.last().number, stop.number);
}

TEST(RiskPolicy, TimeStopClosesByIocAtThreeHorizons) {
  Harness h;
  h.ready(500'000);
  h.open();
  const std::size_t before = h.count();
  h.advance(14'999 * kMs);
  EXPECT_EQ(h.count(), before);
  h.advance(1 * kMs);
  ASSERT_EQ(h.count(), before + 1);
  EXPECT_EQ(h.last().purpose, Purpose::kTimeStop);
  EXPECT_EQ(h.last().tif, TimeInForce::kIoc);
}

TEST(RiskPolicy, TakeProfitRestsAtTheOwnTouchFirst) {
  Harness h;
  h.ready(500'000);
  h.open();
  h.touch(502'000, 502'001);  // 40 bps = 2 x stop
  EXPECT_EQ(h.last().purpose, Purpose::kTakeProfit);
  EXPECT_EQ(h.last().price_ticks.value, 502'001);
  EXPECT_EQ(h.last().flags & kOrderPostOnly, kOrderPostOnly);
}

TEST(RiskPolicy, AShortPositionHasItsStopAboveAndItsProfitBelow) {
  Harness h;
  h.ready(500'000);
  h.open(false);
  ASSERT_LT(h.position(), 0);
  EXPECT_EQ(h.state().stop_ticks, 501'001);
  EXPECT_EQ(h.state().take_profit_ticks, 498'000);
  h.touch(501'000, 501'001);
  EXPECT_EQ(h.last().purpose, Purpose::kStop);
  EXPECT_EQ(h.last().h.side(), Side::kBuy);
}

TEST(RiskPolicy, ExitsWaitForTheRestingExitBeforeTheyTakeMore) {
  Harness h;
  h.ready(500'000);
  h.open();
  h.signal(0.4);
  const OrderCommand passive = h.last();
  h.accept(passive);
  h.touch(499'000, 499'001);  // stop: the resting exit must go first, never both
  ASSERT_EQ(h.last().kind, CommandKind::kCancel);
  const std::size_t before = h.count();
  h.touch(498'000, 498'001);
  EXPECT_EQ(h.count(), before);
  h.close_unfilled(passive, ExecKind::kCancelled, h.last().number);
  EXPECT_EQ(h.last().purpose, Purpose::kStop);
}

TEST(RiskPolicy, SpotIsLongOrFlat) {
  RiskConfig config = Harness::base_config();
  config.instruments = {testing::spot_instrument()};
  Harness h(config);
  h.ready(500'000);
  h.signal(0.3);
  EXPECT_EQ(h.count(), 0U);
  EXPECT_EQ(h.denied(Denial::kSpotLongOnly), 1);
  h.signal(0.7);
  ASSERT_EQ(h.count(), 1U);
  const OrderCommand entry = h.last();
  h.accept(entry);
  ExecReport r = h.make_fill(entry, entry.qty_lots.value, entry.qty_lots.value);
  r.fee_in_base = 1;
  r.fee_e8 = MoneyE8(entry.qty_lots.value * 100'000 / 1000);  // 10 bps of the base bought
  h.deliver(r);
  EXPECT_EQ(h.position(), entry.qty_lots.value - 1);  // the fee left less than the last lot
  h.signal(0.3);  // a short signal closes
  EXPECT_EQ(h.last().h.side(), Side::kSell);
  EXPECT_EQ(h.last().qty_lots.value, h.position());
  h.fill_all(OrderCommand(h.last()));
  EXPECT_EQ(h.position(), 0);
  h.signal(0.3);
  EXPECT_EQ(h.denied(Denial::kSpotLongOnly), 2);
}

TEST(RiskPolicy, EverySignalSendsOneLeastIocPerFreshSignalAndStaysBounded) {
  RiskConfig config = every_signal_defaults();
  config.instruments = {testing::linear_instrument()};
  Harness h(config);
  h.ready(500'000);
  for (int n = 0; n < 100; ++n) {
    h.signal(0.5);
    const OrderCommand c = h.last();
    EXPECT_EQ(c.purpose, Purpose::kBench);
    EXPECT_EQ(c.tif, TimeInForce::kIoc);
    EXPECT_EQ(c.qty_lots.value, 1);
    EXPECT_EQ(c.h.side(), n % 2 == 0 ? Side::kBuy : Side::kSell);
    h.fill_all(c);
    EXPECT_LE(std::abs(h.position()), 1);
  }
  EXPECT_EQ(h.count(), 100U);
  Signal old = h.make_signal(0.5);
  old.h.origin_ns = TimeNs(h.now - config.budget_ns - 1);
  h.deliver(old);
  EXPECT_EQ(h.count(), 100U);
  EXPECT_EQ(h.denied(Denial::kStale), 1);
}

}  // namespace
}  // namespace pinstripe
