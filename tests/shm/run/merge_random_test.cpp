// Random schedules over the real runner and ring classes with small toy stages: rings as small as
// one burst, latencies from 0, ties, journals of tiny segments whose carrier stalls. Every schedule
// must end and give one digest (protocol 4).
#include <gtest/gtest.h>

#include <random>

#include "tests/shm/run/toy_replica.h"
#include "tests/shm/run/toy_session.h"

namespace pinstripe {
namespace {

using toy::make_scenario;
using toy::Outcome;
using toy::Scenario;

/// Runs to the end, or until nobody has made progress for long. With journals, their carriers are
/// four more participants of the schedule.
template <class Session>
Outcome run(Session& sut, bool journals, std::mt19937_64* rng) {
  const unsigned participants = journals ? 8 : 4;
  int idle = 0;
  for (int steps = 0; steps < 400'000 && !sut.ended() && idle < 1'000; ++steps) {
    const unsigned which = rng != nullptr ? static_cast<unsigned>((*rng)() % participants)
                                          : static_cast<unsigned>(steps) % participants;
    if (which >= 4) {
      sut.carry(which - 4);
      continue;
    }
    const unsigned times = rng != nullptr ? 1 + static_cast<unsigned>((*rng)() % 5) : 1;
    for (unsigned i = 0; i < times; ++i) idle = sut.step(which) > 0 ? 0 : idle + 1;
  }
  return sut.outcome();
}

Outcome quiet_run(const Scenario& s) {
  toy::Session<> sut(s, 256, 64);
  return run(sut, false, nullptr);
}

TEST(MergeRandomSchedules, every_schedule_ends_with_the_digest_of_the_quiet_run) {
  std::uint64_t runs = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    std::mt19937_64 rng(seed);
    const Scenario s = make_scenario(rng);
    const Outcome reference = quiet_run(s);
    ASSERT_TRUE(reference.ended) << "quiet run of seed " << seed << " did not end";
    ASSERT_GT(reference.reports, 0u) << "seed " << seed << " is no test: nothing was decided";
    for (int k = 0; k < 6; ++k) {
      const std::uint64_t capacity = std::uint64_t{2} << (rng() % 3);
      const auto batch = static_cast<std::uint32_t>(1 + rng() % 8);
      toy::Session<> sut(s, capacity, batch);
      const Outcome got = run(sut, false, &rng);
      ASSERT_TRUE(got.ended) << "seed " << seed << " schedule " << k << " never ended";
      ASSERT_TRUE(got == reference)
          << "seed " << seed << " schedule " << k << " decided differently";
      ++runs;
    }
  }
  RecordProperty("schedules", static_cast<int>(runs));
}

TEST(MergeRandomSchedules, journals_whose_carriers_stall_make_stages_wait_and_change_nothing) {
  std::uint64_t waits = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 rng(seed);
    const Scenario s = make_scenario(rng);
    const Outcome reference = quiet_run(s);
    for (int k = 0; k < 3; ++k) {
      const std::uint64_t capacity = std::uint64_t{2} << (rng() % 3);
      const auto batch = static_cast<std::uint32_t>(1 + rng() % 8);
      const JournalShape shape{512 + 64 * (rng() % 8), 2 + static_cast<std::uint32_t>(rng() % 2)};
      toy::Session<> sut(s, capacity, batch, &shape);
      const Outcome got = run(sut, true, &rng);
      ASSERT_TRUE(got.ended) << "seed " << seed << " schedule " << k << " never ended";
      ASSERT_TRUE(got == reference)
          << "seed " << seed << " schedule " << k << " decided differently";
      sut.for_each([&](auto& desk) {
        waits += desk.journal->writer->position() / shape.segment_bytes;
      });
    }
  }
  EXPECT_GT(waits, 10'000u) << "the segments are too large for carriers to matter";
}

TEST(MergeRandomSchedules, a_backtest_without_stamps_decides_the_same) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 rng(seed);
    const Scenario s = make_scenario(rng);
    toy::Session<BacktestPolicy> sut(s, 4, 8);
    ASSERT_TRUE(run(sut, false, &rng) == quiet_run(s)) << "seed " << seed;
  }
}

/// Any stage may be made anew between any two batches, from its journal, its newest checkpoint and
/// the rings alone.
TEST(MergeRandomSchedules, stages_made_anew_from_their_journals_change_nothing) {
  int restarts = 0, loaded = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    std::mt19937_64 rng(seed);
    const Scenario s = make_scenario(rng);
    const Outcome reference = quiet_run(s);
    const JournalShape shape{1024, 3};
    toy::Session<> sut(s, std::uint64_t{2} << (rng() % 3),
                       static_cast<std::uint32_t>(1 + rng() % 8), &shape);
    int idle = 0;
    for (int steps = 0; steps < 100'000 && !sut.ended() && idle < 1'000; ++steps) {
      const auto which = static_cast<unsigned>(rng() % 4);
      idle = sut.step(which) > 0 ? 0 : idle + 1;
      sut.carry(static_cast<unsigned>(rng() % 4));
      if (rng() % 40 != 0) continue;
      const auto victim = static_cast<unsigned>(rng() % 4);
      const Checkpoint from = toy::some_checkpoint(sut, s, victim, rng);
      sut.restart(victim, from);
      ++restarts;
      loaded += from.state.empty() ? 0 : 1;
    }
    ASSERT_EQ(sut.faults, 0) << "seed " << seed;
    ASSERT_TRUE(sut.ended()) << "seed " << seed << " never ended";
    ASSERT_TRUE(sut.outcome() == reference) << "seed " << seed << " decided differently";
  }
  EXPECT_GT(restarts, 500);
  EXPECT_GT(loaded, 100);
}

// An order that rests makes exec take back its promise of silence: w falls from the end of time to
// the market's, as k rises. A risk that went on trusting the old w would take the market before the
// answer, and decide differently.
TEST(MergeRandomSchedules, a_promise_of_silence_taken_back_changes_no_decision) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 rng(seed);
    Scenario s = make_scenario(rng);
    s.order_latency = static_cast<std::int64_t>(rng() % 60);
    s.response_latency = std::max<std::int64_t>(s.response_latency, 10);
    s.reports_per_order = 2 + static_cast<unsigned>(rng() % 3);  // the first answer leaves it open
    const Outcome reference = quiet_run(s);
    for (int k = 0; k < 4; ++k) {
      const std::uint64_t capacity = std::uint64_t{2} << (rng() % 3);
      toy::Session<> sut(s, capacity, static_cast<std::uint32_t>(1 + rng() % 2));
      ASSERT_TRUE(run(sut, false, &rng) == reference) << "seed " << seed << " schedule " << k;
      ASSERT_GT(sut.falls(), 0U) << "seed " << seed << " schedule " << k << " is no test of it";
    }
  }
}

TEST(MergeRandomSchedules, a_session_without_any_event_ends) {
  std::mt19937_64 rng(1);
  Scenario s = make_scenario(rng);
  s.frames.clear();
  toy::Session<> sut(s, 2, 1);
  EXPECT_TRUE(run(sut, false, &rng).ended);
}

}  // namespace
}  // namespace pinstripe
