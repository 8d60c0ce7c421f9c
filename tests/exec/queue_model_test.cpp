#include "exec/queue_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

QueuePlace place(std::int64_t ahead) { return {QtyLots(ahead), QtyLots(0)}; }

TEST(QueueModelTest, RiskAverseMovesOnlyByTradesAndByClipping) {
  const QueueModel sut{QueueModelKind::kRiskAverse, 3};
  QueuePlace p = place(50);
  sut.level_changed(p, QtyLots(50), QtyLots(80));  // others join behind
  EXPECT_EQ(p.ahead, QtyLots(50));
  sut.level_changed(p, QtyLots(80), QtyLots(60));  // 20 cancelled, somewhere
  EXPECT_EQ(p.ahead, QtyLots(50));
  sut.level_changed(p, QtyLots(60), QtyLots(35));  // shrinks below us: clipped
  EXPECT_EQ(p.ahead, QtyLots(35));
  EXPECT_EQ(p.trade(QtyLots(20), QtyLots(0)), QtyLots(0));
  EXPECT_EQ(p.ahead, QtyLots(15));
  EXPECT_EQ(p.trade(QtyLots(20), QtyLots(0)), QtyLots(5));
  EXPECT_EQ(p.ahead, QtyLots(0));
}

TEST(QueueModelTest, ProbPowerTakesTheShareAheadOfWhatTradesDoNotExplain) {
  const QueueModel sut{QueueModelKind::kProbPower, 3};
  // 30 ahead, 10 behind: 27000 / 28000 of the decrease lies ahead.
  EXPECT_DOUBLE_EQ(sut.share_ahead(QtyLots(30), QtyLots(10)), 27'000.0 / 28'000.0);
  QueuePlace p = place(30);
  sut.level_changed(p, QtyLots(40), QtyLots(32));  // 8 gone: 7.71 ahead, rounded down
  EXPECT_EQ(p.ahead, QtyLots(23));
  // 5 traded and the level fell by 5: nothing unexplained.
  p.trade(QtyLots(5), QtyLots(0));
  sut.level_changed(p, QtyLots(32), QtyLots(27));
  EXPECT_EQ(p.ahead, QtyLots(18));
  EXPECT_EQ(p.traded_since_book, QtyLots(0));
  // 9 behind cannot lose 12: at least 3 were ahead.
  QueuePlace q = place(1);
  sut.level_changed(q, QtyLots(10), QtyLots(1));
  EXPECT_EQ(q.ahead, QtyLots(1));
  sut.level_changed(q, QtyLots(1), QtyLots(0));
  EXPECT_EQ(q.ahead, QtyLots(0));
}

TEST(QueueModelTest, ProbLogUsesTheLogarithmOfTheQuantities) {
  const QueueModel sut{QueueModelKind::kProbLog, 3};
  for (const auto& [ahead, behind] : {std::pair{5, 5}, {1, 100}, {100, 1}, {0, 7}, {7, 0}}) {
    const double front = std::log(1.0 + ahead), back = std::log(1.0 + behind);
    EXPECT_NEAR(sut.share_ahead(QtyLots(ahead), QtyLots(behind)), front / (front + back), 1e-12);
  }
  QueuePlace p = place(20);
  sut.level_changed(p, QtyLots(40), QtyLots(30));  // even: 5 ahead
  EXPECT_EQ(p.ahead, QtyLots(15));
}

TEST(QueueModelTest, NoModelEverPutsMoreAheadThanIsDisplayedOrMovesBack) {
  for (const auto kind :
       {QueueModelKind::kRiskAverse, QueueModelKind::kProbPower, QueueModelKind::kProbLog}) {
    const QueueModel sut{kind, 2};
    std::int64_t level = 100;
    QueuePlace p = place(60);
    for (std::uint64_t n = 0; n < 5'000; ++n) {
      const QtyLots before = p.ahead;
      if (random_draw(7, 0, n, 0) % 3 == 0) {
        p.trade(QtyLots(static_cast<std::int64_t>(random_draw(7, 1, n, 0) % 4)), QtyLots(0));
      } else {
        const auto next = static_cast<std::int64_t>(random_draw(7, 2, n, 0) % 120);
        sut.level_changed(p, QtyLots(level), QtyLots(next));
        level = next;
        EXPECT_LE(p.ahead, QtyLots(level));
      }
      EXPECT_LE(p.ahead, before);
      EXPECT_GE(p.ahead, QtyLots(0));
    }
  }
}

}  // namespace
}  // namespace pinstripe
