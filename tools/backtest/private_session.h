// A session without shared memory: rings and pages of a plan in this process alone.
//
// What a stage decides does not depend on a ring's capacity (protocol 5), so the market and vector
// rings are small here and stay in the second-level cache. The orders and reports rings keep the
// plan's: risk's limit on commands in flight follows from the former.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "shm/base/result.h"
#include "shm/ring/stage_page.h"
#include "shm/run/runner.h"
#include "tools/session/session_plan.h"
#include "tools/session/snapshot.h"

namespace pinstripe {

class PrivateSession {
 public:
  explicit PrivateSession(const SessionPlan& plan);

  /// The runner's setup of `stage` over the private rings; nobody parks, nothing is stamped.
  Result<RunnerSetup> attach(const StageSpec& stage);
  StagePage& page(const std::string& stage) { return *pages_.at(stage); }
  /// Every stage's page, copied.
  SessionShot snapshot() const;

 private:
  const SessionPlan& plan_;
  std::map<std::string, std::unique_ptr<StagePage>> pages_;
  std::map<std::string, std::unique_ptr<PrivateRing>> rings_;
};

}  // namespace pinstripe
