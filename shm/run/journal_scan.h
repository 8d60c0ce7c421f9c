// Walking a journal in shared memory: for its carrier, for tools that read along, and for the
// process that takes over from a dead stage. The ordering argument stands in journal_writer.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"

namespace pinstripe {

/// A place between records: the number and position of the next one.
struct JournalCursor {
  std::uint64_t record = 0;
  std::uint64_t position = kJournalFirstRecordAt;
  bool operator==(const JournalCursor&) const = default;
};

/// What lies at a cursor.
enum class JournalLook : std::uint8_t {
  kRecord,   // a committed record
  kNone,     // nothing committed yet
  kGone,     // the segment has been freed meanwhile: read from disk
  kDamaged,  // a committed word before sizes that no writer can have written
};

/// Where the record after `e` begins.
JournalCursor journal_after(const JournalView& journal, const JournalEntry& e) noexcept;

/// The bytes of an entry whose payload lies behind its record (what a JournalWalk gives), whole.
inline std::span<const std::byte> journal_record_bytes(const JournalEntry& e) noexcept {
  return {e.payload.data() - kJournalRecordBytes, kJournalRecordBytes + e.payload.size()};
}

/// Goes through committed records in order. `next` gives views into the memory: only for who knows
/// that the segment is not freed meanwhile (the carrier, which frees, and the writer's successor).
/// `next_copy` is for everybody else.
class JournalWalk {
 public:
  explicit JournalWalk(const JournalView& journal, const JournalCursor& at = {}) noexcept;

  JournalLook next(JournalEntry& out) noexcept;
  /// Copies the record into `buffer` (grown as needed; `out.payload` lies in it) and only then
  /// looks whether it was still there.
  JournalLook next_copy(JournalEntry& out, std::vector<std::byte>& buffer);
  const JournalCursor& at() const noexcept { return at_; }

 private:
  struct Found {
    const std::byte* record = nullptr;
    JournalRecord head;
  };
  JournalLook look(Found& out) noexcept;
  bool present() const noexcept;
  JournalEntry entry_of(const Found& found, const std::byte* payload) const noexcept;

  JournalView journal_;
  JournalCursor at_;
  std::uint64_t segment_;  // of at_
  std::uint64_t salt_;     // of segment_
};

/// The end of what is committed, found from the segment that the producer line names.
Result<JournalCursor> find_journal_end(const JournalView& journal);

/// First record of the segment with this number; kGone as an error where it is not in memory.
Result<JournalCursor> journal_segment_start(const JournalView& journal, std::uint64_t segment);

/// Zeroes the rest of the segment from `end` on: what a killed writer left of a torn record.
void zero_journal_tail(const JournalView& journal, const JournalCursor& end) noexcept;

/// Carrier: gives back all segments with numbers below `end`; they must have been carried, and be
/// older than the one being written. Zeroes them first.
void free_journal_segments(const JournalView& journal, std::uint64_t end) noexcept;

}  // namespace pinstripe
