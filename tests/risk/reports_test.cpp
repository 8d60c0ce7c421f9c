// Money and positions come from reports alone, each fill once, whatever the order of the reports.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/risk/harness.h"

namespace pinstripe {
namespace {

using testing::Harness;
using testing::kMs;

TEST(RiskReports, AFillIsBookedOnceHoweverOftenItIsReported) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  const ExecReport fill = h.make_fill(c, 5, 5);
  for (int n = 0; n < 4; ++n) h.deliver(fill);
  EXPECT_EQ(h.position(), 5);
  EXPECT_EQ(h.sut.counters()[kRcRepeatedFills], 3);
}

TEST(RiskReports, AnyOrderOfTheReportsOfAnOrderGivesTheSameState) {
  std::vector<int> order{0, 1, 2, 3, 4};
  std::uint64_t expected = 0;
  int permutations = 0;
  do {
    Harness h;
    h.ready(500'000);
    h.signal(0.6);
    const OrderCommand c = h.last();
    std::vector<ExecReport> reports{h.answer(c, ExecKind::kAccepted, OrderState::kAccepted),
                                    h.make_fill(c, 3, 3), h.make_fill(c, 4, 7),
                                    h.make_fill(c, 2, 9),
                                    h.answer(c, ExecKind::kCancelled, OrderState::kCancelled)};
    reports[4].answers = 0;
    reports[4].cumulative_lots = QtyLots(9);
    for (const int n : order) h.deliver(reports[static_cast<std::size_t>(n)]);
    EXPECT_EQ(h.position(), 9);
    EXPECT_EQ(h.state().working, 0);
    EXPECT_EQ(h.state().entry, 0U);
    EXPECT_EQ(h.state().buy_leaves, 0);
    EXPECT_EQ(h.sut.core().in_flight(), 0U);
    Hasher money;
    const InstrumentMoney& m = h.sut.core().ledger().money(0);
    for (const std::int64_t v : {m.realised_e8, m.unrealised_e8, m.fees_e8,
                                 h.sut.core().ledger().account_of(0).equity_e8(),
                                 h.state().stop_ticks, h.state().take_profit_ticks}) {
      money.add(static_cast<std::uint64_t>(v));
    }
    if (permutations++ == 0) expected = money.value();
    EXPECT_EQ(money.value(), expected);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(permutations, 120);
}

TEST(RiskReports, AnOrderIsForgottenOnlyWhenItsStatedFillsAreBooked) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  ExecReport end = h.answer(c, ExecKind::kCancelled, OrderState::kCancelled);
  end.cumulative_lots = QtyLots(5);
  h.deliver(end);
  EXPECT_EQ(h.state().working, 1);
  EXPECT_EQ(h.state().buy_leaves, 5);  // still to come
  h.deliver(h.make_fill(c, 5, 5));
  EXPECT_EQ(h.state().working, 0);
  EXPECT_EQ(h.position(), 5);
}

TEST(RiskReports, ALateFillOfAForgottenOrderIsStillOurs) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  h.close_unfilled(c, ExecKind::kCancelled);
  h.deliver(h.make_fill(c, 2, 2));
  EXPECT_EQ(h.position(), 2);
  EXPECT_EQ(h.sut.counters()[kRcExternalFills], 0);
}

TEST(RiskReports, AnUnknownFateFreezesTheInstrument) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  h.deliver(h.answer(c, ExecKind::kUnknown, OrderState::kUnknown));
  EXPECT_EQ(h.state().unknown, 1);
  h.signal(0.6);
  EXPECT_EQ(h.denied(Denial::kOrderUnknown), 1);
  h.close_unfilled(c, ExecKind::kNotSent);
  EXPECT_EQ(h.state().unknown, 0);
  h.signal(0.6);
  EXPECT_EQ(h.last().number, 2U);  // decided anew, under a new id
  EXPECT_GT(h.last().id.decision, c.id.decision);
}

