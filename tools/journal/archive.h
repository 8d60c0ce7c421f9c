// Archives: the files of an ended journal, compressed. And what an ended journal held, in one small
// file beside its stages, so that a missing last file is seen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/journal/disk_file.h"

namespace pinstripe {

/// Compresses the journal files of one stage: each `N.pjl` becomes `N.pjl.zst`. The archive is
/// unpacked and compared before the file goes; broken off at any moment, nothing is lost.
Result<void> archive_stage(const std::string& stage_dir);

/// Where a stage's journal ended.
struct EndedStage {
  std::string name;
  std::uint64_t records = 0;
  std::uint64_t chain = 0;
};

/// `<journal>/ended.json`: every stage has written its last record, and this was it.
Result<void> write_ended(const std::string& journal, const std::vector<EndedStage>& stages);
/// Empty where the journal has not ended (or its session was killed).
Result<std::vector<EndedStage>> read_ended(const std::string& journal);

}  // namespace pinstripe
