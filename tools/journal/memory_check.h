// Whether the shared memory of a journal, which a session is to go on from, still is what was
// written there. Memory has no checksums: what is on disk as well is compared with that, and of the
// rest is looked that it is there.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"

namespace pinstripe {

/// Nobody writes `memory`, of the file `path`, meanwhile; `stage_dir` is the stage's folder in the
/// journal on disk. The error names the first record that was edited or is missing.
Result<void> check_journal_memory(const JournalView& memory, const std::string& path,
                                  const std::string& stage_dir);

}  // namespace pinstripe
