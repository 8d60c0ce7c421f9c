// The process that carries a session's journals to disk, as seen by whoever drives the session.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "tools/session/processes.h"

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
  std::string mind();
  /// It died more often than it is started again: the journals are carried no more.
  bool lost() const noexcept { return deaths_ > kDeathsMax; }
  /// The stages have ended and given up their journals: waits until everything is on disk and the
  /// journal is closed. What is wrong, for people; "": nothing.
  std::string finish();

 private:
  explicit CarrierProcess(const SessionPlan& plan) : plan_(&plan) {}
  Result<void> spawn();
  void await_start();

  static constexpr int kDeathsMax = 5;
  const SessionPlan* plan_;
  Child child_;
  int deaths_ = 0;
  bool finished_ = false;
};

/// For sessions that nobody drives (tools/launch.sh): asks the carrier to end and waits for it, at
/// most `patience_ms`.
void stop_carrier(const SessionPlan& plan, int patience_ms);

}  // namespace pinstripe
