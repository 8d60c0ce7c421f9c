#include "tools/session/in_process.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "exec/exec_stage.h"
#include "features/features_stage.h"
#include "feed/feed_stage.h"
#include "models/models_stage.h"
#include "risk/risk_stage.h"
#include "shm/run/float_env.h"
#include "tools/session/attach.h"
#include "tools/session/carrier_process.h"
#include "tools/session/feed_failure.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_program.h"
#include "tools/session/standstill.h"

namespace pinstripe {
namespace {

/// Page and measurement of one stage in this process.
struct Desk {
  std::string name;
  StagePage* page = nullptr;
  RunnerSetup setup;
  Probe probe;
};

template <class S, class R>
void finish(const Desk& desk, const S& stage, R& runner) {
  StagePage& page = *desk.page;
  publish_progress(page, stage, runner);
  publish_journal(page, desk.setup);
  if (!runner.done()) return;
  page.state_hash.set(stage.state_hash());
  page.set_state(StageState::kDone);
}

template <class S>
class StageActor : public InProcessStage {
 public:
  StageActor(const typename S::Config& config, Desk desk)
      : InProcessStage(desk.name), desk_(std::move(desk)), stage_(config),
        runner_(stage_, desk_.setup, desk_.probe) {}
  Result<void> name_counters() { return desk_.page->name_counters(stage_.counter_names()); }
  bool step() override { return runner_.run_batch() > 0; }
  bool done() const override { return runner_.done(); }
  bool waits_for_journal() const override { return runner_.waits_for_journal(); }
  void publish() override { finish(desk_, stage_, runner_); }

 private:
  Desk desk_;
  S stage_;
  Runner<S> runner_;
};

class FeedActor : public InProcessStage {
 public:
  FeedActor(const FeedConfig& config, std::unique_ptr<FrameSource> source, Desk desk, double speed)
      : InProcessStage(desk.name), desk_(std::move(desk)), stage_(config),
        source_(std::move(source)), bad_lines_(source_->files()),
        runner_(stage_, *source_, desk_.setup, desk_.probe, speed) {}
  Result<void> name_counters() { return desk_.page->name_counters(stage_.counter_names()); }
  bool step() override { return runner_.run_batch() > 0; }
  bool done() const override { return runner_.done(); }
  bool waits_for_time() const override { return runner_.wait_ns() > 0; }
  void stop() override { runner_.stop(); }
  bool waits_for_journal() const override { return runner_.waits_for_journal(); }
  void publish() override {
    finish(desk_, stage_, runner_);
    bad_lines_(*desk_.page, stage_.errors());
  }
  std::optional<Error> failure() const override { return feed_failure(stage_, *source_); }

