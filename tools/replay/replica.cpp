#include "tools/replay/replica.h"

#include "exec/exec_stage.h"
#include "features/features_stage.h"
#include "models/models_stage.h"
#include "risk/risk_stage.h"
#include "shm/msg/control.h"
#include "shm/run/float_env.h"
#include "shm/run/runner.h"
#include "tools/replay/feed_replica.h"
#include "tools/replay/replica_base.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {
namespace {

/// Features, models, risk and exec.
template <class S>
class RingReplica : public ReplicaBase<S, Runner<S, BacktestPolicy>> {
 public:
  using R = Runner<S, BacktestPolicy>;
  RingReplica(const typename S::Config& config, ReplicaRings rings)
      : ReplicaBase<S, R>(config, std::move(rings),
                          [](S& stage, const RunnerSetup& setup, Probe& probe) {
                            return std::make_unique<R>(stage, setup, probe);
                          }) {}

  Result<void> settle_before(const JournalEntry& e) override {
    if (auto sound = check(e); !sound) return sound;
    this->settle_turns(e);
    return {};
  }

 private:
  /// A record that this stage cannot have taken: the runner believes its journal.
  Result<void> check(const JournalEntry& e) {
    const auto& inputs = this->rings_.setup().inputs;
    switch (e.kind) {
      case JournalKind::kMessage: {
        if (e.input >= inputs.size()) {
          return fail("it is of input " + std::to_string(e.input) + ", the stage has " +
                      std::to_string(inputs.size()));
        }
        const RunnerInput& in = inputs[e.input];
        if (e.ring != in.ring_id || e.payload.size() != in.ring.message_bytes) {
          return fail("a message of ring " + std::to_string(e.ring) + " with " +
                      std::to_string(e.payload.size()) + " bytes; input " +
                      std::to_string(e.input) + " is ring " + std::to_string(in.ring_id) +
                      " with " + std::to_string(in.ring.message_bytes));
        }
        const std::uint64_t due = this->runner_->merge().inputs()[e.input].ring.taken();
        if (e.message_number() >= due) return {};
        return fail("message " + std::to_string(e.message_number()) + " of ring " +
                    std::to_string(e.ring) + " comes again: " + std::to_string(due) +
                    " were taken before");
      }
      case JournalKind::kControl:
        if (e.payload.size() >= sizeof(Control)) return {};
        return fail("a control message of " + std::to_string(e.payload.size()) + " bytes");
      case JournalKind::kTimer:
      case JournalKind::kDigest:
      case JournalKind::kEnd: return {};
      default:
        return fail(std::string("a ") + kJournalKindNames[static_cast<std::size_t>(e.kind)] +
                    " record, which this stage never writes");
    }
  }
};

template <class S>
Result<std::unique_ptr<Replica>> make(Result<typename S::Config> config, const SessionPlan& plan,
                                      const StageSpec& stage) {
  if (!config) return std::unexpected(std::move(config.error()));
  auto rings = ReplicaRings::make(plan, stage);
  if (!rings) return std::unexpected(std::move(rings.error()));
  return std::make_unique<RingReplica<S>>(*config, std::move(*rings));
}

}  // namespace

Result<std::unique_ptr<Replica>> make_replica(const SessionPlan& plan, const StageSpec& stage) {
  check_float_environment();
  switch (stage.kind) {
    case StageKind::kFeed: return make_feed_replica(plan, stage);
    case StageKind::kFeatures: return make<FeaturesStage>(features_config_of(plan), plan, stage);
    case StageKind::kModels: return make<ModelsStage>(models_config_of(plan), plan, stage);
    case StageKind::kRisk: return make<RiskStage>(risk_config_of(plan), plan, stage);
    case StageKind::kExec: return make<ExecStage>(exec_config_of(plan), plan, stage);
  }
  return fail("stage '" + stage.name + "' is of an unknown kind");
}

}  // namespace pinstripe
