#include "tools/replay/replica_rings.h"

#include <bit>

#include "tools/session/stage_setup.h"
#include "tools/session/topology_build.h"

namespace pinstripe {

Result<ReplicaRings> ReplicaRings::make(const SessionPlan& plan, const StageSpec& stage) {
  ReplicaRings made;
  made.page_ = std::make_unique<StagePage>();
  Wiring wiring;
  wiring.ring = [&](RingSpec spec, bool as_producer) -> Result<RingView> {
    // Risk remembers as many commands under way as in the session.
    if (as_producer) made.setup_.orders_capacity = spec.capacity;
    spec.capacity = as_producer ? std::bit_ceil(2 * largest_burst(stage.kind)) : 1;
    return made.rings_.emplace_back(std::make_unique<PrivateRing>(shape_of(spec)))->view();
  };
  wiring.park = [](const std::string&) -> Result<ParkWord*> { return nullptr; };
  auto setup = make_runner_setup(plan, stage, wiring, SessionClock{});
  if (!setup) return std::unexpected(std::move(setup.error()));
  setup->digest_all = true;
  setup->orders_capacity = made.setup_.orders_capacity;
  made.setup_ = std::move(*setup);
  for (const RunnerOutput& out : made.setup_.outputs) made.outputs_.emplace_back(out.ring);
  made.first_.resize(made.outputs_.size());
  return made;
}

void ReplicaRings::drain(const Replica::OnOutput& take) {
  for (std::size_t port = 0; port < outputs_.size(); ++port) {
    RingConsumer<>& ring = outputs_[port];
    const MsgHeader* head = ring.peek();
    if (head == nullptr) continue;
    for (; head != nullptr; head = ring.peek()) {
      if (take) take(port, first_[port] + ring.taken(), *head);
      ring.advance();
    }
    ring.release();
  }
}

}  // namespace pinstripe
