#include "tests/sim/seed_faults.h"

#include <csetjmp>
#include <csignal>

namespace pinstripe::sim {
namespace {

sigjmp_buf check_failed_home;

void on_abort(int) { siglongjmp(check_failed_home, 1); }  // NOLINT: see judged

/// Runs `f`; a CHECK that fails ends it here instead of the program. What the world owned is lost.
template <class F>
[[gnu::noinline]] Verdict judged(F&& f) {
  struct sigaction catching {}, before {};
  catching.sa_handler = on_abort;
  sigaction(SIGABRT, &catching, &before);
  Verdict verdict;
  if (sigsetjmp(check_failed_home, 1) != 0) {  // NOLINT
    verdict.counts.runs = 1;
    verdict.wrong = "a CHECK failed: its text stands above";
  } else {
    f(verdict);
  }
  sigaction(SIGABRT, &before, nullptr);
  return verdict;
}

}  // namespace

Faults draw_faults(std::mt19937_64& rng, std::uint64_t frames) {
  const auto one_of = [&](auto... v) {
    const unsigned all[] = {static_cast<unsigned>(v)...};
    return all[rng() % std::size(all)];
  };
  Faults f;
  f.kills = one_of(1, 2, 5, 20, 60);
  f.kill_one_in = one_of(1, 3, 10, 30);
  f.kill_within = one_of(3, 10, 40, 200);
  f.stall_one_in = one_of(0, 20, 100);
  f.stall_turns = one_of(3, 20, 60);
  f.turns = static_cast<unsigned>(frames) * one_of(2, 10, 20);
  f.helper = rng() % 4 != 0;
  if (rng() % 5 == 0) f.stop_at = rng() % frames;
  return f;
}

Verdict run_seed(const MakeWorld& make, const WorldShape& shape, const Faults& faults,
                 std::uint64_t schedule) {
  return judged([&](Verdict& verdict) {
    const auto world = make(shape);
    Simulation sim(*world, schedule);
    if (faults.halt_at != 0) {
      // No other run halts at the same event: what must hold of any run is all that is asked.
      verdict = sim.run(faults, nullptr);
      return;
    }
    if (faults.stop_at == 0) {
      const auto undisturbed = make({});
      const Reference reference = run_undisturbed(*undisturbed);
      verdict = sim.run(faults, &reference);
      return;
    }
    // Where the stream was stopped shows at the end alone.
    verdict = sim.run(faults, nullptr);
    if (!verdict.wrong.empty()) return;
    WorldShape shorter;
    shorter.frames_max = world->parties.front()->frames();
    const auto undisturbed = make(shorter);
    const Reference reference = run_undisturbed(*undisturbed);
    Comparison comparison(reference);
    verdict.wrong = comparison.so_far(*world);
    if (verdict.wrong.empty()) verdict.wrong = comparison.at_end(*world);
  });
}

Sweep sweep(const MakeWorld& make, const WorldShape& shape, std::uint64_t stride) {
  constexpr std::uint64_t kSecond[] = {0, 1, 6, 25};
  constexpr std::size_t kWrongMost = 10;
  Sweep done;
  const auto undisturbed = make(shape);
  const Reference reference = run_undisturbed(*undisturbed);
  for (std::size_t party = 0; party < reference.steps.size(); ++party) {
    for (std::uint64_t step = 1; step <= reference.steps[party]; step += stride) {
      for (const std::uint64_t second : kSecond) {
        const Verdict v = judged([&](Verdict& verdict) {
          const auto world = make(shape);
          Simulation sim(*world, step);
          verdict = sim.run_with_kill({party, step, second}, reference);
        });
        done.counts += v.counts;
        if (v.wrong.empty()) continue;
        done.wrong.push_back(undisturbed->parties[party]->name() + " killed at its step " +
                             std::to_string(step) + ", second kill after " +
                             std::to_string(second) + ": " + v.wrong);
        if (done.wrong.size() == kWrongMost) return done;
      }
    }
  }
  return done;
}

}  // namespace pinstripe::sim
