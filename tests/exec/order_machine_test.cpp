#include "exec/order_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr std::array<OrderState, 8> kLives{
    OrderState::kNew,       OrderState::kSent,     OrderState::kUnknown, OrderState::kAccepted,
    OrderState::kPartlyFilled, OrderState::kRejected, OrderState::kExpired, OrderState::kCancelled};
constexpr auto kEvents = [] {
  std::array<LifeEvent, kLifeEventCount> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<LifeEvent>(i);
  return all;
}();

ExecReport report_of(ExecKind kind, std::int64_t cumulative = 0,
                     ExecReason reason = ExecReason::kNone, std::uint64_t answers = 0) {
  ExecReport r;
  r.kind = kind;
  r.reason = reason;
  r.cumulative_lots = QtyLots(cumulative);
  r.answers = answers;
  return r;
}
ExecReport fill_of(std::int64_t cumulative, std::int64_t last, std::int64_t ticks,
                   std::uint64_t exec_id) {
  ExecReport r = report_of(ExecKind::kFill, cumulative);
  r.last_lots = QtyLots(last);
  r.last_ticks = PriceTicks(ticks);
  r.fee_e8 = MoneyE8(last * 3 + ticks);
  r.exec_id = exec_id;
  return r;
}

/// Everything that a caller can see of a machine.
std::vector<std::int64_t> seen_of(const OrderMachine& m) {
  const auto turnover = m.turnover_ticks_lots();
  return {static_cast<std::int64_t>(m.state()), static_cast<std::int64_t>(m.reason()),
          m.filled().value, m.leaves().value, m.qty().value, m.fees_settle().value,
          m.fees_base().value, static_cast<std::int64_t>(turnover), m.settled() ? 1 : 0,
          m.contradicted() ? 1 : 0};
}

TEST(OrderMachineTest, TransitionTableIsAJoin) {
  for (const OrderState life : kLives) {
    for (const LifeEvent a : kEvents) {
      const OrderState once = next_life(life, a);
      EXPECT_NE(std::find(kLives.begin(), kLives.end(), once), kLives.end());
      EXPECT_EQ(next_life(once, a), once) << "an event twice is the event once";
      for (const LifeEvent b : kEvents) {
        EXPECT_EQ(next_life(once, b), next_life(next_life(life, b), a))
            << "life " << int(life) << " events " << int(a) << ", " << int(b);
      }
    }
  }
}

TEST(OrderMachineTest, WalksThroughTheUsualLives) {
  OrderMachine sut(QtyLots(10));
  EXPECT_EQ(sut.state(), OrderState::kNew);
  sut.sent();
  EXPECT_EQ(sut.state(), OrderState::kSent);
  EXPECT_EQ(sut.apply(report_of(ExecKind::kAccepted)), Applied::kNews);
  EXPECT_EQ(sut.state(), OrderState::kAccepted);
  sut.apply(fill_of(4, 4, 100, 1));
  EXPECT_EQ(sut.state(), OrderState::kPartlyFilled);
  EXPECT_EQ(sut.leaves(), QtyLots(6));
  EXPECT_TRUE(sut.request_cancel(7));
  EXPECT_EQ(sut.state(), OrderState::kPendingCancel);
  sut.apply(fill_of(5, 1, 100, 2));
  EXPECT_EQ(sut.state(), OrderState::kPendingCancel) << "a fill while cancelling is normal";
  sut.apply(report_of(ExecKind::kCancelRejected, 0, ExecReason::kUnknownOrder, 7));
  EXPECT_EQ(sut.state(), OrderState::kPartlyFilled) << "back to what the venue states";
  sut.apply(fill_of(10, 5, 101, 3));
  EXPECT_EQ(sut.state(), OrderState::kFilled);
  EXPECT_EQ(sut.reason(), ExecReason::kNone);
  EXPECT_TRUE(sut.settled());
  EXPECT_EQ(static_cast<std::int64_t>(sut.turnover_ticks_lots()), 4 * 100 + 100 + 5 * 101);
}

