// The rings of a replica: outputs of two bursts, which it empties itself, and inputs of one slot,
// which nobody reads, for the journal holds the messages.
#pragma once

#include <memory>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/ring.h"
#include "shm/ring/stage_page.h"
#include "shm/run/turn.h"
#include "tools/replay/replica.h"

namespace pinstripe {

class ReplicaRings {
 public:
  static Result<ReplicaRings> make(const SessionPlan& plan, const StageSpec& stage);

  const RunnerSetup& setup() const noexcept { return setup_; }
  StagePage& page() noexcept { return *page_; }
  /// Hands every output written since the last call to `take`.
  void drain(const Replica::OnOutput& take);
  /// The runner was set to a saved state: output `port` goes on with message `number`.
  void go_on(std::size_t port, std::uint64_t number) { first_[port] = number; }

 private:
  RunnerSetup setup_;
  std::unique_ptr<StagePage> page_;
  std::vector<std::unique_ptr<PrivateRing>> rings_;
  std::vector<RingConsumer<>> outputs_;
  std::vector<std::uint64_t> first_;  // outputs before the state that was loaded, by port
};

}  // namespace pinstripe
