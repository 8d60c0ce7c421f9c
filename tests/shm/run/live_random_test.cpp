// Random schedules of a live session over the real runner and ring classes with small toy stages:
// inputs are taken as they come, rings of one burst drop what their readers have no room for,
// stages are killed. Whatever was taken, each stage says the same again from its journal; and no
// reader misses a message without being told.
#include <gtest/gtest.h>

#include <random>

#include "tests/shm/run/toy_replica.h"
#include "tests/shm/run/toy_session.h"

namespace pinstripe {
namespace {

using toy::LiveSource;
using LiveSession = toy::Session<toy::HandPolicy, LiveSource>;

toy::Scenario live_scenario(std::mt19937_64& rng) {
  toy::Scenario s = toy::make_scenario(rng);
  s.live = true;
  s.patience = rng() % 2 == 0 ? 0 : 1 + static_cast<std::int64_t>(rng() % 4);
  return s;
}

/// A batch, too, takes only what was due by the clock, until the data have ended.
void expect_due(LiveSession& sut, unsigned which) {
  sut.at(which, [](auto& desk) {
    if constexpr (requires { desk.runner->merge(); }) {
      if (desk.runner->merge().data_ended()) return;
      ASSERT_LE(desk.runner->now(), LiveSource::hand) << "a message was taken before its time";
    }
  });
}

/// Lets the session live: one of its stages at a time, or a carrier, or the clock goes on.
void live(LiveSession& sut, const toy::Scenario& s, bool kills, std::mt19937_64& rng) {
  LiveSource::hand = s.frames.front().origin_ns;
  const unsigned slow = static_cast<unsigned>(rng() % 4);  // is seldom given a turn
  int idle = 0;
  for (int steps = 0; steps < 100'000 && !sut.ended() && idle < 2'000; ++steps) {
    if (rng() % 3 == 0) LiveSource::hand += TimeNs(static_cast<std::int64_t>(rng() % 3));
    const auto which = static_cast<unsigned>(rng() % 4);
    sut.carry(static_cast<unsigned>(rng() % 4));
    if (which == slow && rng() % 8 != 0) continue;
    idle = sut.step(which) > 0 ? 0 : idle + 1;
    expect_due(sut, which);
    if (!kills || rng() % 60 != 0) continue;
    const auto victim = static_cast<unsigned>(rng() % 4);
    sut.missed_frames = rng() % 3;
    sut.restart(victim, toy::some_checkpoint(sut, s, victim, rng));
  }
  for (unsigned i = 0; i < 4; ++i) sut.carry(i);
}

/// What a replica said on `port` is what the reader of that ring has taken, message by message.
template <class Rep>
void expect_taken(const Rep& replica, unsigned port, const Tape& reader, std::uint16_t ring) {
  std::uint64_t taken = 0;
  for (const JournalEntry& e : reader.entries()) {
    if (e.kind != JournalKind::kMessage || e.ring != ring) continue;
    ASSERT_EQ(e.message_number(), taken);
    ASSERT_LT(taken, replica.outputs[port].size()) << "of ring " << ring;
    using Out = std::decay_t<decltype(replica.outputs[port][0])>;
    ASSERT_TRUE(toy::same_message(reinterpret_cast<const Out&>(e.message()),
                                  replica.outputs[port][taken]))
        << "message " << taken << " of ring " << ring;
    ++taken;
  }
  EXPECT_EQ(taken, replica.outputs[port].size()) << "of ring " << ring;
}

template <class Rep, class D>
void act_again(Rep& replica, const D& desk) {
  for (const JournalEntry& e : desk.journal->tape.entries()) replica.act(e);
  EXPECT_EQ(replica.differences, 0);
  EXPECT_EQ(replica.stage->state_hash(), desk.stage->state_hash());
}

/// How often something happened that a test is about.
struct Seen {
  int drops = 0, in_midst = 0, silences = 0, losses = 0, out_of_order = 0;
};

/// A reader's messages: a frame that is not there was dropped, and that is said before the next
/// one; or it was lost to feed itself, which is said too.
void expect_told(const std::vector<MarketEvent>& messages, std::uint64_t dropped) {
  std::int64_t next = 0;
  std::uint64_t told = 0;
  bool excused = false;
  for (const MarketEvent& e : messages) {
    if (e.a == toy::Feed::kDropped) told += static_cast<std::uint64_t>(e.b);
    if (e.a == toy::Feed::kDropped || e.a == toy::Feed::kLost) excused = true;
    if (e.a < 0) continue;
    if (e.a > next) {
      ASSERT_TRUE(excused) << "frames " << next << " to " << e.a - 1 << " are silently missing";
    }
    next = e.a + (e.b == 2 ? 1 : 0);
    excused = false;
  }
  EXPECT_LE(told, dropped);
}

void look_at_feed(const LiveSession& sut, const toy::Scenario& s, Seen& seen) {
  const Tape& tape = sut.feed.journal->tape;
  LiveSource none(s.frames);
  toy::FeedReplica<LiveSource> feed(sut.feed, &none);
  for (const JournalEntry& e : tape.entries()) {
    if (e.kind == JournalKind::kRoom) {
      feed.settle_before(e);
      seen.in_midst += feed.stage->more();
      ++seen.drops;
    }
    seen.silences += e.kind == JournalKind::kTimer;
    seen.losses += e.kind == JournalKind::kLost;
    feed.act(e);
  }
  EXPECT_EQ(feed.differences, 0);
  EXPECT_EQ(feed.stage->state_hash(), sut.feed.stage->state_hash());
  expect_taken(feed, 0, sut.compute.journal->tape, 0);
  expect_taken(feed, 1, sut.risk.journal->tape, 1);
  expect_taken(feed, 2, sut.exec.journal->tape, 2);
  for (unsigned port = 0; port < toy::Feed::kPorts; ++port) {
    EXPECT_EQ(feed.runner->dropped(port), sut.feed.runner->dropped(port));
    expect_told(feed.outputs[port], feed.runner->dropped(port));
  }
}

/// Time never goes back, and nothing is taken before it is due.
void look_at_times(const Tape& tape, Seen& seen) {
  TimeNs now = TimeNs::min(), newest = TimeNs::min();
  for (const JournalEntry& e : tape.entries()) {
    if (e.kind != JournalKind::kMessage && e.kind != JournalKind::kTimer) continue;
    ASSERT_GE(e.now, now) << "record " << e.number;
    now = e.now;
    if (e.kind != JournalKind::kMessage) continue;
    ASSERT_GE(e.now, e.message().event_ns) << "record " << e.number;
    seen.out_of_order += e.message().event_ns < newest;
    newest = std::max(newest, e.message().event_ns);
  }
}

void look_at_session(LiveSession& sut, const toy::Scenario& s, Seen& seen) {
  toy::RingReplica<toy::Compute> compute(sut.compute);
  toy::RingReplica<toy::Risk> risk(sut.risk);
  toy::RingReplica<toy::Exec> exec(sut.exec);
  act_again(compute, sut.compute);
  act_again(risk, sut.risk);
  act_again(exec, sut.exec);
  expect_taken(compute, 0, sut.risk.journal->tape, 3);
  expect_taken(risk, 0, sut.exec.journal->tape, 4);
  expect_taken(exec, 0, sut.risk.journal->tape, 5);
  look_at_times(sut.compute.journal->tape, seen);
  look_at_times(sut.risk.journal->tape, seen);
  look_at_times(sut.exec.journal->tape, seen);
  look_at_feed(sut, s, seen);
}

Seen live_sessions(std::uint64_t seeds, bool kills) {
  Seen seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 rng(seed);
    const toy::Scenario s = live_scenario(rng);
    const JournalShape shape{1024 + 64 * (rng() % 8), 3};
    LiveSession sut(s, std::uint64_t{2} << (rng() % 3), static_cast<std::uint32_t>(1 + rng() % 8),
                    &shape);
    live(sut, s, kills, rng);
    EXPECT_TRUE(sut.ended()) << "it never ended";
    EXPECT_EQ(sut.faults, 0);
    look_at_session(sut, s, seen);
    if (testing::Test::HasFailure()) break;
  }
  LiveSource::hand = TimeNs::max();
  return seen;
}

TEST(LiveRandomSchedules, WhatEachStageSaidFollowsFromItsJournal) {
  const Seen seen = live_sessions(800, false);
  EXPECT_GT(seen.out_of_order, 10'000) << "the order of arrival was that of the stamps";
  EXPECT_GT(seen.drops, 1'000) << "rings never were full";
  EXPECT_GT(seen.in_midst, 50) << "no ring was full in the midst of a fresh book";
  EXPECT_GT(seen.silences, 100);
  EXPECT_EQ(seen.losses, 0);
}

TEST(LiveRandomSchedules, SoItDoesWhereStagesAreKilledAndFramesAreLost) {
  const Seen seen = live_sessions(300, true);
  EXPECT_GT(seen.drops, 300);
  EXPECT_GT(seen.losses, 300);
}

}  // namespace
}  // namespace pinstripe
