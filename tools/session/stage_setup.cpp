#include "tools/session/stage_setup.h"

#include <algorithm>
#include <array>
#include <utility>

#include "shm/msg/control.h"
#include "shm/msg/exec_report.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/signal.h"

namespace pinstripe {
namespace {

/// Port of a ring among the outputs of its producer.
std::size_t port_of(const SessionPlan& plan, const RingSpec& ring) {
  const StageSpec* producer = plan.stage(ring.producer);
  const StageSpec* consumer = plan.stage(ring.consumer);
  if (producer == nullptr || producer->kind != StageKind::kFeed || consumer == nullptr) return 0;
  switch (consumer->kind) {
    case StageKind::kRisk: return 1;
    case StageKind::kExec: return 2;
    default: return 0;
  }
}

/// Venue time of market events by arrival (tools/backtest/models.md).
DelayModel before_arrival(const SessionPlan& plan, const RingSpec& ring) {
  switch (plan.feed_latency.model) {
    case FeedLatencyModel::kStamps:
      return DelayModel::of_stamps(plan.base_feed_latency_ns, plan.feed_latency.max_ns);
    case FeedLatencyModel::kTable: {
      std::vector<std::int64_t> leads = plan.feed_latency.table_ns;
      for (std::int64_t& ns : leads) ns = -ns;
      return DelayModel::of_table(std::move(leads), plan.seed, ring.id);
    }
    case FeedLatencyModel::kConstant: break;
  }
  return DelayModel{-plan.base_feed_latency_ns};
}

/// Delay of what a stage publishes on a ring. Exec's market ring runs on venue time: arrival less
/// the feed latency; reports travel back for the response latency (protocol 4). Live, stages take
/// the time that they take, and only the way of the paper venue's reports is a model.
DelayModel delay_on(const SessionPlan& plan, const StageSpec& stage, const RingSpec& ring) {
  if (stage.kind == StageKind::kFeed && !plan.live) {
    // Constant: a tail on one of its rings could put that ring's head past what its others can
    // prove. Exec's ring may vary: it lies before arrival, never behind.
    if (port_of(plan, ring) == 2) return before_arrival(plan, ring);
    return DelayModel{plan.latency[index_of(StageKind::kFeed)].base_ns};
  }
  if (stage.kind == StageKind::kExec && !plan.response_table_ns.empty()) {
    return DelayModel::of_table(plan.response_table_ns, plan.seed, ring.id);
  }
  if (stage.kind == StageKind::kExec) return DelayModel{plan.response_latency_ns};
  if (plan.live) return DelayModel{0};
  return plan.delay_of(stage.kind, ring.id);
}

bool is_feedback(const StageSpec& stage, const RingSpec& ring) {
  return (stage.kind == StageKind::kRisk && ring.type == ExecReport::kRingType) ||
         (stage.kind == StageKind::kExec && ring.type == OrderCommand::kRingType);
}

}  // namespace

RingShape shape_of(const RingSpec& spec) {
  const auto as = [&]<class T>() { return ring_shape<T>(spec.capacity, spec.id, spec.full); };
  if (spec.type == MarketEvent::kRingType) return as.template operator()<MarketEvent>();
  if (spec.type == FeatureVector::kRingType) return as.template operator()<FeatureVector>();
  if (spec.type == Signal::kRingType) return as.template operator()<Signal>();
  if (spec.type == OrderCommand::kRingType) return as.template operator()<OrderCommand>();
  if (spec.type == ExecReport::kRingType) return as.template operator()<ExecReport>();
  PINSTRIPE_CHECK(false, "a ring of an unknown message type in the topology");
}

Result<RunnerSetup> make_runner_setup(const SessionPlan& plan, const StageSpec& stage,
                                      const Wiring& wiring, const SessionClock& clock) {
  RunnerSetup setup;
  setup.clock = clock;
  setup.batch_max = stage.batch_max;
  setup.drain_ns = TimeNs(plan.drain_ns);
  setup.least_response = TimeNs(plan.response_latency_ns);
  setup.lane = stage.lane;
  setup.live = plan.live;
  std::vector<RunnerInput> feedback;
  setup.outputs.resize(stage.kind == StageKind::kFeed ? 3 : 1);
  for (const RingSpec& ring : plan.topology.rings) {
    const bool reads = ring.consumer == stage.name;
    const bool writes = ring.producer == stage.name;
    if (!reads && !writes) continue;
    auto view = wiring.ring(ring, writes);
    if (!view) return fail_within("ring " + ring.name, view);
    auto park = wiring.park(writes ? ring.consumer : ring.producer);
    if (!park) return fail_within("neighbour of ring " + ring.name, park);
    if (reads) {
      RunnerInput in{*view, ring.id, is_feedback(stage, ring),
                     ring.type == ExecReport::kRingType, *park};
      (in.feedback ? feedback : setup.inputs).push_back(in);
    } else {
      RunnerOutput& out = setup.outputs[port_of(plan, ring)];
      out = {*view, ring.id, delay_on(plan, stage, ring),
             stage.kind == StageKind::kExec ? kReportQueue : 0, *park,
             ring.full == FullPolicy::kResync};
    }
  }
  setup.inputs.insert(setup.inputs.end(), feedback.begin(), feedback.end());
  return setup;
}

}  // namespace pinstripe
