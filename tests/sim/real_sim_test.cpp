// The five stages as they ship, killed at any step on short tapes of the synthetic market, with bad
// feeds and bad connections to the venue: the same orders, the same money, every limit held.
#include <gtest/gtest.h>

#include "tests/sim/real_world.h"
#include "tests/sim/seed_faults.h"
#include "tests/sim/seeds.h"

namespace pinstripe::sim {
namespace {

constexpr std::uint64_t kSeeds = 200;

TEST(RealSimulation, KillsBadFeedsAndBadConnectionsChangeNoDecisionAndBreakNoLimit) {
  Counts all;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Verdict v = run_real_seed(seed);
    ASSERT_EQ(v.wrong, "") << "seed " << seed << ": pinstripe-sim --real --from " << seed
                           << " --seeds 1";
    all += v.counts;
  }
  EXPECT_GT(all.kills, 5 * kSeeds);
  EXPECT_GT(all.kills_in_rejoin, kSeeds);
  EXPECT_GT(all.checkpoints_loaded, kSeeds);
  EXPECT_GT(all.fills, kSeeds);
  EXPECT_GT(all.halts, kSeeds / 20);
}

TEST(RealSimulation, SeedsThatOnceWentWrongDoNot) {
  for (const KnownSeed& known : kKnownSeeds) {
    if (!known.real) continue;
    EXPECT_EQ(run_real_seed(known.seed).wrong, "") << "seed " << known.seed << ": " << known.was;
  }
}

}  // namespace
}  // namespace pinstripe::sim
