// The paper venue's state: saved and loaded at every index of a tape it goes on the same, and its
// hash covers values alone, neither measurement stamps nor capacities.
#include <gtest/gtest.h>

#include "tests/exec/random_tape.h"
#include "tests/support/state_tape.h"

namespace pinstripe {
namespace {

// Stretches a random tape, whose steps are about a microsecond, so that markouts and funding fall
// into it, and several commands are on their way at once.
constexpr std::int64_t kStretch = 110'000;

ExecConfig state_config(Instrument instrument = test_perpetual()) {
  ExecConfig c = test_config({std::move(instrument)});
  c.instruments[0].price_band_bps = 10'000;
  c.order_latency_table_ns = {kNsPerMs, 20 * kNsPerMs, 90 * kNsPerMs};
  c.latency_seed = 3;
  c.funding = {{{3 * kNsPerSecond, 10'000}, {7 * kNsPerSecond, -20'000}}};
  c.queue_model = QueueModelKind::kProbPower;
  return c;
}

/// Orders, cancels, amends, a cancel of all, trades, a break in the book, marks and funding.
std::vector<TapeMessage> recorded_tape(const ExecConfig& config, std::uint64_t seed) {
  std::vector<TapeMessage> tape;
  VenueDriver d(config);
  d.tape = &tape;
  d.state(0, BookState::kValid);
  std::map<int, OrderId> ids;
  auto events = TapeMaker(seed).make(260);
  for (std::size_t i = 0; i < events.size(); ++i) {
    reference::Event e = events[i];
    e.t *= kStretch;
    play(d, e, ids);
    if (i % 40 == 7) d.market(e.t, MsgType::kMark, e.t / 7, 0, kFlagEndOfUpdate);
    if (i % 60 == 13 && !ids.empty()) d.amend(e.t, ids.rbegin()->second, 1'000, 1 + e.t % 5);
    if (i % 25 == 11) d.send(e.t, Side::kBuy, 1'100, 3, kIocOrder);
    if (i == 90) d.market(e.t, MsgType::kFunding, 30'000, 5 * kNsPerSecond, kFlagEndOfUpdate);
    if (i == 150) d.give(e.t, d.command(e.t, CommandKind::kCancelAll, {}));
    if (i == 200) d.state(e.t, BookState::kGap);
    if (i == 230) d.state(e.t, BookState::kValid, true);
  }
  EXPECT_GT(d.count("fills_maker"), 5);
  EXPECT_GT(d.count("fills_taker"), 0);
  EXPECT_GT(tape.back().at.value, 8 * kNsPerSecond) << "both funding instants lie inside";
  return tape;
}

TEST(ExecState, SavedAndLoadedAtEveryIndexGoesOnTheSame) {
  for (const Instrument& instrument : {test_perpetual(), test_spot(), test_inverse()}) {
    const ExecConfig config = state_config(instrument);
    const auto tape = recorded_tape(config, 4);
    const auto make = [&] { return std::make_unique<TapePlayer<ExecStage>>(config, tape); };
    expect_same_after_a_load_anywhere(make, tape.size());
  }
}

TEST(ExecState, SoDoesAVenueWithMarginAlsoWhereItLiquidates) {
  for (Instrument instrument : {test_perpetual(), test_inverse()}) {
    instrument.tiers = {{100'000'000, 1'000'000, 0}, {10'000'000'000, 2'000'000, 1'000'000}};
    ExecConfig config = state_config(instrument);
    const std::int64_t cash_e8 = instrument.market == Market::kLinear ? 20'000'000 : 10'000'000'000;
    config.margin = {true, "", cash_e8, 1'000'000};
    const auto tape = recorded_tape(config, 4);
    TapePlayer<ExecStage> whole(config, tape);
    for (std::size_t i = 0; i < tape.size(); ++i) whole.play(i);
    EXPECT_GT(whole.sut.venue().counted()[ExecCount::kLiquidations], 0);
    const auto make = [&] { return std::make_unique<TapePlayer<ExecStage>>(config, tape); };
    expect_same_after_a_load_anywhere(make, tape.size());
  }
}

TEST(ExecState, HashIsBlindToMeasurementStamps) {
  const ExecConfig config = state_config();
  const auto tape = recorded_tape(config, 5);
  const auto stamped = with_other_stamps(tape);
  TapePlayer<ExecStage> one(config, tape), other(config, stamped);
  expect_same_hashes(one, other, tape.size());
}

TEST(ExecState, HashIsBlindToCapacities) {
  const ExecConfig config = state_config();
  ExecConfig larger = config;
  larger.book_levels_max *= 2;
  larger.resting_orders_max *= 4;
  larger.in_flight_max *= 8;
  const auto tape = recorded_tape(config, 6);
  TapePlayer<ExecStage> one(config, tape), other(larger, tape);
  expect_same_hashes(one, other, tape.size());
}

}  // namespace
}  // namespace pinstripe
