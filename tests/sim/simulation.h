// The scheduler of a simulated session: who runs next, who is killed where, who stands still.
//
// One thread, one seed. First the faults that the seed draws, then none: the session must end, and
// have done what the undisturbed one does.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace pinstripe::sim {

/// The faults of a seed.
struct Faults {
  unsigned kills = 0;          // at most
  unsigned kill_one_in = 1;    // turns
  unsigned kill_within = 1;    // steps of that turn
  unsigned stall_one_in = 0;   // turns: a stage or a carrier stands still (SIGSTOP); 0: never
  unsigned stall_turns = 1;    // at most
  unsigned turns = 0;          // until faults stop
  bool helper = false;         // makes checkpoints
  std::uint64_t stop_at = 0;   // feed frames: ask for an orderly end then; 0: never
  std::uint64_t halt_at = 0;   // feed frames: the carrier is at its end, trading halts; 0: never
};

/// What happened, over one run or many.
struct Counts {
  std::uint64_t runs = 0, turns = 0, kills = 0, kills_in_rejoin = 0, torn_tails = 0, stalls = 0,
                rejoins = 0, checkpoints_loaded = 0, stops = 0, halts = 0,
                fills = 0;
  Counts& operator+=(const Counts& o);
};

struct Verdict {
  std::string wrong;  // empty: nothing
  Counts counts;
};

/// Runs `world` undisturbed, in turn.
Reference run_undisturbed(World& world);

/// A kill of the sweep: this step of all steps of one party.
struct Kill {
  std::size_t party = 0;
  std::uint64_t step = 0;    // counted from 1; 0: none
  std::uint64_t second = 0;  // steps of the successor, its rejoin included; 0: none
};

class Simulation {
 public:
  Simulation(World& world, std::uint64_t seed) : world_(world), rng_(seed) {
    states_.resize(world.parties.size());
  }

  /// Faults as drawn, then none until the end. `expected` null: the caller compares.
  Verdict run(const Faults& faults, const Reference* expected);
  /// In turn, with one kill, and one in its recovery.
  Verdict run_with_kill(const Kill& kill, const Reference& expected);
  /// Steps that a party has passed, in all its lives.
  std::uint64_t steps_of(std::size_t party) const { return states_[party].steps; }

 private:
  struct State {
    std::uint64_t steps = 0;     // passed in all its lives
    unsigned stands_still = 0;   // turns
    unsigned carrier_still = 0;
    bool started = false;
  };

  bool tell(std::string wrong);
  std::uint64_t turn(std::size_t i, std::uint64_t kill_in);
  void revive(std::size_t i, std::uint64_t kill_in);
  void bury(std::size_t i);
  void tear_tail(Party& party);
  void scribble_claimed();
  std::uint64_t reports_answered() const;
  void take_back_answered(std::uint64_t k);
  void stop_or_halt();
  bool run_faults();
  bool run_to_end();
  std::uint64_t round();
  void maybe_stall(State& s);
  std::uint64_t draw_kill();
  std::uint64_t draw(std::uint64_t below) { return below == 0 ? 0 : rng_() % below; }
  const Checkpoint* some_checkpoint(Party& party);
  bool ended() const;
  bool look();

  World& world_;
  std::mt19937_64 rng_;
  Faults faults_;
  std::vector<State> states_;
  std::optional<Comparison> expected_;
  Verdict verdict_;
  unsigned kills_left_ = 0;
  Kill kill_;  // of the sweep
};

}  // namespace pinstripe::sim
