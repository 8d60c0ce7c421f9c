// Each rule of the paper venue by itself, on hand-made tapes. Prices in ticks, 1000 | 1001 at the
// touch.
#include <gtest/gtest.h>

#include "tests/exec/venue_driver.h"

namespace pinstripe {
namespace {

constexpr OrderForm kReduceIoc{OrderType::kLimit, TimeInForce::kIoc,
                               kOrderReduceOnly | kOrderExempt, 0, 0};

VenueDriver opened(const ExecConfig& config = test_config()) {
  VenueDriver d(config);
  d.open_book(100);
  return d;
}

TEST(PaperVenueTest, AnOrderArrivesOneLatencyAfterItWasSent) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  EXPECT_TRUE(d.of(id).empty());
  EXPECT_TRUE(d.sut.resting());
  EXPECT_EQ(d.sut.next_due(), TimeNs(2'000));
  d.until(2'000);
  ASSERT_EQ(d.of(id).size(), 1U);
  const ExecReport r = d.of(id)[0];
  EXPECT_EQ(r.kind, ExecKind::kAccepted);
  EXPECT_EQ(r.state, OrderState::kAccepted);
  EXPECT_EQ(r.venue_ns, 2'000);
  EXPECT_EQ(r.answers, 1U);
  EXPECT_EQ(r.leaves_lots, QtyLots(3));
  EXPECT_EQ(r.h.cause_ring, kTestOrdersRing);
  EXPECT_EQ(r.h.cause_seq, 0U);
  EXPECT_EQ(r.h.origin_ns, TimeNs(990));
  EXPECT_EQ(r.bid_ticks, PriceTicks(1'000));
  EXPECT_EQ(r.ask_ticks, PriceTicks(1'001));
}

TEST(PaperVenueTest, ATradeMustEatTheQueueBeforeItFillsUs) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);  // behind 5
  d.until(2'000);
  d.trade(3'000, Side::kSell, 1'000, 4);
  EXPECT_TRUE(d.fills().empty());
  d.trade(4'000, Side::kSell, 1'000, 3);  // 1 of the queue, 2 for us
  ASSERT_EQ(d.fills().size(), 1U);
  const ExecReport f = d.fills()[0];
  EXPECT_EQ(f.last_lots, QtyLots(2));
  EXPECT_EQ(f.last_ticks, PriceTicks(1'000));
  EXPECT_EQ(f.rule, FillRule::kQueue);
  EXPECT_TRUE(f.h.has(kFlagMaker));
  EXPECT_EQ(f.state, OrderState::kPartlyFilled);
  EXPECT_EQ(f.h.cause_ring, kTestMarketRing);
  EXPECT_EQ(f.h.cause_seq, d.market_count - 1) << "the trade is the cause";
  EXPECT_EQ(f.h.origin_ns, TimeNs(4'000));
  d.trade(5'000, Side::kSell, 1'000, 100);
  ASSERT_EQ(d.fills().size(), 2U);
  EXPECT_EQ(d.fills()[1].last_lots, QtyLots(1)) << "never more than the order";
  EXPECT_EQ(d.fills()[1].state, OrderState::kFilled);
  EXPECT_FALSE(d.sut.venue().resting());
}

TEST(PaperVenueTest, TradesOfTheOtherAggressorOrAtOtherPricesDoNotFill) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  d.until(2'000);
  d.trade(3'000, Side::kBuy, 1'001, 50);
  d.trade(3'100, Side::kBuy, 1'000, 50);
  d.trade(3'200, Side::kSell, 1'001, 50);
  d.trade(3'300, Side::kSell, 999, 50, kFlagNonMarket);
  EXPECT_TRUE(d.fills().empty());
  EXPECT_EQ(d.count("non_market_trades"), 1);
}

TEST(PaperVenueTest, ATradeThroughThePriceFillsCompletelyAtOurPrice) {
  for (const Side aggressor : {Side::kSell, Side::kBuy}) {
    VenueDriver d = opened();
    d.send(1'000, Side::kBuy, 1'000, 30, kPostOnlyOrder);
    d.until(2'000);
    d.trade(3'000, aggressor, 999, 1);
    ASSERT_EQ(d.fills().size(), 1U);
    EXPECT_EQ(d.fills()[0].last_lots, QtyLots(30));
    EXPECT_EQ(d.fills()[0].last_ticks, PriceTicks(1'000));
    EXPECT_EQ(d.fills()[0].rule, FillRule::kTradeThrough);
  }
}

TEST(PaperVenueTest, TheOppositeTouchFillsOnlyAtTheEndOfTheUpdate) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 7, kPostOnlyOrder);
  d.until(2'000);
  d.bid(3'000, 1'000, 0, false);
  d.ask(3'000, 1'000, 2, false);
  EXPECT_TRUE(d.fills().empty()) << "in the middle of a venue message nothing is decided";
  d.ask(3'000, 1'002, 9, true);
  ASSERT_EQ(d.fills().size(), 1U);
  EXPECT_EQ(d.fills()[0].last_lots, QtyLots(7));
  EXPECT_EQ(d.fills()[0].last_ticks, PriceTicks(1'000));
  EXPECT_EQ(d.fills()[0].rule, FillRule::kTouchThrough);
  EXPECT_EQ(d.fills()[0].h.cause_seq, d.market_count - 1);
}

TEST(PaperVenueTest, ATradesQuantityIsSharedFirstInFirstOut) {
  VenueDriver d = opened();
  const OrderId first = d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);  // behind 5
  d.until(2'000);
  d.bid(2'500, 1'000, 7);                                                    // 2 join behind us
  const OrderId second = d.send(3'000, Side::kBuy, 1'000, 4, kPostOnlyOrder);  // behind 7
  d.until(4'000);
  d.trade(5'000, Side::kSell, 1'000, 9);  // 5 public, 3 first, 1 of the 2 between
  ASSERT_EQ(d.fills().size(), 1U);
  EXPECT_EQ(d.fills()[0].id, first);
  EXPECT_EQ(d.fills()[0].last_lots, QtyLots(3));
  d.trade(6'000, Side::kSell, 1'000, 3);  // 1 between, 2 for the second
  ASSERT_EQ(d.fills().size(), 2U);
  EXPECT_EQ(d.fills()[1].id, second);
  EXPECT_EQ(d.fills()[1].last_lots, QtyLots(2));
}

TEST(PaperVenueTest, OwnOrdersOfOnePriceNeverShareMoreThanOneTradeBrings) {
  VenueDriver d = opened();
  for (int i = 0; i < 4; ++i) d.send(1'000 + i, Side::kBuy, 998, 3, kPostOnlyOrder);  // behind 7
  d.until(3'000);
  d.bid(3'500, 998, 0);  // the level went: nothing ahead
  d.trade(4'000, Side::kSell, 998, 8);
  std::int64_t filled = 0;
  for (const ExecReport& f : d.fills()) filled += f.last_lots.value;
  EXPECT_EQ(filled, 8);
  ASSERT_EQ(d.fills().size(), 3U);
  EXPECT_EQ(d.fills()[2].last_lots, QtyLots(2));
}

TEST(PaperVenueTest, AnIocWalksTheDisplayedLevelsAndItsRemainderIsCancelled) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'002, 20, kIocOrder);
  d.until(2'000);
  const auto reports = d.of(id);
  ASSERT_EQ(reports.size(), 4U);
  EXPECT_EQ(reports[0].kind, ExecKind::kAccepted);
  EXPECT_EQ(reports[0].answers, 1U);
  EXPECT_EQ(reports[1].last_ticks, PriceTicks(1'001));
  EXPECT_EQ(reports[1].last_lots, QtyLots(5));
  EXPECT_EQ(reports[1].rule, FillRule::kTaker);
  EXPECT_FALSE(reports[1].h.has(kFlagMaker));
  EXPECT_EQ(reports[1].answers, 0U) << "answered once";
  EXPECT_EQ(reports[1].h.cause_ring, kTestMarketRing);
  EXPECT_EQ(reports[1].h.cause_seq, d.market_count - 1) << "the event that formed the level";
  EXPECT_EQ(reports[1].h.origin_ns, TimeNs(990)) << "the order's own origin";
  EXPECT_EQ(reports[2].last_ticks, PriceTicks(1'002));
  EXPECT_EQ(reports[2].last_lots, QtyLots(6));
  EXPECT_EQ(reports[3].kind, ExecKind::kCancelled);
  EXPECT_EQ(reports[3].reason, ExecReason::kIocRemainder);
  EXPECT_EQ(reports[3].cumulative_lots, QtyLots(11));
}

TEST(PaperVenueTest, WhatWasTakenStaysTakenUntilTheLevelChanges) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'001, 4, kIocOrder);
  d.send(1'100, Side::kBuy, 1'001, 4, kIocOrder);
  d.until(3'000);
  ASSERT_EQ(d.fills().size(), 2U);
  EXPECT_EQ(d.fills()[1].last_lots, QtyLots(1)) << "1 of 5 was left";
  d.ask(4'000, 1'001, 5);  // the same again is no change
  d.send(5'000, Side::kBuy, 1'001, 4, kIocOrder);
  d.until(7'000);
  EXPECT_EQ(d.fills().size(), 2U);
  d.ask(8'000, 1'001, 6);
  d.send(9'000, Side::kBuy, 1'001, 4, kIocOrder);
  d.until(11'000);
  ASSERT_EQ(d.fills().size(), 3U);
  EXPECT_EQ(d.fills()[2].last_lots, QtyLots(4));
}

TEST(PaperVenueTest, AFokFillsWhollyOrNotAtAll) {
  OrderForm fok = kIocOrder;
  fok.tif = TimeInForce::kFok;
  VenueDriver d = opened();
  const OrderId no = d.send(1'000, Side::kBuy, 1'002, 12, fok);  // 11 are there
  const OrderId yes = d.send(1'001, Side::kBuy, 1'002, 11, fok);
  d.until(3'000);
  ASSERT_EQ(d.of(no).size(), 1U);
  EXPECT_EQ(d.of(no)[0].kind, ExecKind::kCancelled);
  EXPECT_EQ(d.of(no)[0].reason, ExecReason::kFokNotFillable);
  EXPECT_EQ(d.of(no)[0].answers, 1U);
  EXPECT_EQ(d.of(yes).back().state, OrderState::kFilled);
}

TEST(PaperVenueTest, APostOnlyThatWouldCrossOnArrivalIsRejected) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 2, kPostOnlyOrder);
  d.ask(1'500, 1'000, 1, false);  // the market moves while the order travels
  d.bid(1'500, 1'000, 0);
  d.until(2'000);
  ASSERT_EQ(d.of(id).size(), 1U);
  EXPECT_EQ(d.of(id)[0].kind, ExecKind::kRejected);
  EXPECT_EQ(d.of(id)[0].reason, ExecReason::kPostOnlyWouldCross);
  EXPECT_EQ(d.of(id)[0].state, OrderState::kRejected);
  EXPECT_EQ(d.count("reason.post_only_would_cross"), 1);
}

TEST(PaperVenueTest, ACrossingLimitTakesAndThenRests) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'001, 8);
  d.until(2'000);
  EXPECT_EQ(d.of(id).back().leaves_lots, QtyLots(3));
  EXPECT_TRUE(d.sut.resting());
  d.ask(3'000, 1'002, 4);  // the taken level at 1001 does not fill us a second time
  EXPECT_EQ(d.fills().size(), 1U);
  d.trade(4'000, Side::kSell, 1'001, 2);
  EXPECT_EQ(d.fills().back().last_lots, QtyLots(2));
}

TEST(PaperVenueTest, AFillThatComesBeforeTheCancelArrivesWins) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  d.until(2'000);
  d.cancel(3'000, id);
  d.trade(3'500, Side::kSell, 999, 1);
  EXPECT_EQ(d.of(id).back().state, OrderState::kFilled);
  d.until(4'000);
  EXPECT_EQ(d.of(id).back().kind, ExecKind::kCancelRejected);
  EXPECT_EQ(d.of(id).back().reason, ExecReason::kUnknownOrder);
  EXPECT_EQ(d.of(id).back().answers, 2U);
}

TEST(PaperVenueTest, ACancelThatArrivesFirstWins) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  d.until(2'000);
  d.cancel(3'000, id);
  d.trade(3'500, Side::kSell, 1'000, 6);  // one of it for us
  EXPECT_EQ(d.of(id).back().state, OrderState::kPendingCancel);
  d.until(4'000);
  EXPECT_EQ(d.of(id).back().kind, ExecKind::kCancelled);
  EXPECT_EQ(d.of(id).back().reason, ExecReason::kUser);
  EXPECT_EQ(d.of(id).back().answers, 2U);
  EXPECT_EQ(d.of(id).back().cumulative_lots, QtyLots(1));
  d.trade(4'500, Side::kSell, 999, 6);
  EXPECT_EQ(d.fills().size(), 1U);
  EXPECT_EQ(d.count("orders_partly_filled"), 1);
}

TEST(PaperVenueTest, CancelAllClosesEveryRestingOrderAndIsAnsweredOnce) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  d.send(1'001, Side::kBuy, 999, 3, kPostOnlyOrder);
  OrderCommand all = d.command(2'000, CommandKind::kCancelAll, {});
  all.h.instrument = kNoInstrument;
  d.give(2'000, all);
  OrderCommand again = d.command(2'001, CommandKind::kCancelAll, {});
  d.give(2'001, again);
  d.until(4'000);
  ASSERT_EQ(d.reports.size(), 5U);
  EXPECT_EQ(d.reports[2].kind, ExecKind::kCancelled);
  EXPECT_EQ(d.reports[2].answers, 3U);
  EXPECT_EQ(d.reports[3].answers, 0U);
  EXPECT_EQ(d.reports[4].kind, ExecKind::kCancelRejected);
  EXPECT_EQ(d.reports[4].answers, 4U);
  EXPECT_FALSE(d.sut.resting());
}

TEST(PaperVenueTest, AnAmendDownKeepsThePlaceAndOneUpLosesIt) {
  for (const bool up : {false, true}) {
    VenueDriver d = opened();
    const OrderId id = d.send(1'000, Side::kBuy, 1'000, 4, kPostOnlyOrder);  // behind 5
    d.until(2'000);
    d.bid(2'500, 1'000, 9);
    d.amend(3'000, id, 1'000, up ? 6 : 2);
    d.until(4'000);
    EXPECT_EQ(d.of(id).back().kind, ExecKind::kAmended);
    EXPECT_EQ(d.of(id).back().leaves_lots, QtyLots(up ? 6 : 2));
    d.trade(5'000, Side::kSell, 1'000, 8);
    EXPECT_EQ(d.fills().size(), up ? 0U : 1U);
    if (!up) {
      EXPECT_EQ(d.fills()[0].state, OrderState::kFilled);
    }
  }
}

TEST(PaperVenueTest, AnAmendOfAPostOnlyIntoTheOtherSideIsRefusedAndTheOrderStays) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 4, kPostOnlyOrder);
  d.until(2'000);
  d.amend(3'000, id, 1'001, 4);
  d.until(4'000);
  EXPECT_EQ(d.of(id).back().kind, ExecKind::kAmendRejected);
  EXPECT_EQ(d.of(id).back().reason, ExecReason::kPostOnlyWouldCross);
  EXPECT_EQ(d.of(id).back().state, OrderState::kAccepted);
  d.trade(5'000, Side::kSell, 999, 8);
  EXPECT_EQ(d.fills().size(), 1U);
}

TEST(PaperVenueTest, ATooOldCommandExpiresUnlessItIsExempt) {
  VenueDriver d = opened();
  OrderForm old = kPostOnlyOrder;
  old.expires_ns = 999;
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 1, old);
  ASSERT_EQ(d.of(id).size(), 1U) << "answered at once, never sent";
  EXPECT_EQ(d.of(id)[0].kind, ExecKind::kExpired);
  EXPECT_EQ(d.of(id)[0].reason, ExecReason::kTooOld);
  EXPECT_EQ(d.of(id)[0].state, OrderState::kExpired);
  old.flags |= kOrderExempt;
  const OrderId exempt = d.send(1'001, Side::kBuy, 1'000, 1, old);
  d.until(3'000);
  EXPECT_EQ(d.of(exempt)[0].kind, ExecKind::kAccepted);
}

TEST(PaperVenueTest, ADuplicateIdIsRejectedAndNeverReachesTheVenue) {
  VenueDriver d = opened();
  const OrderId id = d.send(1'000, Side::kBuy, 1'000, 1, kPostOnlyOrder);
  OrderCommand twice = d.command(1'001, CommandKind::kNew, id);
  twice.price_ticks = PriceTicks(1'000);
  twice.qty_lots = QtyLots(1);
  d.give(1'001, twice);
  d.until(3'000);
  ASSERT_EQ(d.reports.size(), 2U);
  EXPECT_EQ(d.reports[0].reason, ExecReason::kDuplicateId);
  EXPECT_EQ(d.reports[0].answers, 2U);
  EXPECT_EQ(d.reports[1].kind, ExecKind::kAccepted);
}

TEST(PaperVenueTest, FiltersRejectWhatAVenueWouldNotTake) {
  Instrument i = test_perpetual();
  i.qty_min = QtyLots(2);
  i.qty_max = QtyLots(1'000);
  i.notional_min_e8 = 30'000'000;  // 0.3 quote: 3 lots at 100
  VenueDriver d = opened(test_config({i}));
  struct Case {
    std::int64_t price, qty;
    bool taken;
  };
  for (const Case c : {Case{1'000, 1, false}, Case{1'000, 1'001, false}, Case{1'000, 2, false},
                       Case{1'000, 3, true}, Case{0, 5, false}, Case{-4, 5, false},
                       Case{949, 5, false}, Case{960, 5, true}, Case{kTicksMax + 1, 5, false},
                       Case{1'000, INT64_MAX, false}, Case{kTicksMax, 1'000, false}}) {
    const OrderId id = d.send(1'000, Side::kBuy, c.price, c.qty, kPostOnlyOrder);
    d.until(2'000 + static_cast<std::int64_t>(id.decision));
    ASSERT_EQ(d.of(id).size(), 1U);
    EXPECT_EQ(d.of(id)[0].kind == ExecKind::kAccepted, c.taken) << c.price << " x " << c.qty;
    if (!c.taken) {
      EXPECT_EQ(d.of(id)[0].reason, ExecReason::kFilter);
    }
  }
  OrderCommand nowhere = d.command(9'000, CommandKind::kNew, {999, 1, 0});
  nowhere.h.instrument = 7;
  d.give(9'000, nowhere);
  EXPECT_EQ(d.reports.back().reason, ExecReason::kFilter);
}

TEST(PaperVenueTest, ReduceOnlyNeverGrowsOrTurnsAPosition) {
  VenueDriver d = opened();
  const OrderId none = d.send(1'000, Side::kSell, 1'000, 2, kReduceIoc);
  d.until(2'000);
  EXPECT_EQ(d.of(none)[0].kind, ExecKind::kRejected);
  EXPECT_EQ(d.of(none)[0].reason, ExecReason::kReduceOnly);
  d.send(3'000, Side::kBuy, 1'001, 3, kIocOrder);
  const OrderId more = d.send(3'001, Side::kSell, 1'000, 5, kReduceIoc);
  d.until(5'000);
  EXPECT_EQ(d.of(more)[1].last_lots, QtyLots(3)) << "the position, not the order's 5";
  EXPECT_EQ(d.of(more).back().state, OrderState::kCancelled);
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(0));
  // A resting one whose position has gone meanwhile is cancelled when its turn comes.
  d.send(6'000, Side::kBuy, 1'002, 3, kIocOrder);
  d.until(7'000);
  OrderForm rest = kPostOnlyOrder;
  rest.flags = kOrderReduceOnly | kOrderPostOnly;
  const OrderId resting = d.send(8'000, Side::kSell, 1'003, 3, rest);
  d.send(8'001, Side::kSell, 999, 3, kReduceIoc);
  d.until(10'000);
  d.trade(11'000, Side::kBuy, 1'004, 1);
  EXPECT_EQ(d.of(resting).back().kind, ExecKind::kCancelled);
  EXPECT_EQ(d.of(resting).back().reason, ExecReason::kReduceOnly);
  EXPECT_EQ(d.sut.venue().position(0), QtyLots(0));
}

TEST(PaperVenueTest, AnOrderThatWouldMeetAnOwnOneIsRejected) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  const OrderId id = d.send(1'001, Side::kSell, 1'000, 3, kIocOrder);
  d.until(3'000);
  EXPECT_EQ(d.of(id)[0].reason, ExecReason::kSelfTrade);
}

TEST(PaperVenueTest, WhileTheBookIsInvalidOpensAreRejectedAndReducesCanStillClose) {
  for (const auto mode : {InvalidBookReduce::kFillAtLimit, InvalidBookReduce::kReject}) {
    ExecConfig config = test_config();
    config.invalid_book_reduce = mode;
    VenueDriver d = opened(config);
    d.send(1'000, Side::kBuy, 1'001, 3, kIocOrder);
    d.until(2'000);
    d.state(3'000, BookState::kGap, true);
    const OrderId open = d.send(4'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
    const OrderId exit = d.send(4'001, Side::kSell, 990, 3, kReduceIoc);
    d.until(6'000);
    EXPECT_EQ(d.of(open)[0].reason, ExecReason::kBookInvalid);
    if (mode == InvalidBookReduce::kReject) {
      EXPECT_EQ(d.of(exit)[0].reason, ExecReason::kBookInvalid);
      continue;
    }
    ASSERT_EQ(d.of(exit).size(), 2U);
    EXPECT_EQ(d.of(exit)[1].last_ticks, PriceTicks(990)) << "its own limit, the worst it allows";
    EXPECT_EQ(d.of(exit)[1].state, OrderState::kFilled);
    EXPECT_EQ(d.count("exit_on_invalid_book"), 1);
  }
}

TEST(PaperVenueTest, OnAnInvalidBookOnlyATradeThroughFillsAndThePlaceIsLost) {
  VenueDriver d = opened();
  d.send(1'000, Side::kBuy, 1'000, 3, kPostOnlyOrder);
  d.send(1'001, Side::kBuy, 999, 3, kPostOnlyOrder);
  d.until(3'000);
  d.trade(3'500, Side::kSell, 1'000, 5);  // nothing is ahead of us any more
  d.state(4'000, BookState::kStale);
  d.trade(4'100, Side::kSell, 1'000, 50);
  d.ask(4'200, 1'000, 4);
  EXPECT_TRUE(d.fills().empty());
  d.ask(4'300, 1'000, 0);
  d.state(4'400, BookState::kValid);
  d.trade(4'500, Side::kSell, 1'000, 6);  // 5 are displayed: we stand behind them now
  ASSERT_EQ(d.fills().size(), 1U);
  EXPECT_EQ(d.fills()[0].last_lots, QtyLots(1));
  d.state(4'600, BookState::kGap, true);
  d.trade(4'700, Side::kSell, 998, 1);
  EXPECT_EQ(d.fills().size(), 3U) << "through both prices";
  EXPECT_EQ(d.fills()[1].rule, FillRule::kTradeThrough);
}

TEST(PaperVenueTest, SpotIsNeverSoldShortAndABuysFeeIsTakenInBase) {
  VenueDriver d = opened(test_config({test_spot()}));
  const OrderId naked = d.send(1'000, Side::kSell, 1'000, 1, kIocOrder);
  d.until(2'000);
  EXPECT_EQ(d.of(naked)[0].reason, ExecReason::kReduceOnly);
  d.send(3'000, Side::kBuy, 1'002, 10, kIocOrder);  // 5 at 1001, 5 at 1002
  d.until(4'000);
  ASSERT_EQ(d.fills().size(), 2U);
  EXPECT_EQ(d.fills()[0].fee_in_base, 1);
  EXPECT_EQ(d.fills()[0].fee_e8, MoneyE8(500)) << "0.005 BTC x 0.1 %";
  const OrderId all = d.send(5'000, Side::kSell, 1'000, 10, kReduceIoc);
  const OrderId free = d.send(5'001, Side::kSell, 999, 9, kReduceIoc);
  d.until(7'000);
  EXPECT_EQ(d.of(all)[0].reason, ExecReason::kReduceOnly) << "the fee has left less than 10 lots";
  EXPECT_EQ(d.of(free).back().state, OrderState::kFilled);
  EXPECT_EQ(d.fills().back().fee_in_base, 0);
  EXPECT_EQ(d.count("TEST:SPOT.base_fees_e8"), 1'000);
  EXPECT_EQ(d.count("TEST:SPOT.position_lots"), 1);
}

TEST(PaperVenueTest, ALongWalkGoesOnInContinuedTurns) {
  ExecConfig config = test_config();
  VenueDriver d(config);
  for (int i = 0; i < 200; ++i) d.ask(100, 1'001 + i, 1, false);
  d.bid(100, 1'000, 1, false);
  d.state(100, BookState::kValid);
  d.send(1'000, Side::kBuy, 0, 150, {OrderType::kMarket, TimeInForce::kIoc, kOrderOpens, 0, 0});
  d.until(2'000);
  EXPECT_EQ(d.fills().size(), 150U);
  EXPECT_EQ(d.longest_burst, ExecStage::kMaxBurst);
  for (std::size_t i = 0; i < 150; ++i) {
    EXPECT_EQ(d.fills()[i].exec_id, i + 1);
    EXPECT_EQ(d.fills()[i].h.cause_seq, d.market_count - 1);
  }
}

TEST(PaperVenueTest, LatenciesAreDrawnFromTheTableAndCommandsArriveInTheOrderSent) {
  ExecConfig config = test_config();
  config.order_latency_table_ns = {500, 3'000, 9'000};
  VenueDriver d = opened(config);
  EXPECT_EQ(d.sut.least_order_latency_ns(), 500);
  std::vector<OrderId> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(d.send(1'000 + i, Side::kBuy, 990, 1, kPostOnlyOrder));
  d.until(20'000);
  ASSERT_EQ(d.reports.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(d.reports[i].id, ids[i]);
    EXPECT_GE(d.reports[i].venue_ns, 1'500);
    EXPECT_LE(d.reports[i].venue_ns, 1'000 + 29 + 9'000);
  }
  VenueDriver again = opened(config);
  for (int i = 0; i < 30; ++i) again.send(1'000 + i, Side::kBuy, 990, 1, kPostOnlyOrder);
  again.until(20'000);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(again.reports[i].venue_ns, d.reports[i].venue_ns) << "draws depend on nothing else";
  }
}

TEST(PaperVenueTest, AFullDelayQueueRefusesInsteadOfForgetting) {
  ExecConfig config = test_config();
  config.in_flight_max = 2;
  VenueDriver d = opened(config);
  for (int i = 0; i < 3; ++i) d.send(1'000 + i, Side::kBuy, 990, 1, kPostOnlyOrder);
  ASSERT_EQ(d.reports.size(), 1U);
  EXPECT_EQ(d.reports[0].kind, ExecKind::kRejected);
  EXPECT_EQ(d.reports[0].answers, 3U);
  EXPECT_EQ(d.count("in_flight_full"), 1);
}

}  // namespace
}  // namespace pinstripe