TEST(OrderMachineTest, ClosesWithTheReasonTheVenueGave) {
  for (const ExecReason reason :
       {ExecReason::kUser, ExecReason::kIocRemainder, ExecReason::kPostOnlyWouldCross,
        ExecReason::kSelfTrade, ExecReason::kGtd, ExecReason::kDeadMan, ExecReason::kLiquidation}) {
    OrderMachine sut(QtyLots(3));
    sut.sent();
    sut.apply(report_of(ExecKind::kCancelled, 0, reason));
    EXPECT_EQ(sut.state(), OrderState::kCancelled);
    EXPECT_EQ(sut.reason(), reason);
    EXPECT_TRUE(sut.closed());
    EXPECT_EQ(sut.leaves(), QtyLots(0));
  }
}

TEST(OrderMachineTest, AClosingThatCountsMoreFillsThanCameIsNotSettled) {
  OrderMachine sut(QtyLots(10));
  sut.apply(report_of(ExecKind::kCancelled, 6, ExecReason::kUser));
  EXPECT_TRUE(sut.closed());
  EXPECT_FALSE(sut.settled());
  sut.apply(fill_of(6, 6, 100, 1));
  EXPECT_EQ(sut.state(), OrderState::kCancelled);
  EXPECT_TRUE(sut.settled());
}

TEST(OrderMachineTest, AnUnknownFateIsResolvedByAnyWordOfTheVenue) {
  OrderMachine sut(QtyLots(2));
  sut.sent();
  sut.apply(report_of(ExecKind::kUnknown));
  EXPECT_EQ(sut.state(), OrderState::kUnknown);
  OrderMachine not_sent = sut;
  not_sent.apply(report_of(ExecKind::kNotSent));
  EXPECT_EQ(not_sent.state(), OrderState::kRejected);
  sut.apply(report_of(ExecKind::kAccepted));
  EXPECT_EQ(sut.state(), OrderState::kAccepted);
}

TEST(OrderMachineTest, RepeatedReportsChangeNothing) {
  OrderMachine sut(QtyLots(10));
  const ExecReport fill = fill_of(4, 4, 100, 1);
  EXPECT_EQ(sut.apply(fill), Applied::kNews);
  const auto before = seen_of(sut);
  EXPECT_EQ(sut.apply(fill), Applied::kRepeated);
  EXPECT_EQ(seen_of(sut), before);
}

TEST(OrderMachineTest, ContradictionsAreSeenInEitherOrder) {
  for (const bool turned : {false, true}) {
    OrderMachine sut(QtyLots(5));
    const ExecReport a = report_of(ExecKind::kRejected, 0, ExecReason::kFilter);
    const ExecReport b = fill_of(2, 2, 100, 1);
    sut.apply(turned ? b : a);
    EXPECT_EQ(sut.apply(turned ? a : b), Applied::kContradiction);
    EXPECT_TRUE(sut.contradicted());
    EXPECT_EQ(sut.filled(), QtyLots(2)) << "the fill counts all the same: it is money";
  }
}

/// A random life: acceptance, fills, amends, refused cancels and a closing, as one venue states
/// them.
struct Life {
  std::int64_t qty = 0;
  std::vector<ExecReport> reports;
  std::vector<std::uint64_t> cancels, amends;
};

