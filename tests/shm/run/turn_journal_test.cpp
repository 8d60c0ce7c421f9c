// What the runner adds to a journal by itself: digests, the end, positions, halts; and when it
// waits.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/shm/run/toy_replica.h"
#include "tests/shm/run/toy_session.h"

namespace pinstripe {
namespace {

using toy::RingReplica;
using toy::Scenario;
using Session = toy::Session<>;

Scenario scenario_of(std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  return toy::make_scenario(rng);
}

void run_to_end(Session& s) {
  for (int steps = 0; steps < 50'000 && !s.ended(); ++steps) {
    s.step(static_cast<unsigned>(steps) % 4);
    s.carry(static_cast<unsigned>(steps) % 4);
  }
  for (unsigned i = 0; i < 4; ++i) s.carry(i);
}

std::uint64_t count_of(const Tape& tape, JournalKind kind) {
  std::uint64_t count = 0;
  for (const JournalEntry& e : tape.entries()) count += e.kind == kind;
  return count;
}

template <class T>
T payload_of(const JournalEntry& e, std::size_t at = 0) {
  T value;
  std::memcpy(&value, e.payload.data() + at, sizeof(value));
  return value;
}

TEST(RunnerJournal, RecordsAreWhatWasTakenInTheOrderTaken) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(5), 8, 4, &shape);
  run_to_end(s);
  std::map<std::uint16_t, std::uint64_t> next;  // by ring
  TimeNs now = TimeNs::min();
  for (const JournalEntry& e : s.risk.journal->tape.entries()) {
    if (e.kind != JournalKind::kMessage && e.kind != JournalKind::kTimer) continue;
    EXPECT_GE(e.now, now);
    now = e.now;
    if (e.kind != JournalKind::kMessage) continue;
    EXPECT_EQ(e.message_number(), next[e.ring]++);
    EXPECT_EQ(s.risk.setup.inputs[e.input].ring_id, e.ring);
  }
  EXPECT_EQ(next.size(), 3u);
  EXPECT_GT(count_of(s.risk.journal->tape, JournalKind::kMessage), 60u);
}

TEST(RunnerJournal, WhatARingHasOverwrittenIsCoveredByADigest) {
  for (const std::uint64_t capacity : {2, 4, 16, 64}) {
    const JournalShape shape{4096, 4};
    Session s(scenario_of(7), capacity, 64, &shape);
    run_to_end(s);
    std::uint64_t stated = 0;
    for (const JournalEntry& e : s.feed.journal->tape.entries()) {
      if (e.kind != JournalKind::kDigest && e.kind != JournalKind::kEnd) continue;
      const std::size_t at = e.kind == JournalKind::kEnd ? sizeof(JournalEnd) : 0;
      const auto port = payload_of<JournalPort>(e, at);
      EXPECT_LE(port.count - stated, capacity);
      EXPECT_EQ(e.input, toy::Feed::kPorts);
      stated = port.count;
    }
    EXPECT_EQ(stated, s.feed.runner->ports()[0].count());
    EXPECT_LE(count_of(s.feed.journal->tape, JournalKind::kDigest), 2 * stated / capacity + 1);
  }
}

TEST(RunnerJournal, EndsWithOneRecordThatSaysHowItEnded) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(9), 8, 4, &shape);
  for (int i = 0; i < 3; ++i) s.step(0);
  s.feed.runner->stop();
  run_to_end(s);
  ASSERT_TRUE(s.ended());
  const auto end = payload_of<JournalEnd>(s.feed.journal->tape.entries().back());
  EXPECT_EQ(end.reason, JournalEndReason::kStopped);
  EXPECT_EQ(end.frames, s.feed.runner->frames());
  EXPECT_EQ(end.state_hash, s.feed.stage->state_hash());
  const std::size_t records = s.risk.journal->tape.entries().size();
  s.restart(2);
  run_to_end(s);
  EXPECT_TRUE(s.ended()) << "a stage that had ended ends again";
  EXPECT_EQ(s.risk.journal->tape.entries().size(), records);
  EXPECT_EQ(count_of(s.risk.journal->tape, JournalKind::kEnd), 1u);
}

