// What was said on one ring, as the journal of its reader holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/base/result.h"
#include "shm/ring/segment.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/reader.h"

namespace pinstripe {

/// The records of a stage, on disk and, while its session lives, in shared memory.
struct StageRecords {
  std::optional<Segment> memory;  // the reader looks into it
  JournalReader reader;
};
/// Opens the journal of `stage`; nothing where it has none. Refused (exit 2) with both values where
/// it is of another config or, unless `any_build`, of another build.
Result<std::optional<StageRecords>> open_records(const JournalDir& journal,
                                                 const std::string& stage, bool any_build);

class OutputTape {
 public:
  static Result<OutputTape> open(const JournalDir& journal, const RingSpec& ring, bool any_build);

  const RingSpec& ring() const noexcept { return *ring_; }
  /// Message `number`, to be asked for in rising order; null where the journal has none (the reader
  /// never took it, or the record was given up). Valid until the next call.
  Result<const MsgHeader*> message(std::uint64_t number);
  /// Number of the reader's record that held it.
  std::uint64_t record() const noexcept { return entry_.number; }

 private:
  explicit OutputTape(const RingSpec& ring) : ring_(&ring) {}

  const RingSpec* ring_;
  std::unique_ptr<StageRecords> records_;  // null: the reader has no journal, or it is at its end
  JournalEntry entry_;
  std::uint64_t next_ = 0;  // number of the message in entry_, plus one; 0: none yet
};

}  // namespace pinstripe
