// One process's view of a prepared session: plan, clock, pages, rings and the ends it owns.
//
// Used by the stage programs, each for its own ends, and by the one-thread pipeline for all of
// them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/end_lock.h"
#include "shm/ring/segment.h"
#include "shm/ring/session_dir.h"
#include "shm/ring/stage_page.h"
#include "shm/run/journal_writer.h"
#include "shm/run/runner.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Puts into a new session's directory, whose lock the caller holds, resolved config, clock, stage
/// pages and rings: everything that the stages attach to. Draws the session's id, copies the files
/// that decide, and completes `plan` with them. At the end the session is kPrepared.
Result<void> fill_session(SessionPlan& plan, const SessionDir& dir);

class Attachment {
 public:
  /// Loads plan and clock of `session`.
  static Result<Attachment> open(const std::string& session);

  const SessionPlan& plan() const noexcept { return plan_; }
  const SessionDir& dir() const noexcept { return dir_; }
  const SessionClock& clock() const noexcept { return clock_; }

  /// Takes the ends of `stage`'s rings and its page, and gives the runner's setup. `one_thread`:
  /// all stages live in this process, so nobody parks.
  Result<RunnerSetup> attach(const StageSpec& stage, bool one_thread);
  /// The page of an attached or neighbouring stage; mapped on first use.
  Result<StagePage*> page(const std::string& stage);
  /// What could not be had (locked memory, huge pages); one sentence each.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  Attachment(SessionPlan plan, SessionDir dir, SessionClock clock)
      : plan_(std::move(plan)), dir_(std::move(dir)), clock_(clock) {}
  Result<RingView> ring(const RingSpec& spec, bool as_producer);
  Result<JournalWriter*> journal(const StageSpec& stage);

  SessionPlan plan_;
  SessionDir dir_;
  SessionClock clock_;
  std::map<std::string, std::unique_ptr<Segment>> rings_;
  std::vector<std::unique_ptr<Segment>> journals_;
  std::vector<std::unique_ptr<JournalWriter>> writers_;
  std::map<std::string, std::unique_ptr<StagePageOwner>> pages_;
  std::vector<EndLock> ends_;
  std::vector<std::string> warnings_;
};

}  // namespace pinstripe
