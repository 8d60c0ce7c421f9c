// The checkpoint helper: replays the journals of a session behind its stages and saves their state,
// so that a killed stage need not act on its whole journal again. The stages never stop for it.
//
// Reads the journals on disk, as the carrier leaves them. Drives the same replicas as `pinstripe
// replay`, so it finds out on the way whether a stage is deterministic: where a stated digest is
// not what the replica has, no checkpoint would be worth anything, and it says so and ends.
//
// PROMOTION. A candidate is the state behind record C, at a boundary. It becomes a checkpoint only
// when each output ring shows all that the stage says up to C. Until then it lies in memory: a
// record may be journaled and not yet published, and reports wait in exec's queue; a successor that
// began behind them would never say them. What is a checkpoint stays one, for rings only go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/end_lock.h"
#include "shm/ring/ring_layout.h"
#include "shm/ring/segment.h"
#include "shm/run/journal_layout.h"
#include "shm/run/machine_time.h"
#include "tools/journal/checkpoint_file.h"
#include "tools/journal/reader.h"
#include "tools/replay/replica.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// The helper's side of one stage.
class StageCheckpointer {
 public:
  /// `outputs`: the stage's output rings in port order; `line`: header of its journal in shared
  /// memory, where checkpoints are told. Both live as long as this. Goes on from the newest
  /// checkpoint in the journal's directory.
  static Result<std::unique_ptr<StageCheckpointer>> open(const SessionPlan& plan,
                                                         const StageSpec& stage,
                                                         std::vector<RingView> outputs,
                                                         JournalHeader* line);

  /// Acts on a few thousand records, where there are any; true where something was done. The error
  /// (exit status 3 where the stage is not deterministic) is the last word on this stage. A disk
  /// that takes no checkpoint is none: it is told in the session directory, and tried again. Behind
  /// a hole in the journal there is nothing more to do. `now_ms`: the monotonic clock.
  Result<bool> round(std::int64_t now_ms = monotonic_ms());

  const std::string& stage() const noexcept { return stage_; }
  /// Records of the newest checkpoint; 0: none.
  std::uint64_t saved() const noexcept { return saved_; }
  /// A candidate waits for the rings.
  bool waits() const noexcept { return candidate_.has_value(); }
  /// The stage's last record was acted on.
  bool ended() const noexcept { return ended_; }
  /// Checkpoints that were passed over at `open`, one sentence each.
  const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  StageCheckpointer() = default;
  Result<void> go_on();
  Result<void> act_on(const JournalPlace& before, const JournalEntry& e);
  Result<void> check(const JournalEntry& e);
  void consider(const JournalPlace& place);
  Result<bool> promote(std::int64_t now_ms);
  bool gave_up();
  void tell_problem(const std::string& problem);
  void tell_progress() noexcept;
  bool published(const CheckpointHead& head) const noexcept;

  std::string stage_, dir_, session_directory_;
  JournalIdentity identity_;
  bool counts_frames_ = false;
  std::uint64_t every_ = 0;
  std::vector<RingView> outputs_;
  JournalHeader* line_ = nullptr;
  std::unique_ptr<Replica> replica_;
  std::optional<JournalReader> reader_;
  struct Candidate {
    CheckpointHead head;
    std::vector<std::byte> state;
  };
  std::optional<Candidate> candidate_;
  std::uint64_t progress_ = 0;  // of the newest candidate
  std::uint64_t saved_ = 0;
  std::uint64_t saved_progress_ = 0;  // of the newest checkpoint
  bool ended_ = false;
  bool holed_ = false;            // records behind the newest checkpoint were given up
  std::int64_t retry_at_ms_ = 0;  // after an error of the disk
  std::string problem_;           // as last told
  std::vector<std::string> notes_;
};

/// All stages of a session, in turns.
class Checkpointer {
 public:
  /// Attaches to the session in `directory`. A second helper is refused with the holder's name.
  static Result<Checkpointer> open(const std::string& directory);

  /// One round over all stages; true where something was done.
  Result<bool> round();
  const std::vector<std::unique_ptr<StageCheckpointer>>& stages() const noexcept { return stages_; }
  const SessionPlan& plan() const noexcept { return *plan_; }

 private:
  Checkpointer(std::unique_ptr<SessionPlan> plan, EndLock lock)
      : plan_(std::move(plan)), lock_(std::move(lock)) {}
  Result<void> add_stage(const StageSpec& stage);

  std::unique_ptr<SessionPlan> plan_;
  EndLock lock_;
  std::vector<std::unique_ptr<Segment>> memory_;
  std::vector<std::unique_ptr<StageCheckpointer>> stages_;
};

/// Held by the helper of a session, in its directory.
inline constexpr const char* kCheckpointLockName = "checkpoint.lock";

}  // namespace pinstripe