 private:
  Desk desk_;
  FeedStage stage_;
  std::unique_ptr<FrameSource> source_;
  BadLineLog bad_lines_;
  FeedRunner<FeedStage, FrameSource> runner_;
};

Result<Desk> desk_for(Attachment& attachment, const StageSpec& spec) {
  auto page = attachment.page(spec.name);
  if (!page) return std::unexpected(page.error());
  auto setup = attachment.attach(spec, true);
  if (!setup) return std::unexpected(setup.error());
  (*page)->pid.set(::getpid());
  (*page)->input_count.set(
      static_cast<std::uint32_t>(setup->inputs.empty() ? 1 : setup->inputs.size()));
  (*page)->output_count.set(static_cast<std::uint32_t>(setup->outputs.size()));
  (*page)->set_state(StageState::kRunning);
  const SessionPlan& plan = attachment.plan();
  return Desk{spec.name, *page, std::move(*setup),
              Probe(**page, attachment.clock(), plan.budget_ns[index_of(spec.kind)],
                    plan.path_budget_ns)};
}

template <class S, class Config>
Result<std::unique_ptr<InProcessStage>> make_stage(Result<Config> config, Desk desk) {
  if (!config) return std::unexpected(config.error());
  auto actor = std::make_unique<StageActor<S>>(*config, std::move(desk));
  if (auto named = actor->name_counters(); !named) return std::unexpected(named.error());
  return std::unique_ptr<InProcessStage>(std::move(actor));
}

Result<std::unique_ptr<InProcessStage>> make_feed(const SessionPlan& plan, const StageSpec& spec,
                                         Desk desk) {
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(config.error());
  auto source = open_source(plan, spec.lane);
  if (!source) return std::unexpected(source.error());
  auto actor =
      std::make_unique<FeedActor>(*config, std::move(*source), std::move(desk), plan.speed);
  if (auto named = actor->name_counters(); !named) return std::unexpected(named.error());
  return std::unique_ptr<InProcessStage>(std::move(actor));
}

Result<std::unique_ptr<InProcessStage>> make_actor(Attachment& attachment, const StageSpec& spec) {
  auto desk = desk_for(attachment, spec);
  if (!desk) return std::unexpected(desk.error());
  const SessionPlan& plan = attachment.plan();
  switch (spec.kind) {
    case StageKind::kFeed: return make_feed(plan, spec, std::move(*desk));
    case StageKind::kFeatures:
      return make_stage<FeaturesStage>(features_config_of(plan), std::move(*desk));
    case StageKind::kModels:
      return make_stage<ModelsStage>(models_config_of(plan), std::move(*desk));
    case StageKind::kRisk: return make_stage<RiskStage>(risk_config_of(plan), std::move(*desk));
    case StageKind::kExec: return make_stage<ExecStage>(exec_config_of(plan), std::move(*desk));
  }
  return fail("a stage of an unknown kind in the topology");
}

/// Rounds over all stages until each has ended. False where two rounds in a row have moved nothing
/// while nobody waits for time or for its journal: then no later round can.
Result<bool> run_rounds(std::vector<std::unique_ptr<InProcessStage>>& actors,
                        CarrierProcess& carrier, const std::function<bool()>& each_round) {
  constexpr std::uint64_t kRoundsBetweenCalls = 256;
  int still = 0;
  for (std::uint64_t round = 0;; ++round) {
    bool all_done = true, moved = false, journal = false;
    for (auto& actor : actors) {
      moved |= actor->step() || actor->waits_for_time();
      journal |= actor->waits_for_journal();
      all_done = all_done && actor->done();
    }
    if (all_done) return true;
    if (journal && !moved) sleep_for_journal();
    still = moved || journal ? 0 : still + 1;
    if (still == 2) return false;
    if (round % kRoundsBetweenCalls != 0) continue;
    for (auto& actor : actors) actor->publish();
    if (const std::string line = carrier.mind(); !line.empty()) {
      std::fprintf(stderr, "pinstripe: %s\n", line.c_str());
      if (carrier.lost()) return fail("the journals are not carried to disk any more");
    }
    if (each_round && !each_round()) {
      for (auto& actor : actors) actor->stop();
    }
  }
}

}  // namespace

Result<std::vector<std::unique_ptr<InProcessStage>>> open_in_process(Attachment& attachment) {
  std::vector<std::unique_ptr<InProcessStage>> actors;
  for (const StageSpec& spec : attachment.plan().topology.stages) {
    auto actor = make_actor(attachment, spec);
    if (!actor) return fail_within("stage " + spec.name, actor);
    actors.push_back(std::move(*actor));
  }
  return actors;
}

namespace {

/// Gives up the stages' ends, journals too, when it returns: the carrier waits for that.
Result<InProcessResult> run_attached(Attachment attachment, CarrierProcess& carrier,
                                     const std::function<bool()>& each_round) {
  auto actors = open_in_process(attachment);
  if (!actors) return std::unexpected(actors.error());
  check_float_environment();
  const auto ended = run_rounds(*actors, carrier, each_round);
  if (!ended) return std::unexpected(ended.error());
  for (auto& actor : *actors) {
    actor->publish();
    if (auto failed = actor->failure(); failed) return std::unexpected(*failed);
  }
  if (!*ended) {
    return fail(standstill_text(attachment.plan(), take_snapshot(attachment.plan())));
  }
  return InProcessResult{};
}

}  // namespace

Result<InProcessResult> run_in_process(const std::string& name,
                                       const std::function<bool()>& each_round) {
  auto attachment = Attachment::open(name);
  if (!attachment) return std::unexpected(attachment.error());
  const SessionPlan plan = attachment->plan();
  auto carrier = CarrierProcess::start(plan);
  if (!carrier) return std::unexpected(carrier.error());
  auto result = run_attached(std::move(*attachment), *carrier, each_round);
  const std::string problem = carrier->finish();
  if (result) result->journal_problem = problem;
  return result;
}

}  // namespace pinstripe
