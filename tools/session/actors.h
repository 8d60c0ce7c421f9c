// Stages with their runners in this process, driven by turns.
//
// The one-thread pipeline (in_process.h) and the backtest (tools/backtest/backtest.h) are these
// actors over rings and pages in different memory. Which classes run, a *kit* says: a struct with
// the five stage types, the two runner templates and `prepare`, which sees each stage once before
// its first turn.
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exec/exec_stage.h"
#include "features/features_stage.h"
#include "feed/feed_stage.h"
#include "models/models_stage.h"
#include "risk/risk_stage.h"
#include "tools/session/feed_failure.h"
#include "tools/session/in_process.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_program.h"

namespace pinstripe {

/// The stages as they are, under the runners of the stage programs.
struct PlainKit {
  using Feed = FeedStage;
  using Features = FeaturesStage;
  using Models = ModelsStage;
  using Risk = RiskStage;
  using Exec = ExecStage;
  template <class S>
  using StageRunner = Runner<S>;
  template <class S, class Source>
  using SourceRunner = FeedRunner<S, Source>;
  template <class S>
  void prepare(S&) const noexcept {}
};

/// Where a stage of this process works: its page, and its rings and limits.
struct StageDesk {
  StagePage* page = nullptr;
  RunnerSetup setup;
};
using DeskOf = std::function<Result<StageDesk>(const StageSpec&)>;

namespace actors {

/// Page and measurement of one stage in this process.
struct Desk {
  std::string name;
  StagePage* page = nullptr;
  RunnerSetup setup;
  Probe probe;
};

template <class S, class R>
void publish(const Desk& desk, const S& stage, R& runner) {
  StagePage& page = *desk.page;
  publish_progress(page, stage, runner);
  publish_journal(page, desk.setup);
  if (!runner.done()) return;
  page.state_hash.set(stage.state_hash());
  page.set_state(StageState::kDone);
}

template <class S, class R>
class StageActor : public InProcessStage {
 public:
  StageActor(const typename S::Config& config, Desk desk)
      : InProcessStage(desk.name), desk_(std::move(desk)), stage_(config),
        runner_(stage_, desk_.setup, desk_.probe) {}
  S& stage() noexcept { return stage_; }
  Result<void> name_counters() { return desk_.page->name_counters(stage_.counter_names()); }
  bool step() override { return runner_.run_batch() > 0; }
  bool done() const override { return runner_.done(); }
  bool waits_for_journal() const override { return runner_.waits_for_journal(); }
  void publish() override { actors::publish(desk_, stage_, runner_); }

 private:
  Desk desk_;
  S stage_;
  R runner_;
};

template <class S, class R>
class FeedActor : public InProcessStage {
 public:
  FeedActor(const FeedConfig& config, std::unique_ptr<FrameSource> source, Desk desk, double speed)
      : InProcessStage(desk.name), desk_(std::move(desk)), stage_(config),
        source_(std::move(source)), bad_lines_(source_->files()),
        runner_(stage_, *source_, desk_.setup, desk_.probe, speed) {}
  S& stage() noexcept { return stage_; }
  Result<void> name_counters() { return desk_.page->name_counters(stage_.counter_names()); }
  bool step() override { return runner_.run_batch() > 0; }
  bool done() const override { return runner_.done(); }
  bool waits_for_journal() const override { return runner_.waits_for_journal(); }
  bool waits_for_time() const override { return runner_.wait_ns() > 0; }
  void stop() override { runner_.stop(); }
  void publish() override {
    actors::publish(desk_, stage_, runner_);
    bad_lines_(*desk_.page, stage_.errors());
  }
  std::optional<Error> failure() const override { return feed_failure(stage_, *source_); }

 private:
  Desk desk_;
  S stage_;
  std::unique_ptr<FrameSource> source_;
  BadLineLog bad_lines_;
  R runner_;
};

/// Puts the stage's name to its page and hands it to the kit.
template <class Actor, class Kit>
Result<std::unique_ptr<InProcessStage>> ready(std::unique_ptr<Actor> actor, Kit& kit) {
  if (auto named = actor->name_counters(); !named) return std::unexpected(named.error());
  kit.prepare(actor->stage());
  return std::unique_ptr<InProcessStage>(std::move(actor));
}

template <class S, class Kit, class Config>
Result<std::unique_ptr<InProcessStage>> open_stage(Result<Config> config, Desk desk, Kit& kit) {
  if (!config) return std::unexpected(config.error());
  using Actor = StageActor<S, typename Kit::template StageRunner<S>>;
  return ready(std::make_unique<Actor>(*config, std::move(desk)), kit);
}

template <class Kit>
Result<std::unique_ptr<InProcessStage>> open_feed(const SessionPlan& plan, const StageSpec& spec,
                                                  Desk desk, Kit& kit) {
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(config.error());
  auto source = open_source(plan, spec.lane);
  if (!source) return std::unexpected(source.error());
  using S = typename Kit::Feed;
  using Actor = FeedActor<S, typename Kit::template SourceRunner<S, FrameSource>>;
  return ready(
      std::make_unique<Actor>(*config, std::move(*source), std::move(desk), plan.speed), kit);
}

template <class Kit>
Result<std::unique_ptr<InProcessStage>> open_actor(const SessionPlan& plan, const StageSpec& spec,
                                                   Desk desk, Kit& kit) {
  switch (spec.kind) {
    case StageKind::kFeed: return open_feed(plan, spec, std::move(desk), kit);
    case StageKind::kFeatures:
      return open_stage<typename Kit::Features>(features_config_of(plan), std::move(desk), kit);
    case StageKind::kModels:
      return open_stage<typename Kit::Models>(models_config_of(plan), std::move(desk), kit);
    case StageKind::kRisk:
      return open_stage<typename Kit::Risk>(risk_config_of(plan), std::move(desk), kit);
    case StageKind::kExec:
      return open_stage<typename Kit::Exec>(exec_config_of(plan), std::move(desk), kit);
  }
  return fail("a stage of an unknown kind in the topology");
}

}  // namespace actors

/// Every stage of `plan` in pipeline order, each at the desk that `desk_of` gives it; the desks'
/// memory must outlive them. `clock` stamps what is measured.
template <class Kit>
Result<std::vector<std::unique_ptr<InProcessStage>>> open_actors(const SessionPlan& plan,
                                                                 const SessionClock& clock,
                                                                 const DeskOf& desk_of, Kit& kit) {
  std::vector<std::unique_ptr<InProcessStage>> stages;
  for (const StageSpec& spec : plan.topology.stages) {
    auto desk = desk_of(spec);
    if (!desk) return fail_within("stage " + spec.name, desk);
    StagePage& page = *desk->page;
    const auto inputs = static_cast<std::uint32_t>(desk->setup.inputs.size());
    page.pid.set(::getpid());
    page.input_count.set(inputs == 0 ? 1 : inputs);
    page.output_count.set(static_cast<std::uint32_t>(desk->setup.outputs.size()));
    page.set_state(StageState::kRunning);
    const Probe probe(page, clock, plan.budget_ns[index_of(spec.kind)], plan.path_budget_ns);
    actors::Desk own{spec.name, &page, std::move(desk->setup), probe};
    auto stage = actors::open_actor(plan, spec, std::move(own), kit);
    if (!stage) return fail_within("stage " + spec.name, stage);
    stages.push_back(std::move(*stage));
  }
  return stages;
}

}  // namespace pinstripe
