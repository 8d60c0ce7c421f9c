// Carries one stage's journal from shared memory to disk, and frees what is safe there.
//
// What it says in the carrier line of the journal (shm/run/journal_layout.h) is what is *synced*: a
// segment is freed only when its records would survive the loss of the machine. The last
// segments / 2 - 1 segments are kept longer, so that readers that follow find them in memory.
//
// Killed at any moment it goes on where the file on disk ends: what was written twice would have
// the same bytes at the same place, and what was torn is cut (disk_file.h).
//
// Where the disk is full or broken, records stay in memory and the stage waits when its segments
// are used up (policy `wait`). With the policy `halt` trading is halted instead, and once every
// segment is used the oldest are given up: the journal on disk gets a hole (kHole), which neither a
// replay nor a rejoin crosses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"
#include "shm/run/journal_scan.h"
#include "tools/journal/disk_file.h"

namespace pinstripe {

struct CarrierOptions {
  bool halt_on_error = false;                    // else the stages wait
  std::int64_t sync_ns = 100'000'000;            // nothing lies unsynced for longer
  std::uint64_t sync_bytes = std::uint64_t{8} << 20;
  std::int64_t retry_ns = 500'000'000;           // between two tries after an error
  std::uint64_t copy_bytes = std::uint64_t{1} << 20;  // in one write
  std::uint64_t file_bytes = kDiskFileBytes;
  std::string hole_mark;  // file that is made before records are given up; "": none
  FileCalls* calls = &FileCalls::system();
};

class StageCarrier {
 public:
  /// `memory` lives as long as the carrier; `dir` is the stage's folder in the journal. Goes on
  /// where the journal on disk ends.
  static Result<StageCarrier> open(const JournalView& memory, const std::string& dir,
                                   const CarrierOptions& options);

  /// One round at `now_ns` (CLOCK_REALTIME): copies at most `copy_bytes`, syncs where it is time.
  /// True where something was done; after an error, false until the next try.
  bool carry(std::int64_t now_ns);
  /// Copies and syncs all that is committed; false where the disk does not take it.
  bool drain(std::int64_t now_ns);

  /// Everything that was committed at the last look is on disk.
  bool caught_up() const noexcept;
  JournalState state() const noexcept { return state_; }
  /// Why it is not kOk, with what to do about it.
  const std::string& problem() const noexcept { return problem_; }
  /// The stage has written its last record, and it is on disk.
  bool ended() const noexcept;
  const JournalPlace& place() const noexcept { return disk_.synced(); }
  const std::string& stage() const noexcept { return stage_; }
  const std::vector<std::string>& notes() const noexcept { return disk_.notes(); }

 private:
  StageCarrier(const JournalView& memory, DiskWriter disk, const CarrierOptions& options);
  Result<void> begin();
  bool copy(std::int64_t now_ns);
  bool sync(std::int64_t now_ns);
  bool stumble(std::int64_t now_ns);
  bool damaged(std::int64_t now_ns);
  void go_back(std::int64_t now_ns);
  void recover();
  void tell_state(JournalState state, const std::string& problem);
  void tell_progress();
  void free_carried();
  void give_up_oldest();
  std::uint64_t segments_kept_from() const noexcept;

  JournalView memory_;
  std::string stage_;
  CarrierOptions options_;
  DiskWriter disk_;
  JournalWalk walk_;
  std::vector<std::byte> copied_;
  std::int64_t looked_ns_ = 0;   // when everything committed had been copied
  std::int64_t synced_ns_ = 0;   // when disk_ was last synced
  std::int64_t failed_ns_ = 0;   // of the last error
  bool stumbled_ = false;        // in this round
  std::uint64_t hole_to_ = 0;    // segment at which the journal goes on; 0: no hole
  JournalState state_ = JournalState::kOk;
  std::string problem_;
};

}  // namespace pinstripe
