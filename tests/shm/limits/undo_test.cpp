// A change that is cut anywhere is undone or done: the state as it was, or as it is after.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using namespace limits_test;

/// Everything but the undo area and what is written outside of changes.
std::string content(const LimitState& state) {
  auto copy = std::make_unique<LimitState>(state);
  copy->head.now_ns = 0;
  copy->head.rolled_back = 0;
  copy->undo = UndoArea{};
  return {reinterpret_cast<const char*>(copy.get()), offsetof(LimitState, undo)};
}

/// Keeps the state as each step of a change found it.
struct Camera {
  LimitState* state = nullptr;
  std::vector<std::unique_ptr<LimitState>> shots;
  static void shoot(void* context) {
    auto& self = *static_cast<Camera*>(context);
    self.shots.push_back(std::make_unique<LimitState>(*self.state));
  }
};

void expect_whole(const LimitState& before, const std::function<void(LimitLedger&)>& act) {
  auto state = std::make_unique<LimitState>(before);
  Camera camera{state.get(), {}};
  LimitLedger sut(*state, kRules, {&Camera::shoot, &camera});
  act(sut);
  ASSERT_GE(camera.shots.size(), 5u) << "nothing was changed";
  const std::string was = content(before), is = content(*state);
  ASSERT_TRUE(was != is);
  std::size_t undone = 0;
  for (const auto& shot : camera.shots) {
    LimitLedger(*shot, kRules).recover();
    const std::string found = content(*shot);
    EXPECT_TRUE(found == was || found == is);
    EXPECT_EQ(shot->undo.used, 0u);
    undone += found == was ? 1 : 0;
  }
  EXPECT_GT(undone, 0u);
}

struct Prepared : Private {
  Prepared() {
    waiting = ask(kB, 10, Priority::kOrder, kStart, 0, 20);
    ask(kB, 1, Priority::kBackground, kStart);
    ask(kB, 1, Priority::kCancel, kStart);
    ledger.answer(good("B", kStart), kStart);
  }
  Grant waiting;
};

TEST(UndoLog, EveryKindOfChangeIsWholeOrUndoneWhereverItIsCut) {
  const Prepared prepared;
  ASSERT_NE(prepared.waiting.ticket, 0u);
  const LimitScope fast{"B", LimitKind::kEndpoint, "GET /fast"};
  const auto ask = [&](const LimitScope& scope, std::uint32_t count, std::uint64_t ticket) {
    return [=](LimitLedger& sut) {
      const LimitCharge charges[] = {{kB, 1}, {scope, 2}};
      LimitRequest r;
      r.charges = {charges, scope.venue == "A" ? 0u : 2u};
      const LimitCharge other{scope, 1};
      if (scope.venue == "A") r.charges = {&other, 1};
      r.priority = Priority::kCancel;
      r.count = count;
      r.ticket = ticket;
      sut.request(r, kStart + kSec);
    };
  };
  expect_whole(*prepared.state, ask(fast, 1, 0));                        // new bucket, granted
  expect_whole(*prepared.state, ask(fast, 40, 0));                       // a part of a batch
  expect_whole(*prepared.state, ask(kA, 1, 0));                          // new venue
  expect_whole(*prepared.state, ask(fast, 1, prepared.waiting.ticket));  // a waiter is served
  expect_whole(*prepared.state, [&](LimitLedger& sut) { sut.withdraw(prepared.waiting.ticket); });
  expect_whole(*prepared.state, [](LimitLedger& sut) {
    sut.answer({"B", AnswerKind::kBanned, kStart, 0, kStart + 9 * kSec, 403, {}}, kStart + kSec);
  });
  expect_whole(*prepared.state, [](LimitLedger& sut) {
    sut.observe({kB, 0, kStart, true, 59, 70}, kStart + kSec);
  });
  Prepared banned;
  banned.ledger.answer({"B", AnswerKind::kBanned, kStart, 0, 0, 403, {}}, kStart);
  expect_whole(*banned.state, [](LimitLedger& sut) { sut.clear_ban("B"); });
}

TEST(UndoLog, ARecoveryThatIsCutIsDoneAgainToTheSameEnd) {
  const Prepared prepared;
  auto state = std::make_unique<LimitState>(*prepared.state);
  UndoLog cut(*state);
  for (int i = 0; i < 3; ++i) {
    LimitBucket& bucket = cut.edit(state->buckets[0]);
    bucket.limit += 7;
    VenueGate& gate = cut.edit(state->gates[0]);
    gate.failures += 1;
  }
  Camera camera{state.get(), {}};
  EXPECT_TRUE(UndoLog(*state, {&Camera::shoot, &camera}).recover());
  EXPECT_TRUE(content(*state) == content(*prepared.state));
  ASSERT_GE(camera.shots.size(), 6u);
  for (const auto& shot : camera.shots) {
    UndoLog(*shot).recover();
    EXPECT_TRUE(content(*shot) == content(*prepared.state));
  }
}

}  // namespace
}  // namespace pinstripe
