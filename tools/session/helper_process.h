// A process that serves all stages of a session, such as the carrier of its journals: started
// beside them, and again where it dies.
#pragma once

#include <optional>
#include <string>

#include "shm/base/result.h"
#include "tools/session/processes.h"
#include "tools/session/stage_health.h"

namespace pinstripe {

class HelperProcess {
 public:
  /// `pinstripe-<name> --session S`; its log is <name>.log. `what` names it for people.
  static Result<HelperProcess> start(const SessionPlan& plan, const std::string& name,
                                     const std::string& what);

  /// Kills it where someone has stopped it (SIGSTOP), starts it again where it has died. What
  /// happened since the last call, for people; "": nothing.
  std::string mind();
  /// The first half of that: what is wrong with the process that was killed; "": nothing.
  std::string kill_if_stopped();
  /// It died more often than it is started again.
  bool lost() const noexcept { return deaths_ > kDeathsMax; }
  Child& child() noexcept { return child_; }
  /// What it last wrote, to be added to a message; "" where it wrote nothing.
  std::string last_words() const;
  /// Asks it to end; kills it where it does not within `patience_ms`.
  void stop(int patience_ms);

 private:
  HelperProcess(const SessionPlan& plan, std::string name, std::string what, Program program)
      : plan_(&plan), name_(std::move(name)), what_(std::move(what)),
        program_(std::move(program)), health_(plan.supervision) {}
  Result<void> spawn();

  static constexpr int kDeathsMax = 5;
  const SessionPlan* plan_;
  std::string name_;
  std::string what_;
  Program program_;
  Child child_;
  StageHealth health_;
  std::uint64_t log_from_ = 0;  // what child_ wrote lies behind so many bytes of the log
  int deaths_ = 0;
};

}  // namespace pinstripe
