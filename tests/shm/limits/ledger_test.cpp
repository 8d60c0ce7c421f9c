// Who may send and who waits: priorities, the reserve, tickets, batches, what venues say.
#include <gtest/gtest.h>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using namespace limits_test;

constexpr std::int64_t kNow = kStart + 10 * kSec;
constexpr std::int64_t kNextMinute = kStart + 40 * kSec;  // kStart is 20 s into its minute

TEST(LimitLedger, OnlyCancelsMayUseTheReserve) {
  Private sut;
  EXPECT_EQ(sut.ask(kA, 1, Priority::kBackground, kNow, 0, 200).count, 60u);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kResync, kNow, 0, 200).count, 20u);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kOrder, kNow, 0, 200).count, 10u);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kCancel, kNow, 0, 200).count, 10u);
  const Grant last = sut.ask(kA, 1, Priority::kCancel, kNow);
  EXPECT_EQ(last.verdict, Ruling::kWait);
  EXPECT_EQ(last.until_ns, kNextMinute + kSec);
}

TEST(LimitLedger, AWeightAboveWhatAPriorityMayEverUseIsRefusedAtOnce) {
  Private sut;
  EXPECT_EQ(sut.ask(kA, 95, Priority::kOrder, kNow).verdict, Ruling::kNeverFits);
  EXPECT_EQ(sut.ask(kA, 95, Priority::kCancel, kNow).verdict, Ruling::kGranted);
}

TEST(LimitLedger, ARequestMustFitEachWindowOfEachCharge) {
  Private sut;
  const LimitScope orders{"A", LimitKind::kOrders, "main"};
  const LimitCharge both[] = {{kA, 1}, {orders, 1}};
  LimitRequest r;
  r.charges = both;
  r.priority = Priority::kOrder;
  r.count = 20;
  EXPECT_EQ(sut.ledger.request(r, kNow).count, 8u) << "8 orders in 10 s";
  EXPECT_EQ(sut.ask({"A", LimitKind::kOrders, "other"}, 1, Priority::kOrder, kNow).count, 1u)
      << "another account counts apart";
  std::uint32_t sum = 8;
  for (int i = 1; i < 20; ++i) {
    r.ticket = 0;
    sum += sut.ledger.request(r, kNow + i * 11 * kSec).count;
  }
  EXPECT_EQ(sum, 50u) << "50 a day";
}

TEST(LimitLedger, VenuesOfOneHostShareItsCount) {
  Private sut;
  EXPECT_EQ(sut.ask({"B2", LimitKind::kRequests, ""}, 60, Priority::kCancel, kNow).count, 1u);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kCancel, kNow).verdict, Ruling::kWait);
}

TEST(LimitLedger, AnEndpointOfItsOwnHasItsOwnLimit) {
  Private sut;
  const LimitScope fast{"B", LimitKind::kEndpoint, "GET /fast"};
  const LimitScope slow{"B", LimitKind::kEndpoint, "GET /slow"};
  const LimitScope other{"B", LimitKind::kEndpoint, "GET /other"};
  EXPECT_EQ(sut.ask(fast, 1, Priority::kCancel, kNow, 0, 99).count, 40u);
  EXPECT_EQ(sut.ask(slow, 1, Priority::kCancel, kNow, 0, 99).count, 4u);
  EXPECT_EQ(sut.ask(other, 1, Priority::kCancel, kNow, 0, 99).count, 4u);
}

TEST(LimitLedger, UnknownVenuesAndKindsAreRefusedNotWavedThrough) {
  Private sut;
  EXPECT_EQ(sut.ask({"NOWHERE", LimitKind::kRequests, ""}, 1, Priority::kCancel, kNow).verdict,
            Ruling::kNoRule);
  EXPECT_EQ(sut.ask({"A", LimitKind::kEndpoint, "x"}, 1, Priority::kCancel, kNow).verdict,
            Ruling::kNoRule);
}

TEST(LimitLedger, WhoWaitsWithHigherPriorityIsNotOvertaken) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 42, Priority::kBackground, kNow).verdict, Ruling::kNeverFits);
  ASSERT_EQ(sut.ask(kB, 50, Priority::kOrder, kNow).verdict, Ruling::kGranted);
  const Grant resync = sut.ask(kB, 20, Priority::kResync, kNow);
  ASSERT_EQ(resync.verdict, Ruling::kWait);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kBackground, resync.until_ns).verdict, Ruling::kGranted)
      << "both fit now";
  const Grant order = sut.ask(kB, 30, Priority::kOrder, resync.until_ns);
  EXPECT_EQ(order.verdict, Ruling::kGranted) << "a higher rank goes first";
  EXPECT_EQ(sut.ask(kB, 5, Priority::kBackground, resync.until_ns).verdict, Ruling::kWait)
      << "20 + 31 + 5 is more than background may use while the resync waits";
  EXPECT_EQ(sut.ask(kB, 17, Priority::kResync, resync.until_ns, resync.ticket).verdict,
            Ruling::kGranted);
}

