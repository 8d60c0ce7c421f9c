// The carrier of a session: one process that copies the journals of all its stages to disk.
//
// Owns the journal's directory and the carrier line of each stage's journal. Started by whoever
// drives the session and ended last, when the stages have stopped; it may be killed and started
// again at any time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/end_lock.h"
#include "shm/ring/segment.h"
#include "tools/journal/archive.h"
#include "tools/journal/stage_carrier.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

class Carrier {
 public:
  /// Attaches to the journals of the session that `directory` holds. A second carrier is refused
  /// with the holder's name. Where the journal is marked as ended only `finish` has work left.
  static Result<Carrier> open(const std::string& directory, FileCalls& calls = FileCalls::system());

  /// One round over all stages; true where something was done. `now_ns`: CLOCK_REALTIME.
  bool round(std::int64_t now_ns);
  /// A stage of the session lives and may still write.
  bool written_to() const;
  /// Carries what is left. Where every stage has written its last record the journal has ended: it
  /// is marked so and archived. Refuses, with the stages and counts, what the disk does not take;
  /// that there is no room for an archive is only a warning.
  Result<void> finish(std::int64_t now_ns);
  /// Retention: removes old journals, gives their paths.
  std::vector<std::string> clean(std::int64_t now_ns) const;

  const std::vector<StageCarrier>& stages() const noexcept { return stages_; }
  const SessionPlan& plan() const noexcept { return plan_; }
  /// What was cut at the start; one sentence each.
  std::vector<std::string> notes() const;
  /// What `finish` could not archive; one sentence a stage.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  Carrier(SessionPlan plan, EndLock lock) : plan_(std::move(plan)), lock_(std::move(lock)) {}
  Result<void> add_stage(const StageSpec& stage, FileCalls& calls);
  Result<void> go_on_archiving(const std::vector<EndedStage>& ends);
  Result<void> carry_rest(std::int64_t now_ns);
  void archive();
  void mind_halt(std::int64_t now_ns);
  void set_halt(bool halt);

  SessionPlan plan_;
  EndLock lock_;
  std::vector<Segment> memory_;
  std::vector<JournalView> views_;
  std::vector<StageCarrier> stages_;
  std::vector<std::string> warnings_;
  bool ended_ = false;         // every record is on disk, and the mark
  std::int64_t asked_ns_ = 0;  // when the operator's word was last looked for
};

/// File in the session directory by which an operator ends a halt (`pinstripe journal clear`).
inline constexpr const char* kJournalClearName = "journal.clear";
inline constexpr const char* kCarrierLockName = "journal.carrier.lock";

}  // namespace pinstripe