Life random_life(std::uint64_t seed) {
  std::uint64_t n = 0;
  const auto draw = [&](std::uint64_t below) { return random_draw(seed, 1, 0, n++) % below; };
  Life life;
  life.qty = 1 + static_cast<std::int64_t>(draw(20));
  std::int64_t qty = life.qty;
  std::int64_t filled = 0;
  std::uint64_t command = 1;
  if (draw(10) == 0) {
    life.reports.push_back(report_of(ExecKind::kRejected, 0, ExecReason::kFilter, command));
    return life;
  }
  life.reports.push_back(report_of(ExecKind::kAccepted, 0, ExecReason::kNone, command));
  for (std::uint64_t i = 0; i < 6 && filled < qty; ++i) {
    const std::uint64_t what = draw(4);
    if (what == 0) {
      life.cancels.push_back(++command);
      life.reports.push_back(
          report_of(ExecKind::kCancelRejected, filled, ExecReason::kUnknownOrder, command));
    } else if (what == 1) {
      life.amends.push_back(++command);
      qty = filled + 1 + static_cast<std::int64_t>(draw(20));
      ExecReport r = report_of(ExecKind::kAmended, filled, ExecReason::kNone, command);
      r.leaves_lots = QtyLots(qty - filled);
      life.reports.push_back(r);
    } else {
      const auto left = static_cast<std::uint64_t>(qty - filled);
      const auto part = 1 + static_cast<std::int64_t>(draw(left));
      const auto ticks = 100 + static_cast<std::int64_t>(draw(9));
      filled += part;
      life.reports.push_back(fill_of(filled, part, ticks, i + 1));
    }
  }
  if (filled < qty && draw(2) == 0) {
    life.cancels.push_back(++command);
    life.reports.push_back(report_of(ExecKind::kCancelled, filled, ExecReason::kUser, command));
  }
  return life;
}

TEST(OrderMachineTest, AnyPermutationOfTheReportsEndsInTheSameStateAndTotals) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Life life = random_life(seed);
    const auto run = [&life](bool repeat) {
      OrderMachine m(QtyLots(life.qty));
      m.sent();
      for (const auto c : life.cancels) m.request_cancel(c);
      for (const auto a : life.amends) m.request_amend(a);
      for (const ExecReport& r : life.reports) {
        m.apply(r);
        if (repeat) m.apply(r);
      }
      return seen_of(m);
    };
    const auto expected = run(false);
    EXPECT_EQ(expected.back(), 0) << "no contradiction in a true life";
    for (std::uint64_t p = 0; p < 60; ++p) {
      for (std::size_t i = life.reports.size(); i > 1; --i) {
        std::swap(life.reports[i - 1], life.reports[random_draw(seed, 2, p, i) % i]);
      }
      ASSERT_EQ(run(p % 2 == 1), expected) << "seed " << seed << " permutation " << p;
    }
  }
}

TEST(OrderMachineTest, EveryOrderOfAShortLifeEndsTheSame) {
  std::vector<ExecReport> reports{report_of(ExecKind::kAccepted, 0, ExecReason::kNone, 1),
                                  fill_of(2, 2, 100, 1), fill_of(5, 3, 101, 2),
                                  report_of(ExecKind::kUnknown),
                                  report_of(ExecKind::kCancelled, 5, ExecReason::kUser, 2)};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::vector<std::int64_t> expected;
  do {
    OrderMachine sut(QtyLots(9));
    sut.sent();
    sut.request_cancel(2);
    for (const std::size_t i : order) sut.apply(reports[i]);
    if (expected.empty()) expected = seen_of(sut);
    ASSERT_EQ(seen_of(sut), expected);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(expected[0], static_cast<std::int64_t>(OrderState::kCancelled));
}

TEST(OrderMachineTest, GoesOnFromItsSavedState) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Life life = random_life(seed);
    OrderMachine whole(QtyLots(life.qty));
    OrderMachine part(QtyLots(life.qty));
    for (std::size_t i = 0; i < life.reports.size(); ++i) {
      whole.apply(life.reports[i]);
      part.apply(life.reports[i]);
      std::array<std::byte, 4096> memory{};
      StateWriter w(memory);
      part.save(w);
      ASSERT_FALSE(w.overflowed());
      OrderMachine loaded;
      StateReader r(std::span<const std::byte>(memory.data(), w.size()));
      ASSERT_TRUE(loaded.load(r));
      part = loaded;
    }
    EXPECT_EQ(seen_of(part), seen_of(whole));
  }
}

}  // namespace
}  // namespace pinstripe
