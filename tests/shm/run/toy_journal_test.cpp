// From its journal alone each toy stage says what it said: from the start, from a state saved at
// any record, and over rings that hold any part of it already.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/shm/run/toy_replica.h"
#include "tests/shm/run/toy_session.h"

namespace pinstripe {
namespace {

using toy::FeedReplica;
using toy::RingReplica;
using toy::Scenario;

constexpr JournalShape kShape{4096, 4};

/// A session with journals, run to its end.
template <class Source = toy::Source>
std::unique_ptr<toy::Session<LivePolicy, Source>> ended_session(
    std::uint64_t seed, std::uint64_t capacity = 8, const JournalShape& shape = kShape) {
  std::mt19937_64 rng(seed);
  const Scenario s = toy::make_scenario(rng);
  auto session = std::make_unique<toy::Session<LivePolicy, Source>>(s, capacity, 4, &shape);
  for (int steps = 0; steps < 50'000 && !session->ended(); ++steps) {
    session->step(static_cast<unsigned>(steps) % 4);
    session->carry(static_cast<unsigned>(steps) % 4);
  }
  EXPECT_TRUE(session->ended());
  for (unsigned i = 0; i < 4; ++i) session->carry(i);
  return session;
}

/// Every message of `ring` that the consumer has journaled is the producer's output of that number.
template <class Out>
void expect_journaled(const std::vector<Out>& outputs, const Tape& consumer,
                      std::uint16_t ring) {
  std::uint64_t seen = 0;
  for (const JournalEntry& e : consumer.entries()) {
    if (e.kind != JournalKind::kMessage || e.ring != ring) continue;
    ASSERT_EQ(e.message_number(), seen);
    ASSERT_LT(seen, outputs.size());
    EXPECT_TRUE(toy::same_message(reinterpret_cast<const Out&>(e.message()), outputs[seen]))
        << "message " << seen << " of ring " << ring;
    ++seen;
  }
  EXPECT_EQ(seen, outputs.size()) << "of ring " << ring;
}

JournalEnd end_of(const Tape& tape) {
  JournalEnd end;
  const JournalEntry& last = tape.entries().back();
  EXPECT_EQ(last.kind, JournalKind::kEnd);
  std::memcpy(&end, last.payload.data(), sizeof(end));
  return end;
}

template <class Rep>
void replay(Rep& sut, const Tape& tape, std::size_t from = 0) {
  for (std::size_t i = from; i < tape.entries().size(); ++i) sut.act(tape.entries()[i]);
}

TEST(ToyJournal, EachStageSaysAgainWhatItSaid) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto s = ended_session(seed);
    RingReplica<toy::Compute> compute(s->compute);
    RingReplica<toy::Risk> risk(s->risk);
    RingReplica<toy::Exec> exec(s->exec);
    replay(compute, s->compute.journal->tape);
    replay(risk, s->risk.journal->tape);
    replay(exec, s->exec.journal->tape);
    expect_journaled(compute.outputs[0], s->risk.journal->tape, 3);
    expect_journaled(risk.outputs[0], s->exec.journal->tape, 4);
    expect_journaled(exec.outputs[0], s->risk.journal->tape, 5);
    EXPECT_EQ(compute.differences + risk.differences + exec.differences, 0) << "seed " << seed;
    EXPECT_EQ(end_of(s->risk.journal->tape).state_hash, risk.stage->state_hash());
    EXPECT_EQ(end_of(s->exec.journal->tape).state_hash, exec.stage->state_hash());
  }
}

// A digest may be stated between two outputs of one turn, and the segment may end just before it.
TEST(ToyJournal, SoItDoesWhereASegmentEndsInTheMidstOfATurn) {
  int midst = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const auto s = ended_session(seed, 2, {512 + 64 * (seed % 8), 3});
    const auto& entries = s->compute.journal->tape.entries();
    RingReplica<toy::Compute> sut(s->compute);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      sut.act(entries[i]);
      const bool ends = entries[i].kind == JournalKind::kSegmentEnd;
      midst += ends && sut.stage->more() && entries[i + 1].kind == JournalKind::kDigest;
    }
    EXPECT_EQ(sut.differences, 0) << "seed " << seed;
    expect_journaled(sut.outputs[0], s->risk.journal->tape, 3);
  }
  EXPECT_GT(midst, 3) << "no segment ended in the midst of a turn's outputs";
}

