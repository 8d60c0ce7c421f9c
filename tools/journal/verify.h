// Whether a journal is whole and is the one that its directory says: every record's chain, every
// file in its order, every header against the session's config, the copied files against their
// digests, the end against what was noted there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"
#include "tools/journal/journal_dir.h"

namespace pinstripe {

/// What one stage's journal holds.
struct StageJournal {
  std::string stage;
  std::uint64_t files = 0, archives = 0;  // archives: of these files, compressed
  std::uint64_t bytes = 0;                // on disk, as they lie there
  std::uint64_t records = 0;              // written by the stage; on disk and in memory
  std::uint64_t on_disk = 0;              // of these, on disk
  std::uint64_t lost = 0;                 // of these, given up by a halted session (holes)
  std::int64_t first_ns = 0, last_ns = 0; // event time of the first and the last record
  bool ended = false;                     // the stage has written its last record
  std::string torn;                       // what lies behind the last record on disk; "": nothing
  std::vector<std::uint64_t> checkpoints; // records after which a state is kept
  JournalIdentity identity;
};

/// Looks at headers and the newest file alone: fast, and believes the files before.
Result<StageJournal> look_at_stage(const JournalDir& journal, const std::string& stage);

/// Reads everything. The error (exit status kCheckFailed) names the first fault: file, record,
/// offset.
Result<StageJournal> verify_stage(const JournalDir& journal, const std::string& stage);
/// What belongs to no single stage: copied files, folders of stages that the session does not have.
Result<void> verify_directory(const JournalDir& journal);

}  // namespace pinstripe
