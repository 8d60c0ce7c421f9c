// Thousands of toy sessions whose stages are killed at any step, and one that is killed at every
// step; and proof that the simulator sees a broken protocol.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/seed_faults.h"
#include "tests/sim/seeds.h"
#include "tests/sim/toy_world.h"

namespace pinstripe::sim {
namespace {

constexpr std::uint64_t kSeeds = 3'000;

TEST(ToySimulation, KillsTornTailsAndStallsChangeNothing) {
  Counts all;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Verdict v = run_toy_seed(seed);
    ASSERT_EQ(v.wrong, "") << "seed " << seed << ": pinstripe-sim --from " << seed << " --seeds 1";
    all += v.counts;
  }
  EXPECT_GT(all.kills, 5 * kSeeds);
  EXPECT_GT(all.kills_in_rejoin, kSeeds);
  EXPECT_GT(all.torn_tails, kSeeds);
  EXPECT_GT(all.stalls, kSeeds);
  EXPECT_GT(all.checkpoints_loaded, kSeeds);
  EXPECT_GT(all.stops, kSeeds / 50);
}

TEST(ToySimulation, SeedsThatOnceWentWrongDoNot) {
  for (const KnownSeed& known : kKnownSeeds) {
    if (known.real) continue;
    EXPECT_EQ(run_toy_seed(known.seed).wrong, "") << "seed " << known.seed << ": " << known.was;
  }
}

class ToySweep : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ToySweep, AKillAtEveryStepOfEveryStageAndASecondInItsRecoveryChangeNothing) {
  std::mt19937_64 rng(GetParam());
  const toy::Scenario scenario = toy::make_scenario(rng);
  ASSERT_EQ(scenario.frames.size(), 60u);
  WorldShape shape;
  shape.capacity = 4;
  shape.batch = 3;
  shape.journal = {768, 3};
  const Sweep done = sweep(toy_world(scenario), shape);
  for (const std::string& wrong : done.wrong) ADD_FAILURE() << wrong;
  EXPECT_GT(done.counts.kills, 4 * 1'000u) << "a session with so few steps is no test";
}
INSTANTIATE_TEST_SUITE_P(Tapes, ToySweep, testing::Values(4, 9));

class ToyMutants : public testing::TestWithParam<int> {};

TEST_P(ToyMutants, ABrokenProtocolIsSeenWithinTwoThousandSeeds) {
  const Mutation mutation(static_cast<Mutant>(GetParam()));
  testing::internal::CaptureStderr();  // CHECKs that the mutant runs into
  std::string wrong;
  for (std::uint64_t seed = 0; seed < 2'000 && wrong.empty(); ++seed) {
    wrong = run_toy_seed(seed).wrong;
    if (!wrong.empty()) wrong += " (seed " + std::to_string(seed) + ")";
  }
  testing::internal::GetCapturedStderr();
  EXPECT_NE(wrong, "") << "nobody noticed";
  RecordProperty("noticed", wrong);
}
INSTANTIATE_TEST_SUITE_P(All, ToyMutants, testing::Range(1, kMutants), [](const auto& param) {
  std::string name;
  for (const char* c = kMutantNames[param.param]; *c != 0; ++c) name += *c == '-' ? '_' : *c;
  return name;
});

}  // namespace
}  // namespace pinstripe::sim