TEST(ToyJournal, SoDoesFeedFromItsSourceOrFromTheFramesThatWereKept) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto s = ended_session(seed);
    std::mt19937_64 rng(seed);
    const Scenario scenario = toy::make_scenario(rng);
    toy::Source source(scenario.frames);
    FeedReplica<toy::Source> sut(s->feed, &source);
    while (sut.runner->read_on()) sut.drain();
    expect_journaled(sut.outputs[0], s->compute.journal->tape, 0);
    expect_journaled(sut.outputs[1], s->risk.journal->tape, 1);
    expect_journaled(sut.outputs[2], s->exec.journal->tape, 2);
    EXPECT_FALSE(sut.runner->differing_port(s->feed.journal->tape.entries().back()));

    const auto live = ended_session<toy::LiveSource>(seed);
    toy::LiveSource none(scenario.frames);
    none.skip_to(scenario.frames.size());
    FeedReplica<toy::LiveSource> kept(live->feed, &none);
    replay(kept, live->feed.journal->tape);
    EXPECT_EQ(kept.differences, 0) << "seed " << seed;
    expect_journaled(kept.outputs[0], live->compute.journal->tape, 0);
    EXPECT_EQ(end_of(live->feed.journal->tape).frames, scenario.frames.size());
  }
}

/// Saved before any record at which nothing goes on, loaded into a new object, the rest acted on.
template <class S, class D>
void every_record_is_a_place_to_go_on(const D& desk) {
  const Tape& tape = desk.journal->tape;
  RingReplica<S> whole(desk), straight(desk);
  replay(whole, tape);
  std::size_t saved = 0;
  for (std::size_t i = 0; i < tape.entries().size(); ++i) {
    straight.settle_before(tape.entries()[i]);
    if (!straight.stage->more()) {
      const auto state = straight.save();
      RingReplica<S> sut(desk);
      ASSERT_TRUE(sut.load(state)) << "record " << i;
      ASSERT_EQ(sut.save(), state) << "record " << i;
      replay(sut, tape, i);
      ASSERT_EQ(sut.differences, 0) << "record " << i;
      ASSERT_EQ(sut.stage->state_hash(), whole.stage->state_hash()) << "record " << i;
      ASSERT_EQ(sut.first[0] + sut.outputs[0].size(), whole.outputs[0].size()) << "record " << i;
      for (std::size_t n = 0; n < sut.outputs[0].size(); ++n) {
        ASSERT_TRUE(toy::same_message(sut.outputs[0][n], whole.outputs[0][sut.first[0] + n]))
            << "record " << i << " output " << n;
      }
      ++saved;
    }
    straight.act(tape.entries()[i]);
  }
  EXPECT_GT(saved, tape.entries().size() / 2);
}

TEST(ToyJournal, EveryRecordIsAPlaceToGoOnFrom) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const auto s = ended_session(seed);
    every_record_is_a_place_to_go_on<toy::Compute>(s->compute);
    every_record_is_a_place_to_go_on<toy::Risk>(s->risk);
    every_record_is_a_place_to_go_on<toy::Exec>(s->exec);
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST(ToyJournal, EveryFrameIsAPlaceToGoOnFrom) {
  const auto s = ended_session(3);
  std::mt19937_64 rng(3);
  const Scenario scenario = toy::make_scenario(rng);
  toy::Source first(scenario.frames);
  FeedReplica<toy::Source> straight(s->feed, &first);
  do {
    straight.drain();
    if (straight.stage->more()) continue;
    toy::Source second(scenario.frames);
    FeedReplica<toy::Source> sut(s->feed, &second);
    ASSERT_TRUE(sut.load(straight.save()));
    while (sut.runner->read_on()) sut.drain();
    EXPECT_FALSE(sut.runner->differing_port(s->feed.journal->tape.entries().back()))
        << "from frame " << straight.runner->frames();
  } while (straight.runner->read_on());
}

/// A ring that holds the first `count` of `outputs`, as a killed producer left it.
template <class Out>
std::unique_ptr<PrivateRing> ring_with(const std::vector<Out>& outputs, std::uint64_t count) {
  auto ring = std::make_unique<PrivateRing>(ring_shape<Out>(1024, 9, FullPolicy::kWait));
  RingProducer<Out> producer(ring->view());
  for (std::uint64_t n = 0; n < count; ++n) {
    Out& slot = producer.claim();
    std::memcpy(reinterpret_cast<std::byte*>(&slot) + 8,
                reinterpret_cast<const std::byte*>(&outputs[n]) + 8, sizeof(Out) - 8);
    producer.commit();
  }
  return ring;
}

