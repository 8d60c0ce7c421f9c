// A process that serves all stages of a session, such as the carrier of its journals: started
// beside them, and again where it dies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shm/base/result.h"
#include "tools/session/processes.h"
#include "tools/session/stage_health.h"

namespace pinstripe {

/// What becomes of a helper that has died more often than it is started again at once.
enum class HelperLoss : std::uint8_t {
  kFinal,    // it is lost: its session cannot go on without it
  kRetried,  // it is tried again, ever later, up to a minute between two
};

class HelperProcess {
 public:
  /// `pinstripe-<name> --session S`; its log is <name>.log. `what` names it for people.
  static Result<HelperProcess> start(const SessionPlan& plan, const std::string& name,
                                     const std::string& what,
                                     HelperLoss loss = HelperLoss::kFinal);

  /// Kills it where someone has stopped it (SIGSTOP), starts it again where it has died. What
  /// happened since the last call, for people; "": nothing.
  /// `now_ms`: of the monotonic clock.
  std::string mind(std::int64_t now_ms);
  /// The first half of that: what is wrong with the process that was killed; "": nothing.
  std::string kill_if_stopped();
  /// It died more often than it is started again.
  bool lost() const noexcept { return loss_ == HelperLoss::kFinal && deaths_ > kDeathsMax; }
  /// Until it is tried again, by the clock that mind() takes; 0: it is not waited for.
  std::int64_t again_in_ms(std::int64_t now_ms) const noexcept;
  /// Deaths since start().
  int deaths_ever() const noexcept { return deaths_ever_; }
  const std::string& last_death() const noexcept { return last_death_; }
  Child& child() noexcept { return child_; }
  /// What it last wrote, to be added to a message; "" where it wrote nothing.
  std::string last_words() const;
  /// Asks it to end; kills it where it does not within `patience_ms`.
  void stop(int patience_ms);

 private:
  HelperProcess(const SessionPlan& plan, std::string name, std::string what, Program program,
                HelperLoss loss)
      : plan_(&plan), name_(std::move(name)), what_(std::move(what)),
        program_(std::move(program)), loss_(loss), health_(plan.supervision) {}
  Result<void> spawn();
  std::string bury(std::int64_t now_ms);
  std::string try_again(std::int64_t now_ms, const std::string& line);

  static constexpr int kDeathsMax = 5;                  // in a row, each followed at once
  static constexpr std::int64_t kPauseFirstMs = 1'000;  // behind those; then doubled
  static constexpr std::int64_t kPauseMostMs = 60'000;
  const SessionPlan* plan_;
  std::string name_;
  std::string what_;
  Program program_;
  HelperLoss loss_;
  Child child_;
  StageHealth health_;
  std::uint64_t log_from_ = 0;  // what child_ wrote lies behind so many bytes of the log
  int deaths_ = 0;                  // in a row; kFinal: ever
  int deaths_ever_ = 0;
  std::int64_t began_ms_ = 0;       // child_, by mind(); 0: not seen yet
  std::int64_t again_at_ms_ = 0;    // 0: child_ runs
  std::string last_death_;
};

}  // namespace pinstripe
