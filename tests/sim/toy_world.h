// The toy tier: four tiny stages with every hard property of the real ones
// (tests/shm/run/toy_stages.h). Cheap, so most seeds are spent here.
#pragma once

#include <cstdint>
#include <memory>

#include "tests/shm/run/toy_wires.h"
#include "tests/sim/simulation.h"

namespace pinstripe::sim {

MakeWorld toy_world(const toy::Scenario& scenario);

/// One seed of the toy tier, whole: scenario, sizes, schedule and faults are drawn from it.
Verdict run_toy_seed(std::uint64_t seed);

}  // namespace pinstripe::sim
