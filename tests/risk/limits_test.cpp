// Each limit denies with its own reason, and under each limit the position can still be closed.
#include "risk/limits.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/risk/harness.h"

namespace pinstripe {
namespace {

using testing::Harness;
using testing::kMs;

/// How a limit is brought about. `breach` runs before the signal; `spoil` edits the signal.
struct LimitCase {
  Denial reason;
  const char* name;
  std::function<void(RiskConfig&)> configure = [](RiskConfig&) {};
  std::function<void(Harness&)> breach = [](Harness&) {};
  std::function<void(Signal&)> spoil = [](Signal&) {};
  bool open_after = false;  // the breach lasts: the closing test opens before it
};

void control(Harness& h, ControlKind kind) {
  Control c;
  c.h.type = MsgType::kControl;
  c.h.event_ns = c.h.origin_ns = TimeNs(h.now);
  c.kind = kind;
  h.deliver(c);
}
void lose(Harness& h, std::int64_t cash_e8) {
  ExecReport r;
  r.h.type = MsgType::kExecReport;
  r.h.instrument = 0;
  r.kind = ExecKind::kFunding;
  r.venue_ns = h.now;
  r.cash_e8 = MoneyE8(-cash_e8);
  h.deliver(r);
}
constexpr std::int64_t kDollars = 100'000'000;

std::vector<LimitCase> cases() {
  return {
      {.reason = Denial::kStale, .name = "stale",
       .spoil = [](Signal& s) { s.h.origin_ns = s.h.origin_ns - TimeNs(5 * kMs + 1); }},
      {.reason = Denial::kBookInvalid, .name = "book_invalid",
       .breach = [](Harness& h) { h.book(BookState::kGap); }},
      {.reason = Denial::kBookInvalid, .name = "instrument_halted",
       .breach = [](Harness& h) { h.book(BookState::kHalted); }},
      {.reason = Denial::kHalted, .name = "halted",
       .breach = [](Harness& h) { control(h, ControlKind::kHalt); }},
      {.reason = Denial::kDrawdown, .name = "drawdown",
       .configure = [](RiskConfig& c) { c.limits.daily_loss_max = 1; },
       .breach = [](Harness& h) { lose(h, 1'100 * kDollars); }},
      {.reason = Denial::kDailyLoss, .name = "daily_loss",
       .breach = [](Harness& h) {
         lose(h, 0);
         h.advance(1);
         lose(h, 600 * kDollars);
       }},
      {.reason = Denial::kCircuitBreaker, .name = "circuit_breaker",
       .configure = [](RiskConfig& c) { c.limits.breaker_rejects = 1; },
       .breach = [](Harness& h) {
         if (h.position() != 0) return;
         h.signal(0.6);
         h.close_unfilled(OrderCommand(h.last()), ExecKind::kRejected, h.last().number);
       }},
      {.reason = Denial::kInFlight, .name = "in_flight",
       .configure = [](RiskConfig& c) { c.limits.in_flight_max = 0; }},
      {.reason = Denial::kWarmUp, .name = "warm_up",
       .spoil = [](Signal& s) { s.context.bar_count = 3; }},
      {.reason = Denial::kSpread, .name = "spread",
       .breach = [](Harness& h) { h.touch(499'800, 500'400); }},
      {.reason = Denial::kNoEdge, .name = "no_edge",
       .configure = [](RiskConfig& c) { c.policy.take_profit_stops = 0.1; }},
      {.reason = Denial::kEdgeBelowMin, .name = "edge_below_min",
       .configure = [](RiskConfig& c) { c.policy.min_edge = 1; }},
      {.reason = Denial::kBelowMinSize, .name = "below_min_size",
       .configure = [](RiskConfig& c) { c.instruments[0].qty_min = QtyLots(20); }},
      {.reason = Denial::kLeverage, .name = "leverage",
       .configure = [](RiskConfig& c) { c.limits.leverage_max = 0.01; }},
      {.reason = Denial::kGroup, .name = "group",
       .configure = [](RiskConfig& c) { c.limits.group_max = 0.01; }},
      {.reason = Denial::kDepth, .name = "depth",
       .spoil = [](Signal& s) { s.context.ask_depth_lots = QtyLots(56); }},
      {.reason = Denial::kParticipation, .name = "participation",
       .spoil = [](Signal& s) { s.context.minute_volume_lots = QtyLots(379); }},
      {.reason = Denial::kOrderRate, .name = "order_rate",
       .configure = [](RiskConfig& c) { c.limits.opens_per_second = 1; },
       .breach = [](Harness& h) {
         if (h.position() != 0) return;
         h.signal(0.6);
         h.close_unfilled(OrderCommand(h.last()), ExecKind::kRejected, h.last().number);
       }},
  };
}

class EachLimit : public ::testing::TestWithParam<LimitCase> {};

TEST_P(EachLimit, DeniesAnOpenWithItsReasonAndNothingElse) {
  const LimitCase& c = GetParam();
  RiskConfig config = Harness::base_config();
  c.configure(config);
  Harness h(config);
  h.ready(500'000);
  c.breach(h);
  const std::size_t before = h.count();
  Signal s = h.make_signal(0.6);
  c.spoil(s);
  h.deliver(s);
  EXPECT_EQ(h.count(), before);
  EXPECT_EQ(h.denied(c.reason), 1);
  EXPECT_EQ(h.denied_all(), 1);
}

TEST_P(EachLimit, LetsThePositionBeClosedAllTheSame) {
  const LimitCase& c = GetParam();
  RiskConfig config = Harness::base_config();
  c.configure(config);
  config.external_fills = ExternalFills::kAdopt;  // the position comes from outside the limit
  Harness h(config);
  h.ready(500'000);
  OrderCommand foreign;
  foreign.h.instrument = 0;
  foreign.qty_lots = QtyLots(25);
  foreign.price_ticks = PriceTicks(500'000);
  foreign.id = {77, 999, 0};
  h.deliver(h.make_fill(foreign, 25, 25));
  ASSERT_EQ(h.position(), 25);
  c.breach(h);
  h.touch(490'000, 490'001);  // far beyond the stop
  h.advance(2'000 * kMs);     // an invalid book holds reduces for its grace only
  ASSERT_GE(h.count(), 1U);
  const OrderCommand exit = h.last();
  EXPECT_EQ(exit.kind, CommandKind::kNew);
  EXPECT_EQ(exit.h.side(), Side::kSell);
  EXPECT_EQ(exit.qty_lots.value, 25);
  EXPECT_EQ(exit.flags & kOrderOpens, 0);
  h.fill_all(exit);
  EXPECT_EQ(h.position(), 0);
}

INSTANTIATE_TEST_SUITE_P(Table, EachLimit, ::testing::ValuesIn(cases()),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(LimitTable, AsksStalenessFirst) {
  ASSERT_FALSE(limit_table().empty());
  EXPECT_EQ(limit_table().front().reason, Denial::kStale);
  RiskConfig config = Harness::base_config();
  Harness h(config);  // no book, no warm-up, halted: all of them would deny
  control(h, ControlKind::kHalt);
  Signal s = h.make_signal(0.6);
  s.h.origin_ns = TimeNs(h.now - config.budget_ns - 1);
  h.deliver(s);
  EXPECT_EQ(h.denied(Denial::kStale), 1);
  EXPECT_EQ(h.denied_all(), 1);
}

TEST(LimitTable, ASignalOfExactlyTheBudgetIsNotStale) {
  Harness h;
  h.ready();
  Signal s = h.make_signal(0.6);
  s.h.origin_ns = TimeNs(h.now - 5 * kMs);
  h.deliver(s);
  EXPECT_EQ(h.count(), 1U);
}

TEST(LimitTable, BindsReducesOnlyByCollarVenueFilterRateAndSize) {
  for (const Limit& l : limit_table()) {
    const bool all = l.reason == Denial::kCollar || l.reason == Denial::kVenueFilter ||
                     l.reason == Denial::kOrderRate || l.reason == Denial::kBelowMinSize;
    EXPECT_EQ(l.binds == Binds::kAll, all) << kDenialNames[static_cast<std::size_t>(l.reason)];
  }
}

TEST(LimitTable, PriceAndQuantityLimitsDenyInTheirOwnName) {
  LimitContext c;
  c.qty_lots = c.qty_least_lots = 1;
  c.qty_most_lots = 10;
  c.fraction = 1;
  c.collar_bps = 20;
  c.band_bps = 500;
  EXPECT_EQ(first_denial(c, true, LimitPhase::kSized), Denial::kNone);
  c.beyond_touch_bps = 20.5;
  EXPECT_EQ(first_denial(c, false, LimitPhase::kSized), Denial::kCollar);
  c.beyond_touch_bps = 0;
  c.from_mid_bps = 501;
  EXPECT_EQ(first_denial(c, false, LimitPhase::kSized), Denial::kVenueFilter);
  c.from_mid_bps = 0;
  c.qty_lots = 11;
  EXPECT_EQ(first_denial(c, true, LimitPhase::kSized), Denial::kVenueFilter);
  c.qty_lots = 1;
  c.position_notional = 1;
  EXPECT_EQ(first_denial(c, true, LimitPhase::kSized), Denial::kPosition);
  EXPECT_EQ(first_denial(c, false, LimitPhase::kSized), Denial::kNone);
}

TEST(RiskLevels, DrawdownOfFifteenPercentFlattens) {
  RiskConfig config = Harness::base_config();
  Harness h(config);
  h.ready(500'000);
  h.open();
  lose(h, 1'600 * kDollars);
  EXPECT_EQ(h.last().purpose, Purpose::kFlatten);
  EXPECT_EQ(h.last().qty_lots.value, h.position());
}

TEST(RiskLevels, HaltTakesWorkingEntriesBackAndHoldsThePosition) {
  Harness h;
  h.ready(500'000);
  h.signal(0.6);
  h.accept(OrderCommand(h.last()));
  control(h, ControlKind::kHalt);
  EXPECT_EQ(h.last().purpose, Purpose::kCancelHalt);
  Harness held;
  held.ready(500'000);
  held.open();
  const std::size_t before = held.count();
  control(held, ControlKind::kHalt);
  EXPECT_EQ(held.count(), before);
  control(held, ControlKind::kFlatten);
  EXPECT_EQ(held.last().purpose, Purpose::kFlatten);
  control(held, ControlKind::kResume);
  EXPECT_EQ(held.sut.counters()[kRcHaltLevel], 0);
}

TEST(RiskLevels, TheBreakerClosesAgainAfterItsCoolDown) {
  RiskConfig config = Harness::base_config();
  config.limits.breaker_rejects = 3;
  Harness h(config);
  h.ready(500'000);
  for (int n = 0; n < 3; ++n) {
    h.signal(0.6);
    h.close_unfilled(OrderCommand(h.last()), ExecKind::kRejected, h.last().number);
  }
  h.signal(0.6);
  EXPECT_EQ(h.denied(Denial::kCircuitBreaker), 1);
  h.advance(config.limits.breaker_cool_down_ns);
  h.signal(0.6);
  EXPECT_EQ(h.denied(Denial::kCircuitBreaker), 1);
  EXPECT_EQ(h.last().number, 4U);
}

TEST(RiskLevels, DailyLossRollsOutAfterADay) {
  EquityDay sut;
  sut.see(testing::kStart, 1000);
  sut.see(testing::kStart + 3600 * kNsPerSecond, 900);
  EXPECT_EQ(sut.rolling_reference(), 1000);
  sut.see(testing::kStart + 24 * 3600 * kNsPerSecond, 900);
  EXPECT_EQ(sut.rolling_reference(), 1000 - 0);  // the first minute is just inside
  sut.see(testing::kStart + 26 * 3600 * kNsPerSecond, 900);
  EXPECT_EQ(sut.rolling_reference(), 900);
  sut.shift(50);
  EXPECT_EQ(sut.rolling_reference(), 950);
}

}  // namespace
}  // namespace pinstripe