TEST(LimitLedger, AmongEqualsTheFirstComesFirstHoweverSmallTheOther) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 40, Priority::kOrder, kNow).verdict, Ruling::kGranted);
  const Grant large = sut.ask(kB, 30, Priority::kOrder, kNow + kSec);
  ASSERT_EQ(large.verdict, Ruling::kWait);
  const Grant small = sut.ask(kB, 1, Priority::kOrder, kNow + kSec);
  EXPECT_EQ(small.verdict, Ruling::kWait) << "it would fit, but would push the large one back";
  EXPECT_EQ(sut.ask(kB, 30, Priority::kOrder, large.until_ns, large.ticket).verdict,
            Ruling::kGranted);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kOrder, large.until_ns, small.ticket).verdict,
            Ruling::kGranted);
}

TEST(LimitLedger, WhoDoesNotComeBackLosesHisPlace) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 54, Priority::kOrder, kNow).verdict, Ruling::kGranted);
  const Grant gone = sut.ask(kB, 50, Priority::kOrder, kNow);
  ASSERT_EQ(gone.verdict, Ruling::kWait);
  const std::int64_t late = gone.until_ns + LimitLedger::kGraceNs;
  EXPECT_EQ(sut.ask(kB, 20, Priority::kBackground, late).verdict, Ruling::kWait);
  EXPECT_EQ(sut.ask(kB, 20, Priority::kResync, late + 1).verdict, Ruling::kGranted);
  EXPECT_EQ(sut.state->head.expired, 1u);
}

TEST(LimitLedger, ABatchIsServedInPartsUnderOneTicket) {
  Private sut;
  const Grant first = sut.ask(kB, 10, Priority::kResync, kNow, 0, 12);
  EXPECT_EQ(first.verdict, Ruling::kGranted);
  EXPECT_EQ(first.count, 4u);
  ASSERT_NE(first.ticket, 0u);
  EXPECT_EQ(sut.state->head.waiters, 1u);
  const Grant second = sut.ask(kB, 10, Priority::kResync, first.until_ns, first.ticket, 8);
  EXPECT_EQ(second.count, 4u);
  EXPECT_EQ(second.ticket, first.ticket);
  const Grant third = sut.ask(kB, 10, Priority::kResync, second.until_ns, second.ticket, 4);
  EXPECT_EQ(third.count, 4u);
  EXPECT_EQ(third.ticket, 0u);
  EXPECT_EQ(sut.state->head.waiters, 0u);
}

TEST(LimitLedger, TheQueueHoldsAThousandAndRefusesTheNext) {
  Private sut;
  ASSERT_EQ(sut.ask(kA, 100, Priority::kCancel, kNow).count, 1u);
  for (std::size_t i = 0; i < kLimitWaiters; ++i) {
    ASSERT_EQ(sut.ask(kA, 1, Priority::kResync, kNow).verdict, Ruling::kWait) << i;
  }
  EXPECT_EQ(sut.ask(kA, 1, Priority::kResync, kNow).verdict, Ruling::kQueueFull);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kBackground, kNow).verdict, Ruling::kQueueFull);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kCancel, kNow).verdict, Ruling::kWait)
      << "the last of a lower rank gives way";
  EXPECT_EQ(sut.state->head.waiters, kLimitWaiters);
  EXPECT_EQ(sut.ledger.drop_waiters([](std::int32_t) { return true; }), kLimitWaiters);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kCancel, kNow).verdict, Ruling::kWait);
}

TEST(LimitLedger, AWaitLongerThanTheCallersPatienceIsRefusedWithItsEnd) {
  Private sut;
  ASSERT_EQ(sut.ask(kA, 100, Priority::kCancel, kNow).count, 1u);
  const LimitCharge charge{kA, 1};
  LimitRequest r;
  r.charges = {&charge, 1};
  r.patience_ns = kSec;
  const Grant g = sut.ledger.request(r, kNow);
  EXPECT_EQ(g.verdict, Ruling::kTooLong);
  EXPECT_EQ(g.until_ns, kNextMinute + kSec);
  EXPECT_EQ(sut.state->head.waiters, 0u);
}

TEST(LimitLedger, AWithdrawnWaiterHoldsNobodyBack) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 54, Priority::kOrder, kNow).count, 1u);
  const Grant waiting = sut.ask(kB, 6, Priority::kCancel, kNow, 0, 3);
  ASSERT_EQ(waiting.count, 1u);
  sut.ledger.withdraw(waiting.ticket);
  sut.ledger.withdraw(waiting.ticket);  // twice does no harm
  EXPECT_EQ(sut.state->head.waiters, 0u);
}

