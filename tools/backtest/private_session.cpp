#include "tools/backtest/private_session.h"

#include <algorithm>

#include "shm/msg/feature_vector.h"
#include "shm/msg/market_event.h"
#include "tools/session/stage_setup.h"
#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

constexpr std::uint64_t kMarketSlots = 1'024;  // four of feed's largest bursts, 64 KiB
constexpr std::uint64_t kVectorSlots = 64;     // 28 KiB
constexpr std::uint32_t kFeedBatch = 16;       // frames; about a hundred market events a port
constexpr std::uint32_t kReaderBatch = 4'096;  // more than any ring holds: until it is drained

RingShape private_shape(RingSpec spec) {
  if (spec.type == MarketEvent::kRingType) spec.capacity = std::min(spec.capacity, kMarketSlots);
  if (spec.type == FeatureVector::kRingType) spec.capacity = std::min(spec.capacity, kVectorSlots);
  return shape_of(spec);
}

}  // namespace

PrivateSession::PrivateSession(const SessionPlan& plan) : plan_(plan) {
  for (const StageSpec& stage : plan.topology.stages) {
    pages_[stage.name] = std::make_unique<StagePage>();
  }
  for (const RingSpec& ring : plan.topology.rings) {
    rings_[ring.name] = std::make_unique<PrivateRing>(private_shape(ring));
  }
}

Result<RunnerSetup> PrivateSession::attach(const StageSpec& stage) {
  Wiring wiring;
  wiring.ring = [this](const RingSpec& spec, bool) -> Result<RingView> {
    return rings_.at(spec.name)->view();
  };
  wiring.park = [](const std::string&) -> Result<ParkWord*> { return nullptr; };
  auto setup = make_runner_setup(plan_, stage, wiring, SessionClock{});
  if (setup) setup->batch_max = stage.kind == StageKind::kFeed ? kFeedBatch : kReaderBatch;
  return setup;
}

SessionShot PrivateSession::snapshot() const {
  SessionShot shot;
  for (const StageSpec& stage : plan_.topology.stages) {
    const StagePageView view = StagePageView::over(*pages_.at(stage.name));
    shot.stages.push_back(read_stage(plan_, stage, view));
  }
  return shot;
}

}  // namespace pinstripe
