// Bans, back-off, circuit breaker, by explicit time.
#include <gtest/gtest.h>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using limits_test::kSec;
using limits_test::kStart;

VenueAnswer answer(AnswerKind kind, std::int64_t sent_ns) {
  return {"A", kind, sent_ns, 0, 0, 0, {}};
}

TEST(VenueGate, RetryAfterIsKeptToAndGrowsWithEachInARow) {
  VenueGate sut;
  VenueAnswer too_many = answer(AnswerKind::kTooMany, kStart);
  too_many.retry_after_ns = 7 * kSec;
  gate_answer(sut, too_many, kStart);
  const Grant g = gate_verdict(sut, Priority::kCancel, kStart + kSec);
  EXPECT_EQ(g.verdict, Ruling::kWait) << "a cancel too: sending on leads to a ban";
  EXPECT_EQ(g.until_ns, kStart + 7 * kSec);
  std::int64_t now = kStart + 7 * kSec;
  for (const std::int64_t wait : {2, 4, 8, 16}) {  // without Retry-After: doubled each time
    gate_answer(sut, answer(AnswerKind::kTooMany, now), now);
    EXPECT_EQ(sut.backoff_until_ns, now + wait * kSec);
    now = sut.backoff_until_ns;
  }
  gate_answer(sut, answer(AnswerKind::kGood, now), now);
  gate_answer(sut, answer(AnswerKind::kTooMany, now + kSec), now + kSec);
  EXPECT_EQ(sut.backoff_until_ns, now + 2 * kSec) << "a good answer ends the row";
}

TEST(VenueGate, ManyRefusedAtOnceAreOneStep) {
  VenueGate sut;
  for (int i = 0; i < 50; ++i) gate_answer(sut, answer(AnswerKind::kTooMany, kStart), kStart + i);
  EXPECT_EQ(sut.backoffs, 1u);
  EXPECT_LE(sut.backoff_until_ns, kStart + kSec + 50);
}

TEST(VenueGate, ABanStopsEveryPriorityUntilItsEnd) {
  VenueGate sut;
  VenueAnswer ban = answer(AnswerKind::kBanned, kStart);
  ban.until_ns = kStart + 120 * kSec;
  EXPECT_TRUE(gate_answer(sut, ban, kStart));
  for (const Priority p : {Priority::kCancel, Priority::kOrder, Priority::kBackground}) {
    EXPECT_EQ(gate_verdict(sut, p, kStart + 119 * kSec).verdict, Ruling::kBanned);
    EXPECT_EQ(gate_verdict(sut, p, kStart + 120 * kSec).verdict, Ruling::kGranted);
  }
  gate_answer(sut, answer(AnswerKind::kGood, kStart - kSec), kStart + kSec);
  EXPECT_EQ(gate_verdict(sut, Priority::kCancel, kStart + 2 * kSec).verdict, Ruling::kBanned)
      << "an answer that was under way does not lift it";
}

