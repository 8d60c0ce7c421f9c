// Watches the stage processes of one session: starts them, reports a death at once, stops in order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/carrier_process.h"
#include "tools/session/processes.h"
#include "tools/session/snapshot.h"
#include "tools/session/standstill.h"

namespace pinstripe {

/// How a watched session ended.
struct SessionEnd {
  bool clean = true;                   // every stage ended by itself or was asked to; no standstill
  bool stopped = false;                // by Ctrl-C, SIGTERM or `down`
  std::vector<std::string> deaths;     // "models: killed by signal 9 (Killed); last error: ..."
};

class Supervisor {
 public:
  /// Starts the carrier of the journals and the five (or more) stage programs of `plan`, whose
  /// directory exists. Where one cannot be started, those already running are stopped.
  static Result<Supervisor> start(const SessionPlan& plan);

  /// Waits until every stage has ended. `tick` runs about every `tick_ms`; `say` takes each line
  /// for people the moment it is known. A stop signal to this process ends the session in order.
  SessionEnd watch(int tick_ms, const std::function<void()>& tick,
                   const std::function<void(const std::string&)>& say);

 private:
  Supervisor(const SessionPlan& plan, CarrierProcess carrier)
      : plan_(&plan), carrier_(std::move(carrier)), standstill_(plan) {}
  void stop_next();
  void note_standstill(const std::function<void(const std::string&)>& say);
  void note_deaths(SessionEnd& end, const std::function<void(const std::string&)>& say);
  void mind_carrier(SessionEnd& end, const std::function<void(const std::string&)>& say);
  void press(const SessionEnd& end);
  bool any_running();
  std::string last_words(const Child& child) const;

  const SessionPlan* plan_;
  CarrierProcess carrier_;            // before the stages: it ends after them
  StandstillWatch standstill_;
  std::vector<Child> children_;       // in topology order
  std::vector<bool> reported_;
  std::vector<bool> asked_;           // got SIGTERM from here
  bool stopping_ = false;
  bool stood_still_ = false;
  bool killed_ = false;               // what still ran got SIGKILL from here
  std::int64_t asked_at_ms_ = 0;
  std::int64_t looked_at_ms_ = 0;     // for a standstill
};

/// Keeps how the session ended in its directory, for who comes later (`down` after --detach).
void note_end(const SessionPlan& plan, const SessionEnd& end);
/// The deaths that were kept, a line each; empty where every stage ended well.
std::string deaths_of(const SessionPlan& plan);

/// Asks the stages of a session without supervisor to stop, in order, and waits; kills what does
/// not within `patience_ms` each. Used by `down` after tools/launch.sh.
void stop_stages(const SessionPlan& plan, int patience_ms);

/// The last lines of a stage's log file, cut to `bytes_max`.
std::string log_tail(const SessionPlan& plan, const std::string& stage, std::size_t bytes_max);

}  // namespace pinstripe
