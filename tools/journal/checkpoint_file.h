// A checkpoint on disk: the state of one stage behind a record of its journal, made by the helper
// that replays the journal (tools/replay/checkpointer.h). Lies beside the journal's files as
// checkpoint-<record>.pck; the two newest are kept.
//
//   byte    0  magic        u64  "PINCKPT\0"
//           8  version      u64
//          16  CheckpointHead 600
//         616  state_bytes  u64
//         624  (zero)
//        1016  hash         u64  over everything else: bytes 0 to 1015, then the state
//        1024  state             as the stage's runner saves it: runner, stage, source
//
// Written under another name, synced and renamed: a file of this name is whole. One in which a
// single byte differs is refused by its name, and the older one is taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_identity.h"
#include "tools/journal/disk_file.h"

namespace pinstripe {

inline constexpr std::size_t kCheckpointOutputsMax = 8;

/// What a checkpoint covers: records [0, record), with all that follows from them.
struct CheckpointHead {
  JournalIdentity identity;
  std::uint64_t record = 0;
  std::uint64_t position = 0;    // of record `record`
  std::uint64_t chain = 0;       // of the record before it
  std::uint64_t state_hash = 0;  // of the stage
  std::uint64_t progress = 0;    // what the checkpoint lag counts: records; of feed, frames
  std::uint64_t outputs = 0;     // output rings of the stage
  // Messages that the stage has written to each of them. Valid only for a ring that shows as many:
  // what exec queues, and what is journaled and not yet said, is in no checkpoint.
  std::array<std::uint64_t, kCheckpointOutputsMax> published{};
  std::array<std::uint64_t, 5> unused{};  // zero

  /// Where the journal is read on from.
  JournalPlace place() const noexcept { return {record, position, chain}; }
};
static_assert(sizeof(CheckpointHead) == 600);

struct Checkpoint {
  CheckpointHead head;
  std::vector<std::byte> state;
  std::string path;
};

/// Writes a checkpoint to the stage's journal directory, and removes all but the newest two.
Result<void> write_checkpoint(const std::string& dir, const CheckpointHead& head,
                              std::span<const std::byte> state);

struct CheckpointName {
  std::uint64_t record = 0;
  std::string path;
};
/// The checkpoints in `dir` by their names, oldest first.
std::vector<CheckpointName> list_checkpoints(const std::string& dir);

/// Reads and checks one. The error names the file and what is wrong with it.
Result<Checkpoint> read_checkpoint(const CheckpointName& name, const JournalIdentity& identity);

/// The newest checkpoint that holds, covers no more than `record_max` records and nothing that the
/// output rings do not show (`published`: messages on each, in port order). Nothing where there is
/// none. `refused` gets a sentence for each that was passed over.
std::optional<Checkpoint> newest_checkpoint(const std::string& dir, const JournalIdentity& identity,
                                            std::uint64_t record_max,
                                            std::span<const std::uint64_t> published,
                                            std::vector<std::string>& refused);

}  // namespace pinstripe