TEST(RunnerJournal, AFeedThatCanReadAgainJournalsPositionsOnly) {
  Scenario many = scenario_of(1);
  many.frames.clear();
  for (std::uint64_t i = 0; i < 9000; ++i) {
    many.frames.push_back({TimeNs(static_cast<std::int64_t>(i)), 0, i});
  }
  const JournalShape shape{4096, 4};
  Session s(many, 64, 64, &shape);
  run_to_end(s);
  std::vector<std::uint64_t> frames, offsets;
  for (const JournalEntry& e : s.feed.journal->tape.entries()) {
    if (e.kind != JournalKind::kPosition) continue;
    frames.push_back(payload_of<FeedPosition>(e).frames);
    offsets.push_back(payload_of<FeedPosition>(e).offset);
  }
  EXPECT_EQ(frames, (std::vector<std::uint64_t>{0, 4096, 8192}));
  EXPECT_EQ(offsets, frames);
  EXPECT_EQ(count_of(s.feed.journal->tape, JournalKind::kFrame), 0u);
}

TEST(RunnerJournal, AStageTooFarPastItsCheckpointWaitsForTheNextOne) {
  const JournalShape shape{4096, 8};
  Session s(scenario_of(4), 64, 64, &shape);
  RunnerSetup setup = s.compute.setup;
  setup.checkpoint_lag_max = 10;
  auto page = std::make_unique<StagePage>();
  Probe probe(*page, SessionClock(), 0, 0);
  toy::Compute stage(s.compute.config);
  Runner<toy::Compute> sut(stage, setup, probe);
  for (int i = 0; i < 4; ++i) s.step(0);
  ASSERT_GT(sut.run_batch(), 0u);
  EXPECT_EQ(s.compute.journal->writer->records(), 11u);
  EXPECT_TRUE(sut.waits_for_journal());
  EXPECT_EQ(sut.run_batch(), 0u);
  s.compute.journal->memory.view().header()->checkpoint_records = 8;
  EXPECT_EQ(sut.run_batch(), 0u) << "looked up at the end of a batch";
  EXPECT_GT(sut.run_batch(), 0u);
  EXPECT_EQ(s.compute.journal->writer->records(), 19u);
}

TEST(RunnerJournal, AHaltOfTheCarrierReachesRiskOnceAndIsReplayed) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(11), 8, 4, &shape);
  JournalHeader* header = s.risk.journal->memory.view().header();
  for (int steps = 0; steps < 60; ++steps) s.step(static_cast<unsigned>(steps) % 4);
  header->halt = 1;
  for (int steps = 0; steps < 20; ++steps) s.step(static_cast<unsigned>(steps) % 4);
  header->halt = 0;
  run_to_end(s);
  ASSERT_TRUE(s.ended());
  std::vector<ControlKind> kinds;
  for (const JournalEntry& e : s.risk.journal->tape.entries()) {
    if (e.kind != JournalKind::kControl) continue;
    kinds.push_back(reinterpret_cast<const Control&>(e.message()).kind);
  }
  EXPECT_EQ(kinds, (std::vector<ControlKind>{ControlKind::kHalt, ControlKind::kResume}));
  RingReplica<toy::Risk> replica(s.risk);
  for (const JournalEntry& e : s.risk.journal->tape.entries()) replica.act(e);
  EXPECT_EQ(replica.differences, 0);
  EXPECT_EQ(replica.stage->state_hash(), s.risk.stage->state_hash());
}

TEST(RunnerJournal, CancelAllIsJournaledLiftsNoHaltAndIsReplayed) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(11), 8, 4, &shape);
  EXPECT_FALSE(s.risk.runner->cancel_all()) << "nothing has come yet: there is no time to say it at";
  JournalHeader* header = s.risk.journal->memory.view().header();
  for (int steps = 0; steps < 60; ++steps) s.step(static_cast<unsigned>(steps) % 4);
  header->halt = 1;
  for (int steps = 0; steps < 20; ++steps) s.step(static_cast<unsigned>(steps) % 4);
  int asked = 1;
  for (; !s.risk.runner->cancel_all() && asked < 100; ++asked) {
    s.step(static_cast<unsigned>(asked) % 4);
  }
  EXPECT_LT(asked, 100);
  run_to_end(s);
  ASSERT_TRUE(s.ended());
  std::vector<ControlKind> kinds;
  for (const JournalEntry& e : s.risk.journal->tape.entries()) {
    if (e.kind != JournalKind::kControl) continue;
    kinds.push_back(reinterpret_cast<const Control&>(e.message()).kind);
  }
  EXPECT_EQ(kinds, (std::vector<ControlKind>{ControlKind::kHalt, ControlKind::kCancelAll}))
      << "halted until the end: nothing resumed it";
  RingReplica<toy::Risk> replica(s.risk);
  for (const JournalEntry& e : s.risk.journal->tape.entries()) replica.act(e);
  EXPECT_EQ(replica.differences, 0);
  EXPECT_EQ(replica.stage->state_hash(), s.risk.stage->state_hash());
}

