// A stage's journal as one sequence of records: its files on disk in order, then, while the session
// lives, what its shared memory holds beyond them.
//
// Everything is checked on the way: file after file, record after record. What ends torn ends there
// (`torn`); what is damaged, foreign, missing or out of order is an error that names file, record
// and offset.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"
#include "shm/run/journal_scan.h"
#include "tools/journal/record_file.h"

namespace pinstripe {

class JournalReader {
 public:
  /// `stage_dir` may not exist yet where `memory` is given (the mapped journal of the live session,
  /// read-only or not; empty without). `expected` (may be null): whose journal it must be.
  static Result<JournalReader> open(const std::string& stage_dir, const JournalIdentity* expected,
                                    std::span<std::byte> memory);

  const JournalIdentity& identity() const noexcept { return identity_; }

  /// Goes to record `record`, which lies at `position` behind a record with that chain: what a
  /// checkpoint states. Only the chain at that place is checked, not everything before it.
  Result<void> seek(const JournalPlace& place);

  /// Goes to the first record of the file that holds record `record` (or of the newest before it),
  /// unless it is behind that already; the files before are believed.
  Result<void> go_near(std::uint64_t record);

  /// The next record, in order; kSegmentEnd is passed over, kHole is given. Its payload is valid
  /// until the next call. False: the end for now; a journal that is being written may go on later.
  Result<bool> next(JournalEntry& out);

  /// The place behind the record that `next` gave.
  const JournalPlace& place() const noexcept { return place_; }
  /// Records that were found on disk so far: the number of the next one there.
  std::uint64_t on_disk() const noexcept { return file_ ? file_->place().record : 0; }
  /// After `next` gave false: what lies on disk behind the last record that holds; empty: nothing.
  const std::string& torn() const noexcept { return torn_; }
  /// The file that the last record came from, with its place; for messages.
  std::string here() const;

 private:
  enum class Got : std::uint8_t { kEntry, kEnd, kElsewhere };
  JournalReader() = default;
  Result<Got> from_disk(JournalEntry& out);
  Result<Got> from_memory(JournalEntry& out);
  Result<Got> next_file();
  Result<bool> open_file(const JournalFileName& name);
  Result<Got> at_disk_end();

  std::string dir_;
  JournalIdentity identity_;
  std::optional<JournalView> memory_;
  std::optional<JournalWalk> walk_;  // while reading from memory
  std::vector<std::byte> copy_;     // of a record in memory
  std::optional<RecordFile> file_;  // being read
  JournalPlace place_;              // behind what was given
  bool polled_twice_ = false;       // the file was looked at again after the next one was seen
  int turns_ = 0;                   // between disk and memory, without a record
  std::string torn_;
};

}  // namespace pinstripe