TEST(RiskReports, AForeignExecutionHaltsOpensAndIsBooked) {
  Harness h;
  h.ready(500'000);
  OrderCommand foreign;
  foreign.h.instrument = 0;
  foreign.id = {5, 42, 0};
  foreign.qty_lots = QtyLots(3);
  foreign.price_ticks = PriceTicks(500'000);
  h.deliver(h.make_fill(foreign, 3, 3));
  EXPECT_EQ(h.position(), 3);
  EXPECT_EQ(h.sut.counters()[kRcExternalFills], 1);
  EXPECT_TRUE(h.state().alarm);
  EXPECT_GT(h.state().stop_ticks, 0);  // every position has a stop
}

TEST(RiskReports, FundingChangesCashNeverPosition) {
  Harness h;
  h.ready(500'000);
  h.open();
  const std::int64_t held = h.position();
  ExecReport r;
  r.h.type = MsgType::kExecReport;
  r.h.instrument = 0;
  r.kind = ExecKind::kFunding;
  r.venue_ns = h.now;
  r.cash_e8 = MoneyE8(-12'345);
  h.deliver(r);
  h.deliver(r);  // repeated
  EXPECT_EQ(h.position(), held);
  EXPECT_EQ(h.sut.core().ledger().money(0).funding_e8, -12'345);
}

TEST(RiskReports, RoundTripAccountsToTheLastUnit) {
  Harness h;
  h.ready(500'000);
  h.open();
  const std::int64_t lots = h.position();
  h.signal(0.4);
  h.fill_all(OrderCommand(h.last()), 499'990);
  const InstrumentMoney& m = h.sut.core().ledger().money(0);
  const std::int64_t gross = -10 * lots * 10'000;  // 10 ticks x lots, 1e-4 USDT each
  EXPECT_EQ(m.gross_e8(), gross);
  EXPECT_EQ(m.fees_e8, 2 * lots * 1000);
  EXPECT_EQ(m.net_e8(), gross - 2 * lots * 1000);
  EXPECT_EQ(h.sut.core().ledger().account_of(0).equity_e8(), 1'000'000'000'000 + m.net_e8());
  EXPECT_EQ(m.trades_closed, 1);
  EXPECT_EQ(m.wins, 0);
}

TEST(RiskReports, EquityUsesTheMarkWhereThereIsOneAndTheMidElse) {
  Harness h;
  h.ready(500'000);
  h.open();
  h.touch(500'100, 500'101);
  const InstrumentMoney& m = h.sut.core().ledger().money(0);
  EXPECT_EQ(m.valued_at_e8, 5'001'005'000'000);
  h.mark(5'002'000'000'000);
  EXPECT_EQ(m.valued_at_e8, 5'002'000'000'000);
}

TEST(RiskReports, ACoinAccountOpensAtTheFirstValidMid) {
  RiskConfig config = Harness::base_config();
  config.instruments = {testing::inverse_instrument()};
  Harness h(config);
  EXPECT_FALSE(h.sut.core().ledger().accounts()[0].funded);
  h.ready(500'000);
  const SettleAccount& a = h.sut.core().ledger().accounts()[0];
  EXPECT_TRUE(a.funded);
  EXPECT_NEAR(static_cast<double>(a.opening_e8), 10'000 / 50'000.05 * 1e8, 1);
  h.signal(0.6);
  ASSERT_EQ(h.count(), 1U);
  EXPECT_EQ(h.last().qty_lots.value, 9);  // 10 % of 0.19999 BTC at 100 USD a contract
}

TEST(RiskBook, AnInvalidBookCancelsEntriesAndExitsOnlyAfterItsGrace) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand entry = h.last();
  h.accept(entry);
  h.deliver(h.make_fill(entry, 5, 5));
  h.book(BookState::kGap);
  EXPECT_EQ(h.last().purpose, Purpose::kCancelInvalidBook);
  h.close_unfilled(entry, ExecKind::kCancelled, h.last().number);
  const std::size_t before = h.count();
  h.touch(400'000, 400'001);  // prices of an invalid book move nothing
  h.advance(1'999 * kMs);
  EXPECT_EQ(h.count(), before);
  h.advance(1 * kMs);
  // the cancelled entry's report stated nothing filled; the position stands all the same
  ASSERT_EQ(h.count(), before + 1);
  EXPECT_EQ(h.last().purpose, Purpose::kExitOnInvalidBook);
  EXPECT_EQ(h.last().tif, TimeInForce::kIoc);
  EXPECT_EQ(h.last().price_ticks.value, 499'000);  // the last valid bid less the collar
  EXPECT_EQ(h.sut.counters()[kRcExitOnInvalidBook], 1);
}

TEST(RiskBook, ABookThatHealsWithinTheGraceLeavesThePositionAlone) {
  Harness h;
  h.ready(500'000);
  h.open();
  const std::size_t before = h.count();
  h.book(BookState::kGap);
  h.advance(1'500 * kMs);
  h.book(BookState::kValid);
  h.advance(5'000 * kMs);
  EXPECT_EQ(h.count(), before);
}

/// Drives both by the same random inputs and compares what they send and become.
TEST(RiskState, LoadedFromACheckpointItGoesOnIdentically) {
  Harness a;
  a.ready(500'000);
  a.open();
  a.signal(0.4);
  a.accept(OrderCommand(a.last()));
  std::vector<std::byte> store(1 << 20);
  StateWriter w(store);
  a.sut.save(w);
  ASSERT_FALSE(w.overflowed());
  EXPECT_EQ(w.hash(), a.sut.state_hash());
  Harness b;
  StateReader r(std::span<const std::byte>(store.data(), w.size()));
  ASSERT_TRUE(b.sut.load(r).has_value());
  EXPECT_TRUE(r.exhausted());
  EXPECT_EQ(a.sut.state_hash(), b.sut.state_hash());
  b.now = a.now;
  b.next_exec_id = a.next_exec_id;
  b.next_decision = a.next_decision;
  const std::size_t skip = a.count();
  for (Harness* h : {&a, &b}) {
    h->touch(499'000, 499'001);
    h->advance(3'000 * kMs);
    h->close_unfilled(OrderCommand(h->last()), ExecKind::kCancelled, h->last().number);
    h->advance(1'000 * kMs);
    h->signal(0.6);
  }
  EXPECT_EQ(a.sut.state_hash(), b.sut.state_hash());
  ASSERT_EQ(a.count() - skip, b.count());
  for (std::size_t n = 0; n < b.count(); ++n) {
    EXPECT_EQ(a.sent()[skip + n].number, b.sent()[n].number);
    EXPECT_EQ(a.sent()[skip + n].purpose, b.sent()[n].purpose);
  }
}

TEST(RiskState, ACheckpointOfAnotherSessionIsRefused) {
  Harness a;
  std::vector<std::byte> store(1 << 20);
  StateWriter w(store);
  a.sut.save(w);
  RiskConfig two = Harness::base_config();
  two.instruments.push_back(testing::linear_instrument("TEST:ETHUSDT", "ETH"));
  Harness b(two);
  StateReader r(std::span<const std::byte>(store.data(), w.size()));
  EXPECT_FALSE(b.sut.load(r).has_value());
  Harness c;
  StateReader cut(std::span<const std::byte>(store.data(), w.size() / 2));
  EXPECT_FALSE(c.sut.load(cut).has_value());
}

TEST(SeenFillsTest, ForgetsOldestFirstAndNeverMixesKeys) {
  SeenFills sut(64);
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> keys;
  for (int n = 0; n < 5'000; ++n) {
    const std::uint64_t key = (random() & 0xFF) << 32 | (static_cast<std::uint64_t>(n) + 1);
    ASSERT_TRUE(sut.first_time(key));
    keys.push_back(key);
    for (std::size_t back = 1; back <= 64 && back <= keys.size(); ++back) {
      ASSERT_FALSE(sut.first_time(keys[keys.size() - back]));
    }
  }
}

TEST(RiskReports, ALiquidationIsBookedHaltsOpensAndAlarms) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  const std::int64_t qty = c.qty_lots.value;
  h.deliver(h.make_fill(c, qty, qty));
  ASSERT_EQ(h.position(), qty);
  const std::int64_t cash = h.sut.core().ledger().account_of(0).cash_e8;
  const std::int64_t fees = h.sut.core().ledger().money(0).fees_e8;
  ExecReport r;  // the venue's own order: no client id
  r.h.type = MsgType::kExecReport;
  r.h.instrument = 0;
  r.h.event_ns = r.h.origin_ns = TimeNs(h.now);
  r.h.set_side(Side::kSell);
  r.kind = ExecKind::kLiquidation;
  r.reason = ExecReason::kLiquidation;
  r.state = OrderState::kFilled;
  r.venue_order_id = 900;
  r.exec_id = 901;
  r.last_ticks = PriceTicks(400'000);  // 40,000.0 for what was bought at 50,000.0
  r.last_lots = r.cumulative_lots = QtyLots(qty);
  r.fee_e8 = MoneyE8(1'234);
  h.deliver(r);
  h.deliver(r);
  EXPECT_EQ(h.position(), 0);
  EXPECT_EQ(h.sut.counters()[kRcRepeatedFills], 1) << "booked once";
  const InstrumentMoney& m = h.sut.core().ledger().money(0);
  EXPECT_EQ(m.fees_e8, fees + 1'234);
  const std::int64_t loss = qty * 10'000 * 100'000'000 / 1'000;  // lots of 0.001 x 10,000
  EXPECT_EQ(h.sut.core().ledger().account_of(0).cash_e8, cash - loss - 1'234);
  EXPECT_TRUE(h.state().alarm);
  EXPECT_EQ(h.sut.counters()[kRcAlarms], 1);
  const std::size_t sent = h.count();
  h.advance(kNsPerSecond);
  h.touch(500'000, 500'001);
  h.signal(0.6);
  EXPECT_EQ(h.count(), sent) << "no order opens after it";
  EXPECT_EQ(h.denied(Denial::kHalted), 1);
}

TEST(RiskReports, ARebateInBaseGrowsThePositionAtTheFillsPrice) {
  RiskConfig config = Harness::base_config();
  config.instruments = {testing::spot_instrument()};
  Harness h(config);
  h.ready(500'000);
  h.signal(0.6);
  const OrderCommand c = h.last();
  ExecReport fill = h.make_fill(c, 4, 4);
  fill.fee_in_base = 1;
  fill.fee_e8 = MoneyE8(-1'000);  // 0.00001 base, worth 0.5 at 50,000
  const std::int64_t before = h.sut.core().ledger().account_of(0).equity_e8();
  h.deliver(fill);
  const InstrumentMoney& m = h.sut.core().ledger().money(0);
  EXPECT_EQ(m.position.units(), 4 * 100'000 + 1'000);
  EXPECT_EQ(m.fees_e8, -1'000LL * c.price_ticks.value / 10) << "what it is worth";
  const std::int64_t valued = m.valued_at_e8;
  const std::int64_t moved =  // from the order's price to the valuation
      (valued - c.price_ticks.value * 10'000'000) / 100'000'000 * m.position.units();
  EXPECT_NEAR(static_cast<double>(h.sut.core().ledger().account_of(0).equity_e8() - before -
                                  moved + m.fees_e8),
              0, static_cast<double>(m.position.units()));
}

}  // namespace
}  // namespace pinstripe
