// The process that carries a session's journals to disk, as seen by whoever drives the session.
#pragma once

#include <optional>
#include <string>

#include "shm/base/result.h"
#include "shm/run/machine_time.h"
#include "tools/session/helper_process.h"

namespace pinstripe {

/// Does nothing for a session without journals.
class CarrierProcess {
 public:
  /// Starts `pinstripe-journal` for the session of `plan`, whose directory exists.
  static Result<CarrierProcess> start(const SessionPlan& plan);

  CarrierProcess(CarrierProcess&&) = default;
  CarrierProcess& operator=(CarrierProcess&&) = default;
  ~CarrierProcess() { (void)finish(); }

  /// Starts it again where it has died. What happened since the last call, for people; "": nothing.
  std::string mind() { return helper_ ? helper_->mind(monotonic_ms()) : ""; }
  /// It died more often than it is started again: the journals are carried no more.
  bool lost() const noexcept { return helper_ && helper_->lost(); }
  /// The stages have ended and given up their journals: waits until everything is on disk and the
  /// journal is closed. What is wrong, for people; "": nothing.
  std::string finish();

 private:
  explicit CarrierProcess(const SessionPlan& plan) : plan_(&plan) {}
  void await_start();

  const SessionPlan* plan_;
  std::optional<HelperProcess> helper_;  // none: no journals
  bool finished_ = false;
};

/// What to say of a `problem` that `finish` told of: the rest of the journals is in the session's
/// directory, if that is still there.
std::string uncarried_text(const SessionPlan& plan, const std::string& problem);

/// For sessions that nobody drives (tools/launch.sh): asks the carrier to end and waits for it, at
/// most `patience_ms`.
void stop_carrier(const SessionPlan& plan, int patience_ms);

}  // namespace pinstripe
