#include "tests/sim/toy_world.h"

#include <utility>

#include "tests/sim/seed_faults.h"
#include "tests/sim/stage_party.h"

namespace pinstripe::sim {
namespace {

class ToyWorld : public World {
 public:
  ToyWorld(const toy::Scenario& s, const WorldShape& shape)
      : frames_(s.frames), wires_(s, shape.capacity, shape.batch) {
    if (frames_.size() > shape.frames_max) frames_.resize(shape.frames_max);
    for (RunnerSetup* setup : {&wires_.feed, &wires_.compute, &wires_.risk, &wires_.exec}) {
      setup->checkpoint_lag_max = shape.lag_max;
    }
    parties.push_back(std::make_unique<FeedParty<toy::Feed, toy::Source>>(
        "feed", toy::Feed::Config{}, wires_.feed, shape.journal,
        [this] { return std::make_unique<toy::Source>(frames_); }));
    add<toy::Compute>("compute", {s.signal_every, s.echo}, wires_.compute, shape);
    add<toy::Risk>("risk", {s.brackets, s.timer_period, s.in_flight_max}, wires_.risk, shape);
    add<toy::Exec>("exec", {s.order_latency, s.reports_per_order}, wires_.exec, shape);
    rings.emplace_back("feed.compute", wires_.to_compute.view(), false);
    rings.emplace_back("feed.risk", wires_.to_risk.view(), false);
    rings.emplace_back("feed.exec", wires_.to_exec.view(), false);
    rings.emplace_back("compute.risk", wires_.signals.view(), false);
    rings.emplace_back("risk.exec", wires_.orders.view(), false);
    rings.emplace_back("exec.risk", wires_.reports.view(), true);
  }

 private:
  template <class S>
  void add(const char* name, typename S::Config config, const RunnerSetup& setup,
           const WorldShape& shape) {
    parties.push_back(std::make_unique<RingParty<S>>(name, config, setup, shape.journal));
  }

  std::vector<toy::Frame> frames_;
  toy::Wires wires_;
};

}  // namespace

MakeWorld toy_world(const toy::Scenario& scenario) {
  return [scenario](const WorldShape& shape) -> std::unique_ptr<World> {
    return std::make_unique<ToyWorld>(scenario, shape);
  };
}

Verdict run_toy_seed(std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  const toy::Scenario scenario = toy::make_scenario(rng);
  const MakeWorld make = toy_world(scenario);
  WorldShape shape;
  shape.capacity = std::uint64_t{2} << (rng() % 3);
  shape.batch = static_cast<std::uint32_t>(1 + rng() % 8);
  shape.journal = {512 + 64 * (rng() % 8), 2 + static_cast<std::uint32_t>(rng() % 3)};
  Faults faults = draw_faults(rng, 60);
  if (faults.helper && rng() % 2 == 0) shape.lag_max = 10 + rng() % 40;
  return run_seed(make, shape, faults, rng());
}

}  // namespace pinstripe::sim
