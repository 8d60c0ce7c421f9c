// A stage's journal, opened by who only reads: from its directory, and from shared memory while the
// session is there; refused where it is not the journal of that session and stage.
#pragma once

#include <optional>
#include <string>

#include "shm/ring/segment.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/reader.h"

namespace pinstripe {

/// A reader and the memory that it looks into.
struct StageReader {
  std::optional<Segment> memory;
  JournalReader reader;
};

/// The error names a folder that is missing, and a journal that is another's (moved or copied
/// there) with what differs. A journal of another build is read all the same.
Result<StageReader> open_stage_reader(const JournalDir& journal, const std::string& stage);

/// What the files of `stage` must say. What another build alone decides is taken from `found`.
Result<JournalIdentity> expected_identity(const JournalDir& journal, const std::string& stage,
                                          const JournalIdentity& found);
/// Fails with Exit::kCheckFailed where `found` is not the identity of that stage's journal.
Result<void> check_stage_identity(const JournalDir& journal, const std::string& stage,
                                  const JournalIdentity& found);

}  // namespace pinstripe