TEST(LimitLedger, WhatTheVenueCountsHigherIsTakenOver) {
  Private sut;
  ASSERT_EQ(sut.ask(kA, 1, Priority::kOrder, kNow).count, 1u);
  EXPECT_TRUE(sut.ledger.observe({kA, 60 * kSec, kNow, true, 85, 0}, kNow + kSec));
  EXPECT_EQ(sut.ask(kA, 1, Priority::kOrder, kNow + kSec, 0, 99).count, 5u)
      << "another program behind this address has used the rest";
}

TEST(LimitLedger, TheVenuesOwnLimitGoesOverTheTable) {
  Private sut;
  EXPECT_TRUE(sut.ledger.observe({kA, 60 * kSec, kNow, false, 0, 20}, kNow));
  const Grant lowered = sut.ask(kA, 1, Priority::kCancel, kNow, 0, 99);
  EXPECT_EQ(lowered.count, 20u);
  sut.ledger.withdraw(lowered.ticket);
  EXPECT_TRUE(sut.ledger.observe({kA, 60 * kSec, kNow, false, 0, 150}, kNow));
  EXPECT_EQ(sut.ask(kA, 1, Priority::kCancel, kNow, 0, 999).count, 130u);
}

TEST(LimitLedger, OneEndpointThatIsFullIsFilledAndTheRestGoesOn) {
  Private sut;
  const LimitScope slow{"B", LimitKind::kEndpoint, "GET /slow"};
  VenueAnswer full{"B", AnswerKind::kTooMany, kNow, 0, 0, 50011, "GET /slow"};
  EXPECT_TRUE(sut.ledger.answer(full, kNow));
  EXPECT_EQ(sut.ask(slow, 1, Priority::kCancel, kNow).verdict, Ruling::kWait);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kCancel, kNow).verdict, Ruling::kGranted);
}

TEST(LimitLedger, InABanOnlyWhatTheOperatorForcesPassesAndIsCounted) {
  Private sut;
  VenueAnswer ban{"A", AnswerKind::kBanned, kNow, 0, kNow + 99 * kSec, 418, {}};
  EXPECT_TRUE(sut.ledger.answer(ban, kNow));
  const LimitCharge charge{kA, 7};
  LimitRequest r;
  r.charges = {&charge, 1};
  r.priority = Priority::kCancel;
  const Grant refused = sut.ledger.request(r, kNow);
  EXPECT_EQ(refused.verdict, Ruling::kBanned);
  EXPECT_EQ(refused.until_ns, kNow + 99 * kSec);
  r.forced = true;
  EXPECT_EQ(sut.ledger.request(r, kNow).verdict, Ruling::kGranted);
  WindowCount window(sut.state->buckets[0].window, sut.state->buckets[0].shape());
  EXPECT_EQ(window.used(kNow), 7u);
  EXPECT_TRUE(sut.ledger.clear_ban("A"));
  EXPECT_EQ(sut.ask(kA, 1, Priority::kBackground, kNow).verdict, Ruling::kGranted);
  EXPECT_FALSE(sut.ledger.clear_ban("B")) << "never used";
}

TEST(LimitLedger, AfterABackOffTheQueueGoesOnInOrder) {
  Private sut;
  VenueAnswer many{"B", AnswerKind::kTooMany, kNow, 3 * kSec, 0, 429, {}};
  EXPECT_TRUE(sut.ledger.answer(many, kNow));
  const Grant background = sut.ask(kB, 30, Priority::kBackground, kNow);
  const Grant cancel = sut.ask(kB, 30, Priority::kCancel, kNow);
  EXPECT_EQ(background.until_ns, kNow + 3 * kSec);
  EXPECT_EQ(cancel.until_ns, kNow + 3 * kSec);
  EXPECT_EQ(sut.ask(kB, 30, Priority::kBackground, kNow + 3 * kSec, background.ticket).verdict,
            Ruling::kWait);
  EXPECT_EQ(sut.ask(kB, 30, Priority::kCancel, kNow + 3 * kSec, cancel.ticket).verdict,
            Ruling::kGranted);
}

TEST(LimitLedger, HalfOpenGrantsOneOfABatch) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow).count, 1u);
  for (int i = 0; i < 5; ++i) {
    sut.ledger.answer({"B", AnswerKind::kFailed, kNow, 0, 0, 503, {}}, kNow);
  }
  EXPECT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow).verdict, Ruling::kCircuitOpen);
  const Grant probe = sut.ask(kB, 1, Priority::kOrder, kNow + kSec, 0, 10);
  EXPECT_EQ(probe.count, 1u);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow + kSec).verdict, Ruling::kCircuitOpen);
  sut.ledger.answer(sut.good("B", kNow + kSec), kNow + kSec);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow + kSec, probe.ticket, 9).count, 9u);
}

