// What a seed makes of faults, and how its run is judged.
#pragma once

#include <random>

#include "tests/sim/simulation.h"

namespace pinstripe::sim {

/// Faults for a session of about `frames` frames.
Faults draw_faults(std::mt19937_64& rng, std::uint64_t frames);

/// Runs one world with faults and judges it against an undisturbed one. A CHECK that fails in a
/// stage or runner is a verdict, too.
Verdict run_seed(const MakeWorld& make, const WorldShape& shape, const Faults& faults,
                 std::uint64_t schedule);

}  // namespace pinstripe::sim
