// The directory of a session: `/dev/shm/pinstripe-<name>/`, mode 0700, with everything the
// session's processes share. $PINSTRIPE_SHM_ROOT puts it elsewhere (tests).
//
//   config.json            resolved config
//   state                  see SessionState
//   session.lock           held by `up` while it runs
//   <stage>.page           stage page
//   <ring>.ring            the ring, with <ring>.producer.lock and <ring>.consumer.lock
//   <stage>.journal        what the stage took, with <stage>.journal.lock (held by its writer)
//   journal.carrier.lock   held by the process that carries the journals to disk
//   inputs/                copies of the files that decide: models, rates
//   resumable              where the stages journal: a session that dies can be resumed
//
// A session is live while any of its locks is held. Nothing here guesses from pids or ages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/end_lock.h"

namespace pinstripe {

/// Written by whoever drives the session; it says what may be cleaned once no lock is held.
enum class SessionState : std::uint8_t {
  kPrepared,   // made by `up --prepare`, waits for its stages: kept
  kRunning,    // driven now; with no lock held it has died: cleaned, unless marked resumable
  kEnded,      // stopped in order: cleaned
  kKept,       // stopped, and to be looked at with `rings` and `tap`: kept until `down`
  kResumable,  // died, can be recovered: kept until `up --resume`, `up --discard`, `doctor --fix`
  kHalfMade,   // being made; with no lock held its maker died: replaced by the next of its name
};
inline constexpr const char* kSessionStateNames[] = {"prepared", "running", "ended", "kept",
                                                     "resumable", "half-made"};

/// Where sessions lie: $PINSTRIPE_SHM_ROOT or /dev/shm.
std::string session_root();
/// Directory of the session with that name.
std::string session_path(const std::string& name);

/// Names files of one session.
class SessionDir {
 public:
  /// Makes the directory, in state kHalfMade: take its session lock before anything is put there. A
  /// live session of that name is refused, naming the holder; one that waits or can be resumed is
  /// refused with the way out; an ended or half-made one is removed first.
  static Result<SessionDir> create(const std::string& name);
  /// An existing session of this user.
  static Result<SessionDir> open(const std::string& name);

  const std::string& name() const noexcept { return name_; }
  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  std::string ring_file(std::string_view ring) const { return file(std::string(ring) + ".ring"); }
  std::string page_file(std::string_view stage) const { return file(std::string(stage) + ".page"); }
  std::string producer_lock(std::string_view ring) const {
    return file(std::string(ring) + ".producer.lock");
  }
  std::string consumer_lock(std::string_view ring) const {
    return file(std::string(ring) + ".consumer.lock");
  }
  std::string journal_file(std::string_view stage) const {
    return file(std::string(stage) + ".journal");
  }
  std::string journal_lock(std::string_view stage) const {
    return file(std::string(stage) + ".journal.lock");
  }
  std::string carrier_lock() const { return file("journal.carrier.lock"); }
  std::string session_lock() const { return file("session.lock"); }

  Result<void> set_state(SessionState state) const;
  /// From here on a session that dies while it runs is kept for `up --resume`.
  Result<void> mark_resumable() const;
  SessionState state() const;

 private:
  SessionDir(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}
  std::string name_;
  std::string path_;
};

struct SessionInfo {
  std::string name;
  std::string path;
  SessionState state = SessionState::kEnded;
  bool live = false;
  std::optional<ProcessToken> holder;  // of the session lock, else of the first held end
  std::int64_t created_ns = 0;         // start, since the epoch
};

/// This user's sessions, newest first.
std::vector<SessionInfo> list_sessions();
/// Name of the newest live session.
std::optional<std::string> newest_live_session();
/// What is known of one session; nothing when it is not there.
std::optional<SessionInfo> session_info(const std::string& name);

/// Removes a session that is not live; refuses a live one, naming its holder. Missing is no error.
Result<void> remove_session(const std::string& name);
/// Start-up cleaning: removes what ended or dead sessions left (kRunning without a holder,
/// kEnded), never what lives, waits or can be resumed. Returns the names removed.
std::vector<std::string> clean_ended_sessions();

}  // namespace pinstripe
