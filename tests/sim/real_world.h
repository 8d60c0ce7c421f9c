// The real tier: feed, features, models, risk and exec as they ship, small, over a short tape of
// the synthetic market.
#pragma once

#include <cstdint>
#include <memory>

#include "tests/sim/simulation.h"

namespace pinstripe::sim {

/// What a seed draws for the five stages and their market.
struct RealScenario;
std::shared_ptr<const RealScenario> draw_real_scenario(std::mt19937_64& rng);

MakeWorld real_world(std::shared_ptr<const RealScenario> scenario);

/// One seed of the real tier, whole.
Verdict run_real_seed(std::uint64_t seed);

}  // namespace pinstripe::sim