/// Shows every frame at the same address, as a reader of files does.
class OneBuffer {
 public:
  explicit OneBuffer(std::vector<std::int64_t> times) : times_(std::move(times)) {}
  const toy::Frame* peek() {
    if (at_ == times_.size()) return nullptr;
    frame_ = {TimeNs(times_[at_]), 0, at_};
    return &frame_;
  }
  void pop() { ++at_; }

 private:
  std::vector<std::int64_t> times_;
  std::size_t at_ = 0;
  toy::Frame frame_;
};

TEST(FeedRunner, CountsEachFrameThatRunsBackwardOnce) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(1), 4, 4, &shape);
  RunnerSetup setup = s.feed.setup;
  setup.journal = nullptr;
  toy::Feed stage({});
  OneBuffer source({5, 3, 9, 8, 7, 12});
  auto page = std::make_unique<StagePage>();
  Probe probe(*page, SessionClock(), 0, 0);
  FeedRunner<toy::Feed, OneBuffer> sut(stage, source, setup, probe, 0.0);
  std::vector<RingConsumer<>> readers;
  for (const RunnerOutput& out : setup.outputs) readers.emplace_back(out.ring);
  while (!sut.done()) {
    sut.run_batch();
    sut.run_batch();  // blocked on full rings: it looks at the same frame again
    for (RingConsumer<>& r : readers) {
      while (r.peek() != nullptr) r.advance();
      r.release();
    }
  }
  EXPECT_EQ(sut.frames(), 6u);
  EXPECT_EQ(sut.backward_stamps(), 3u);
}

/// Has a timer three units after each frame, of which nobody hears.
class TickingFeed : public toy::Feed {
 public:
  explicit TickingFeed(const Config& config) : toy::Feed(config) {}
  TimeNs next_due() const noexcept { return due_; }
  template <class Sink>
  void on_event(TimeNs now, const In& in, Sink& sink) noexcept {
    if (in.kind == InputKind::kTimer) {
      due_ = TimeNs::max();
      note(now, 77);
      return;
    }
    due_ = now + TimeNs(3);
    toy::Feed::on_event(now, in, sink);
  }

 private:
  TimeNs due_ = TimeNs::max();
};

TEST(FeedRunner, ASilentTimerAfterTheLastFrameIsReplayedToo) {
  const JournalShape shape{4096, 4};
  Session s(scenario_of(1), 8, 8, &shape);
  RunnerSetup setup = s.feed.setup;
  setup.batch_max = 1;
  TickingFeed stage(toy::Feed::Config{});
  const std::vector<toy::Frame> frames{{TimeNs(10), 0, 0}, {TimeNs(20), 0, 1}};
  toy::Source source(frames);
  auto page = std::make_unique<StagePage>();
  Probe probe(*page, SessionClock(), 0, 0);
  FeedRunner<TickingFeed, toy::Source> sut(stage, source, setup, probe, 0.0);
  while (sut.now() < TimeNs(13)) sut.run_batch();
  sut.stop();
  while (!sut.done()) sut.run_batch();
  s.carry(0);
  const auto& entries = s.feed.journal->tape.entries();
  ASSERT_EQ(entries.back().kind, JournalKind::kEnd);
  ASSERT_EQ(entries.back().now, TimeNs(13));

  toy::Source again(frames);
  toy::Replica<TickingFeed, FeedRunner<TickingFeed, toy::Source, BacktestPolicy>, toy::Source>
      replica(s.feed, &again);
  for (const JournalEntry& e : entries) replica.act(e);
  EXPECT_EQ(replica.differences, 0);
  EXPECT_EQ(replica.runner->now(), TimeNs(13));
  EXPECT_EQ(replica.stage->state_hash(), stage.state_hash());
}

}  // namespace
}  // namespace pinstripe
