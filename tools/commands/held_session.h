// The session that a command drives: its directory and the lock that says so.
#pragma once

#include <optional>
#include <string>

#include "shm/base/result.h"
#include "shm/ring/end_lock.h"
#include "shm/ring/session_dir.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Where a session's supervisor has died, its helpers still carry what the stages left: waits for
/// them, at most ten seconds. Returns at once where anyone else holds an end of the session.
void await_last_helpers(const std::string& session);

/// Its directory goes with it unless it is to be kept.
class HeldSession {
 public:
  /// Makes the session of `plan`, and completes the plan. `discard`: one of that name that died and
  /// can be resumed is removed first.
  static Result<HeldSession> make(SessionPlan& plan, bool discard);
  /// Takes over one that died; `plan` becomes what it was made from. Refuses one that lives or that
  /// ended, files that are not what they were, and another build.
  static Result<HeldSession> resume(const std::string& name, SessionPlan& plan);

  HeldSession(HeldSession&&) = default;
  HeldSession& operator=(HeldSession&&) = delete;
  ~HeldSession() { close(); }

  const SessionDir& dir() const { return dir_; }
  /// Not given up by keep_as.
  bool held() const { return lock_.has_value(); }
  void set_state(SessionState state) { (void)dir_.set_state(state); }
  /// Releases the lock; the directory stays where `state` says so, else it is removed.
  void keep_as(SessionState state);
  void close();

 private:
  HeldSession(SessionDir dir, EndLock lock) : dir_(std::move(dir)), lock_(std::move(lock)) {}
  SessionDir dir_;
  std::optional<EndLock> lock_;
  bool kept_ = false;
};

}  // namespace pinstripe