TEST(VenueGate, ABanWithoutAnEndLastsLongerEachTime) {
  VenueGate sut;
  gate_answer(sut, answer(AnswerKind::kBanned, kStart), kStart);
  EXPECT_EQ(sut.ban_until_ns, kStart + 600 * kSec);
  const std::int64_t again = sut.ban_until_ns + kSec;
  gate_answer(sut, answer(AnswerKind::kBanned, again), again);
  EXPECT_EQ(sut.ban_until_ns, again + 1'200 * kSec);
  std::int64_t now = again;
  for (int i = 0; i < 30; ++i) {
    now = sut.ban_until_ns;
    gate_answer(sut, answer(AnswerKind::kBanned, now), now);
  }
  EXPECT_EQ(sut.ban_until_ns, now + 3 * 86'400 * kSec);
}

/// Fails five times, at kStart.
VenueGate opened() {
  VenueGate gate;
  for (int i = 0; i < 5; ++i) gate_answer(gate, answer(AnswerKind::kFailed, kStart), kStart);
  return gate;
}

TEST(VenueGate, TheCircuitOpensAtTheFifthFailureInARow) {
  VenueGate sut;
  for (int i = 0; i < 4; ++i) gate_answer(sut, answer(AnswerKind::kFailed, kStart), kStart);
  gate_answer(sut, answer(AnswerKind::kGood, kStart), kStart);
  for (int i = 0; i < 4; ++i) gate_answer(sut, answer(AnswerKind::kFailed, kStart), kStart);
  EXPECT_EQ(sut.circuit, Circuit::kClosed);
  gate_answer(sut, answer(AnswerKind::kFailed, kStart), kStart);
  EXPECT_EQ(sut.circuit, Circuit::kOpen);
  const Grant g = gate_verdict(sut, Priority::kOrder, kStart + kSec / 2);
  EXPECT_EQ(g.verdict, Ruling::kCircuitOpen);
  EXPECT_EQ(g.until_ns, kStart + kSec);
  EXPECT_EQ(gate_verdict(sut, Priority::kCancel, kStart).verdict, Ruling::kGranted);
}

TEST(VenueGate, HalfOpenLetsOneTryAtATimeAndItsAnswerDecides) {
  VenueGate sut = opened();
  const std::int64_t now = kStart + kSec;
  ASSERT_EQ(gate_verdict(sut, Priority::kBackground, now).verdict, Ruling::kGranted);
  gate_passed(sut, now);
  EXPECT_EQ(sut.circuit, Circuit::kHalfOpen);
  EXPECT_EQ(gate_verdict(sut, Priority::kOrder, now).verdict, Ruling::kCircuitOpen);
  gate_answer(sut, answer(AnswerKind::kFailed, now), now + kSec);
  EXPECT_EQ(gate_verdict(sut, Priority::kOrder, now + kSec).until_ns, now + 3 * kSec) << "2 s now";
  gate_passed(sut, now + 3 * kSec);
  gate_answer(sut, answer(AnswerKind::kGood, now + 3 * kSec), now + 3 * kSec);
  EXPECT_EQ(sut.circuit, Circuit::kClosed);
  EXPECT_EQ(gate_verdict(sut, Priority::kBackground, now + 3 * kSec).verdict, Ruling::kGranted);
}

TEST(VenueGate, AProbeWhoseSenderDiedIsFollowedByAnother) {
  VenueGate sut = opened();
  gate_passed(sut, kStart + kSec);
  EXPECT_EQ(gate_verdict(sut, Priority::kOrder, kStart + 10 * kSec).verdict,
            Ruling::kCircuitOpen);
  EXPECT_EQ(gate_verdict(sut, Priority::kOrder, kStart + 11 * kSec).verdict, Ruling::kGranted);
}

TEST(VenueGate, FailuresOfWhatWasSentBeforeDoNotKeepItOpen) {
  VenueGate sut = opened();
  gate_answer(sut, answer(AnswerKind::kFailed, kStart - kSec), kStart + kSec / 2);
  EXPECT_EQ(sut.open_until_ns, kStart + kSec);
}

TEST(VenueGate, AnswersAreToldApartAsTheVenuesMeanThem) {
  EXPECT_EQ(answer_kind("BINANCE", 418, -1003), AnswerKind::kBanned);
  EXPECT_EQ(answer_kind("BINANCE_USDM", 403, 0), AnswerKind::kBanned);
  EXPECT_EQ(answer_kind("BYBIT_LINEAR", 200, 10006), AnswerKind::kBanned);
  EXPECT_EQ(answer_kind("BYBIT", 403, 0), AnswerKind::kBanned);
  EXPECT_EQ(answer_kind("BINANCE", 429, -1003), AnswerKind::kTooMany);
  EXPECT_EQ(answer_kind("OKX_SWAP", 200, 50011), AnswerKind::kTooMany);
  EXPECT_EQ(answer_kind("OKX", 0, 0), AnswerKind::kFailed);
  EXPECT_EQ(answer_kind("OKX", 503, 0), AnswerKind::kFailed);
  EXPECT_EQ(answer_kind("BINANCE", 400, -2013), AnswerKind::kGood) << "refused by name: it works";
}

}  // namespace
}  // namespace pinstripe
