// One stage of a supervised session: its process, its deaths, its successors.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "shm/base/result.h"
#include "shm/ring/stage_page.h"
#include "tools/session/processes.h"
#include "tools/session/restart_policy.h"
#include "tools/session/session_plan.h"
#include "tools/session/stage_health.h"

namespace pinstripe {

using Say = std::function<void(const std::string&)>;

class StageKeeper {
 public:
  /// What became of a stage since the last look.
  enum class Fate : std::uint8_t {
    kSame,
    kEnded,      // well
    kDied,       // and comes back after `wait_ms`
    kGone,       // for good: no journal, or the policy says so
  };

  StageKeeper(const SessionPlan& plan, const StageSpec& stage, const Program& program)
      : plan_(&plan), stage_(&stage), program_(&program), policy_(plan.supervision),
        health_(plan.supervision) {}

  Result<void> spawn();
  /// Tells the stage, and whoever takes its place.
  void wish(StopWish wish);
  /// Notes the end of the process, once. `rejoins`: a death may be followed by a restart.
  Fate look(std::int64_t now_ms, bool rejoins);
  /// Starts the successor where its time has come; one that cannot be started never comes.
  Result<void> restart_if_due(std::int64_t now_ms);
  /// Kills a process that lives and does not work; what is wrong with it, for people, or "".
  std::string mind_health(std::int64_t now_ms);

  /// A process runs, or one will: a death that `look` has not judged yet may have a successor.
  bool lives() const noexcept { return !noted_ || restart_at_ms_ >= 0; }
  bool running() { return child_.running(); }
  /// The successor is not at work yet.
  bool is_away();
  Child& child() noexcept { return child_; }
  const StageSpec& spec() const noexcept { return *stage_; }
  /// How the last process ended, for people: signal or status, journal record, last words.
  const std::string& obituary() const noexcept { return obituary_; }
  int restarts() const noexcept { return restarts_; }
  /// It ended with Exit::kFailed: it said why.
  bool gave_up() { return child_.poll().gave_up(); }

 private:
  std::string last_words() const;
  /// Null where it cannot be mapped (yet).
  StagePage* page();

  const SessionPlan* plan_;
  const StageSpec* stage_;
  const Program* program_;
  RestartPolicy policy_;
  StageHealth health_;
  Child child_;
  std::optional<StagePageOwner> page_;  // mapped once
  std::int64_t restart_at_ms_ = -1;  // -1: no restart is due
  std::string obituary_;
  int restarts_ = 0;
  std::uint64_t log_from_ = 0;       // what child_ wrote lies behind so many bytes of the log
  bool noted_ = true;                // the end of child_; there is none yet
};

}  // namespace pinstripe