/// Acts on records up to `last` over a ring that was left with some of the outputs.
template <class S, class D>
const OutputFault* act_over(const D& desk, const PrivateRing& ring, std::size_t last,
                            std::unique_ptr<Runner<S>>& runner, std::unique_ptr<S>& stage,
                            Probe& probe) {
  RunnerSetup setup = desk.setup;
  setup.journal = nullptr;
  setup.digest_all = true;
  std::vector<std::unique_ptr<PrivateRing>> inputs;
  for (RunnerInput& in : setup.inputs) {
    RingShape shape{1, in.ring.message_bytes, in.ring.layout_hash, in.ring.ring_id, "toy"};
    in.ring = inputs.emplace_back(std::make_unique<PrivateRing>(shape))->view();
  }
  setup.outputs[0].ring = ring.view();
  setup.outputs[0].queue_capacity = 0;
  stage = std::make_unique<S>(desk.config);
  runner = std::make_unique<Runner<S>>(*stage, setup, probe);
  runner->catch_up();
  const auto& entries = desk.journal->tape.entries();
  for (std::size_t i = 0; i <= last; ++i) {
    while (runner->owes_before(entries[i]) && runner->settle()) continue;
    runner->act(entries[i]);
  }
  while (runner->settle()) continue;
  return runner->ports()[0].fault();
}

/// For each last record and each number of its outputs that the ring may hold.
template <class S, class D>
void any_part_may_be_there_already(const D& desk) {
  auto page = std::make_unique<StagePage>();
  Probe probe(*page, SessionClock(), 0, 0);
  std::unique_ptr<Runner<S>> runner;
  std::unique_ptr<S> stage;
  RingReplica<S> whole(desk);
  const auto& entries = desk.journal->tape.entries();
  std::uint64_t before = 0;
  for (std::size_t last = 0; last < entries.size(); ++last) {
    whole.act(entries[last]);
    while (whole.runner->settle()) whole.drain();
    const std::uint64_t after = whole.outputs[0].size();
    for (std::uint64_t there = before; there <= after; ++there) {
      const auto ring = ring_with(whole.outputs[0], there);
      ASSERT_EQ(act_over<S>(desk, *ring, last, runner, stage, probe), nullptr)
          << "record " << last << " with " << there << " outputs there";
      ASSERT_EQ(ring_published(ring->view()), after);
      for (std::uint64_t n = 0; n < after; ++n) {
        const auto* slot = reinterpret_cast<const typename S::Out*>(ring->view().slot(n));
        ASSERT_TRUE(toy::same_message(*slot, whole.outputs[0][n])) << "output " << n;
      }
    }
    before = after;
  }
}

TEST(ToyJournal, WhatTheRingHoldsAlreadyIsNotSaidAgain) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto s = ended_session(seed);
    any_part_may_be_there_already<toy::Compute>(s->compute);
    any_part_may_be_there_already<toy::Risk>(s->risk);
    any_part_may_be_there_already<toy::Exec>(s->exec);
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST(ToyJournal, AnOutputThatDiffersFromTheRingsIsNamed) {
  const auto s = ended_session(2);
  const auto& entries = s->exec.journal->tape.entries();
  RingReplica<toy::Exec> whole(s->exec);
  replay(whole, s->exec.journal->tape);
  ASSERT_GT(whole.outputs[0].size(), 3u);
  auto page = std::make_unique<StagePage>();
  Probe probe(*page, SessionClock(), 0, 0);
  for (std::uint32_t byte = 8; byte < sizeof(ExecReport); ++byte) {
    const bool measurement = byte >= 40 && byte < 48;
    auto ring = ring_with(whole.outputs[0], whole.outputs[0].size());
    reinterpret_cast<std::byte*>(ring->view().slot(2))[byte] ^= std::byte{4};
    std::unique_ptr<Runner<toy::Exec>> runner;
    std::unique_ptr<toy::Exec> stage;
    const OutputFault* fault =
        act_over<toy::Exec>(s->exec, *ring, entries.size() - 1, runner, stage, probe);
    ASSERT_EQ(fault == nullptr, measurement) << "byte " << byte;
    if (fault == nullptr) continue;
    EXPECT_EQ(fault->number, 2u);
    EXPECT_EQ(fault->offset, byte);
    EXPECT_TRUE(toy::same_message(runner->ports()[0].faulty_output(), whole.outputs[0][2]));
  }
}

}  // namespace
}  // namespace pinstripe