TEST(LimitLedger, AnOpenCircuitHoldsUpRestAndNoStream) {
  Private sut;
  constexpr LimitScope kConnect{"B", LimitKind::kConnects, ""};
  ASSERT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow).count, 1u);
  VenueAnswer failed{"B", AnswerKind::kFailed, kNow};
  failed.failure = FailureCause::kNotReached;
  for (int i = 0; i < 5; ++i) sut.ledger.answer(failed, kNow);
  const Grant refused = sut.ask(kB, 1, Priority::kResync, kNow);
  EXPECT_EQ(refused.verdict, Ruling::kCircuitOpen);
  EXPECT_EQ(refused.failure, FailureCause::kNotReached) << "who is refused is told why";
  EXPECT_EQ(sut.ask(kConnect, 1, Priority::kResync, kNow, 0, 3).count, 3u);
  // Half open, the stream's attempt is no probe: nobody would report its answer.
  EXPECT_EQ(sut.ask(kConnect, 1, Priority::kResync, kNow + kSec, 0, 2).count, 2u);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kResync, kNow + kSec).verdict, Ruling::kGranted);
  VenueAnswer ban{"B", AnswerKind::kBanned, kNow + kSec};
  sut.ledger.answer(ban, kNow + kSec);
  EXPECT_EQ(sut.ask(kConnect, 1, Priority::kResync, kNow + kSec).verdict, Ruling::kBanned)
      << "a ban is a full stop";
}

TEST(LimitLedger, TheEndOfABanIsTheVenuesWordWhateverTheCallersClock) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow).count, 1u);
  VenueAnswer ban{"B", AnswerKind::kBanned, kNow};
  ban.until_ns = kNow + 60 * kSec;
  sut.ledger.answer(ban, kNow);
  EXPECT_EQ(sut.ask(kB, 1, Priority::kOrder, kNow - 30 * kSec).until_ns, kNow + 60 * kSec);
}

TEST(LimitLedger, ALateCallerIsServedAsOfTheLatestTime) {
  Private sut;
  ASSERT_EQ(sut.ask(kB, 60, Priority::kCancel, kNow).count, 1u);
  for (int i = 0; i < 10; ++i) {
    const std::int64_t read = kNow - (i + 2) * kSec;
    const Grant late = sut.ask(kB, 1, Priority::kCancel, read);
    ASSERT_EQ(late.verdict, Ruling::kWait);
    EXPECT_GE(late.until_ns, read + 5 * kSec) << "by his own clock: at worst he asks once more";
    EXPECT_LE(late.until_ns, read + 6 * kSec) << "a clock set back must not make him wait longer";
    EXPECT_EQ(sut.ask(kB, 1, Priority::kCancel, kNow).verdict, Ruling::kWait);
  }
  EXPECT_EQ(sut.state->head.clock_steps, 0u);
}

TEST(LimitLedger, AClockSetBackForgetsNothingAndLocksNobodyOut) {
  Private sut;
  ASSERT_EQ(sut.ask(kA, 100, Priority::kCancel, kNow + 7'200 * kSec).count, 1u);
  Grant g;
  for (int i = 0; i < 16; ++i) {  // as many calls, over more than a second, tell it apart
    g = sut.ask(kA, 1, Priority::kCancel, kNow + i * kSec / 8, g.ticket);
    EXPECT_EQ(g.verdict, Ruling::kWait);
  }
  EXPECT_EQ(sut.state->head.clock_steps, 1u);
  EXPECT_EQ(g.until_ns, kNextMinute + kSec);
  EXPECT_EQ(sut.ask(kA, 1, Priority::kCancel, g.until_ns, g.ticket).verdict, Ruling::kGranted);
}

TEST(LimitLedger, ConnectionsThatAreGoneMakeRoomInTheTable) {
  Private sut;
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = "connection " + std::to_string(i);
    const std::int64_t now = kNow + i * 20 * kNsPerMs;
    ASSERT_EQ(sut.ask({"A", LimitKind::kMessages, key}, 1, Priority::kOrder, now).verdict,
              Ruling::kGranted)
        << i;
  }
  for (int i = 0; i < 300; ++i) {
    const std::string key = "at once " + std::to_string(i);
    const Grant g = sut.ask({"A", LimitKind::kMessages, key}, 1, Priority::kOrder,
                            kNow + 100 * kSec);
    ASSERT_EQ(g.verdict, i < 256 ? Ruling::kGranted : Ruling::kTableFull) << i;
  }
}

}  // namespace
}  // namespace pinstripe
