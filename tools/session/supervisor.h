// Watches the processes of one session: starts them, starts again those that die where journals
// let them rejoin, stops in order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/stage_page.h"
#include "tools/session/carrier_process.h"
#include "tools/session/journal_watch.h"
#include "tools/session/processes.h"
#include "tools/session/snapshot.h"
#include "tools/session/stage_keeper.h"
#include "tools/session/stage_log.h"
#include "tools/session/standstill.h"
#include "tools/session/watch_process.h"

namespace pinstripe {

/// How a watched session ended.
struct SessionEnd {
  bool clean = true;                   // every stage ended by itself or was asked to; no standstill
  bool stopped = false;                // by Ctrl-C, SIGTERM or `down`
  bool resumable = false;              // left off because a stage did not come back
  int restarts = 0;                    // stages that died and rejoined
  std::vector<std::string> deaths;     // those that did not: "models: killed by signal 9 ..."
};

/// Starts the processes of a session and minds them until they have ended. Sessions with journals
/// outlive their stages' deaths: the successor rejoins. It restarts; it decides nothing.
class Supervisor {
 public:
  /// Starts the carrier of the journals, the helpers and the five (or more) stage
  /// programs of `plan`, whose directory exists. Where one cannot be started, those already running
  /// are stopped.
  static Result<Supervisor> start(const SessionPlan& plan);

  /// Waits until every stage has ended. `tick` runs about every `tick_ms`; `say` takes each line
  /// for people the moment it is known. A stop signal to this process ends the session in order.
  SessionEnd watch(int tick_ms, const std::function<void()>& tick, const Say& say);

 private:
  Supervisor(const SessionPlan& plan, CarrierProcess carrier)
      : plan_(&plan), carrier_(std::move(carrier)), standstill_(plan), journals_(plan) {}
  Result<void> start_stages();
  void look_at_stages(SessionEnd& end, const Say& say);
  void note_gone(StageKeeper& stage, SessionEnd& end, const Say& say);
  void restart_what_is_due(SessionEnd& end, const Say& say);
  void look_closer(const Say& say);
  void look_at_session(const Say& say);
  void mind_helpers(SessionEnd& end, const Say& say);
  void leave_off(SessionEnd& end, const Say& say);
  bool cancel_first(const Say& say);
  void mind_cancels(const Say& say);
  void begin_to_stop(SessionEnd& end, const Say& say);
  void suspend_all();
  void stop_next();
  void press(SessionEnd& end, const Say& say);
  void wait(int milliseconds);
  bool any_lives() const;

  const SessionPlan* plan_;
  CarrierProcess carrier_;            // before the stages: it ends after them
  std::optional<HelperProcess> checkpoints_;  // where there are journals
  std::optional<WatchProcess> watch_;         // over the instruments of live markets
  StandstillWatch standstill_;
  JournalWatch journals_;
  std::vector<std::unique_ptr<Program>> programs_;  // by StageKind
  std::vector<StageKeeper> stages_;   // in topology order
  std::vector<bool> asked_;           // got SIGTERM from here
  bool stopping_ = false;
  bool suspending_ = false;
  bool cancelling_ = false;           // live: orders are cancelled, then all leave off
  std::int64_t cancelling_at_ms_ = 0;
  bool stood_still_ = false;
  bool killed_ = false;               // what still ran got SIGKILL from here
  std::int64_t asked_at_ms_ = 0;
  std::int64_t looked_at_ms_ = 0;     // closer
  std::int64_t shot_at_ms_ = 0;       // at the whole session
  std::uint64_t moved_ = 0;           // messages published and taken by then, over all rings
  std::int64_t moved_at_ms_ = 0;
  std::int64_t unsettled_at_ms_ = 0;  // a stage was last seen on its way back
};

/// Keeps how the session ended in its directory, for who comes later (`down` after --detach).
void note_end(const SessionPlan& plan, const SessionEnd& end);
/// The deaths that were kept, a line each; empty where every stage ended well.
std::string deaths_of(const SessionPlan& plan);

/// Asks the stages of a session without supervisor to stop, in order, and waits; kills what does
/// not within `patience_ms` each. Used by `down` after tools/launch.sh.
void stop_stages(const SessionPlan& plan, int patience_ms);

}  // namespace pinstripe
