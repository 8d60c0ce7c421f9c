// Random tapes: against the plain reference venue, and for what must always hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/exec/random_tape.h"

namespace pinstripe {
namespace {

using reference::Done;
using reference::Event;

constexpr std::int64_t kLatencyNs = 1'000;

std::vector<Done> by_reference(const std::vector<Event>& tape) {
  std::vector<Event> events = tape;
  for (Event& e : events) {
    if (e.kind == Event::kNew || e.kind == Event::kCancel) e.t += kLatencyNs;
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.t < b.t; });
  reference::Venue venue;
  for (const Event& e : events) venue.take(e);
  return venue.done;
}

ExecConfig tape_config() {
  ExecConfig c = test_config();
  c.order_latency_ns = kLatencyNs;
  c.resting_orders_max = 500;
  c.in_flight_max = 4'096;
  c.instruments[0].price_band_bps = 10'000;
  return c;
}

std::vector<Done> by_stage(const VenueDriver& d) {
  std::vector<Done> done;
  for (const ExecReport& r : d.reports) {
    const int id = static_cast<int>(r.id.decision);
    if (r.kind == ExecKind::kFill) {
      done.push_back({id, 'f', r.last_ticks.value, r.last_lots.value, r.h.has(kFlagMaker)});
    } else if (r.kind != ExecKind::kAccepted) {
      const char what = r.kind == ExecKind::kCancelled  ? 'c'
                        : r.kind == ExecKind::kRejected ? 'r'
                                                        : 'x';
      done.push_back({id, what, 0, 0, false});
    }
  }
  return done;
}

TEST(RandomTapesTest, TheStageDoesWhatThePlainReferenceDoes) {
  std::size_t makers = 0, takers = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto tape = TapeMaker(seed).make(400);
    VenueDriver d(tape_config());
    d.state(0, BookState::kValid);
    std::map<int, OrderId> ids;
    for (const Event& e : tape) play(d, e, ids);
    d.until(tape.back().t + 10'000);
    const auto expected = by_reference(tape);
    const auto got = by_stage(d);
    for (std::size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
      ASSERT_EQ(got[i], expected[i])
          << "seed " << seed << " at " << i << ": order " << got[i].order << got[i].what << " "
          << got[i].qty << "@" << got[i].price << ", reference " << expected[i].order
          << expected[i].what << " " << expected[i].qty << "@" << expected[i].price;
    }
    ASSERT_EQ(got.size(), expected.size()) << "seed " << seed;
    makers += static_cast<std::size_t>(d.count("fills_maker"));
    takers += static_cast<std::size_t>(d.count("fills_taker"));
  }
  EXPECT_GT(makers, 5'000U);
  EXPECT_GT(takers, 1'000U);
}

TEST(RandomTapesTest, WhatMustAlwaysHoldHolds) {
  for (const auto model :
       {QueueModelKind::kRiskAverse, QueueModelKind::kProbPower, QueueModelKind::kProbLog}) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const auto tape = TapeMaker(seed).make(400);
      ExecConfig config = tape_config();
      config.queue_model = model;
      VenueDriver d(config);
      d.state(0, BookState::kValid);
      std::map<int, OrderId> ids;
      for (const Event& e : tape) play(d, e, ids);
      d.until(tape.back().t + 10'000);
      std::int64_t position = 0;
      std::map<std::uint64_t, int> answers;
      std::map<std::uint64_t, OrderMachine> machines;
      std::uint64_t exec_id = 0;
      for (const ExecReport& r : d.reports) {
        if (r.answers != 0) ++answers[r.answers];
        auto& machine = machines[r.id.decision];
        if (r.kind == ExecKind::kAccepted) machine = OrderMachine(r.leaves_lots);
        ASSERT_NE(machine.apply(r), Applied::kContradiction);
        if (r.kind != ExecKind::kFill) continue;
        position += r.last_lots.value * sign_of(r.h.side());
        ASSERT_EQ(r.exec_id, ++exec_id) << "execution ids are unique";
        ASSERT_EQ(r.h.cause_ring, kTestMarketRing) << "no fill without a market event";
        ASSERT_LT(r.h.cause_seq, d.market_count);
        ASSERT_GT(r.last_lots, QtyLots(0));
        ASSERT_EQ(r.cumulative_lots, machine.filled());
      }
      EXPECT_EQ(position, d.count("TEST:PERP.position_lots")) << "position = sum of fills";
      ASSERT_EQ(answers.size(), d.commands) << "every command is answered";
      for (const auto& [number, times] : answers) ASSERT_EQ(times, 1) << "exactly once";
    }
  }
}

TEST(RandomTapesTest, AStageLoadedFromACheckpointGoesOnIdentically) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto tape = TapeMaker(seed).make(300);
    VenueDriver whole(tape_config()), first(tape_config());
    whole.state(0, BookState::kValid);
    first.state(0, BookState::kValid);
    std::map<int, OrderId> ids, ids_again;
    const std::size_t cut = tape.size() / 2;
    for (std::size_t i = 0; i < cut; ++i) {
      play(whole, tape[i], ids);
      play(first, tape[i], ids_again);
    }
    std::vector<std::byte> memory(1 << 20);
    StateWriter w(memory);
    first.sut.save(w);
    ASSERT_FALSE(w.overflowed());
    VenueDriver second(tape_config());
    StateReader r(std::span<const std::byte>(memory.data(), w.size()));
    ASSERT_TRUE(second.sut.load(r));
    ASSERT_TRUE(r.exhausted());
    EXPECT_EQ(second.sut.state_hash(), first.sut.state_hash());
    second.market_count = first.market_count;
    second.commands = first.commands;
    second.orders = first.orders;
    const std::size_t before = whole.reports.size();
    for (std::size_t i = cut; i < tape.size(); ++i) {
      play(whole, tape[i], ids);
      play(second, tape[i], ids_again);
    }
    ASSERT_EQ(second.reports.size(), whole.reports.size() - before);
    for (std::size_t i = 0; i < second.reports.size(); ++i) {
      Hasher a, b;
      digest_message(a, &second.reports[i], sizeof(ExecReport));
      digest_message(b, &whole.reports[before + i], sizeof(ExecReport));
      ASSERT_EQ(a.value(), b.value());
    }
    EXPECT_EQ(second.sut.state_hash(), whole.sut.state_hash());
    StateReader damaged(std::span<const std::byte>(memory.data(), w.size() / 2));
    EXPECT_FALSE(second.sut.load(damaged));
  }
}

}  // namespace
}  // namespace pinstripe
