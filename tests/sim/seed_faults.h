// What a seed makes of faults, and how its run is judged.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/sim/simulation.h"

namespace pinstripe::sim {

/// Faults for a session of about `frames` frames.
Faults draw_faults(std::mt19937_64& rng, std::uint64_t frames);

/// Kills of the sweep that went wrong, at most a few; and what happened.
struct Sweep {
  std::vector<std::string> wrong;
  Counts counts;
};
/// One session for every step (or every `stride`th) of every party: a kill there, alone and with a
/// second one some steps into the recovery.
Sweep sweep(const MakeWorld& make, const WorldShape& shape, std::uint64_t stride = 1);

/// Puts a protocol error into every runner while it lives.
class Mutation {
 public:
  explicit Mutation(Mutant m) { fuse.mutant = m; }
  ~Mutation() { fuse.mutant = Mutant::kNone; }
  Mutation(const Mutation&) = delete;
  Mutation& operator=(const Mutation&) = delete;
};

/// Runs one world with faults and judges it against an undisturbed one. A CHECK that fails in a
/// stage or runner is a verdict, too.
Verdict run_seed(const MakeWorld& make, const WorldShape& shape, const Faults& faults,
                 std::uint64_t schedule);

}  // namespace pinstripe::sim
