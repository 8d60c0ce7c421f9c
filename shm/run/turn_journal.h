// A runner's side of the journal: what it is about to act on is appended first, and where there is
// no room, or the newest checkpoint lies too far behind, it takes nothing.
//
// Bad schedule: a turn that starts without room for its record would have to act before it is
// journaled. So room for the largest record is a condition of taking, as room in the outputs is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "shm/run/journal_writer.h"
#include "shm/run/policy.h"

namespace pinstripe {

template <class P>
class TurnJournal {
 public:
  /// `writer` may be null: no journal. `lag_max` 0: no limit. Both count records; feed, whose
  /// records are few, counts frames.
  TurnJournal(JournalWriter* writer, std::uint64_t lag_max) noexcept
      : writer_(writer), lag_max_(lag_max) {
    batch_ended();
  }

  bool on() const noexcept { return writer_ != nullptr; }
  /// To be called for each payload that may be written before anything is taken.
  void expect(std::size_t payload) noexcept {
    payload_most_ = std::max(payload_most_, static_cast<std::uint32_t>(payload));
    PINSTRIPE_CHECK(!on() || payload_most_ <= writer_->payload_max(),
                    "a journal segment is smaller than a record; raise journal.segment_bytes");
  }

  /// True when one more record may be written and `progress` (records, or frames) is not too far
  /// past the newest checkpoint.
  bool ready(std::uint64_t progress) noexcept {
    if (!on()) return true;
    if (writer_->fits(payload_most_) && progress <= progress_max_) [[likely]] return true;
    return ready_after_all(progress);
  }
  /// A `ready` of this batch said no. The caller waits by sleeping: what it waits for has low
  /// priority.
  bool waits() const noexcept { return waits_; }
  std::uint64_t records() const noexcept { return on() ? writer_->records() : 0; }
  bool halted() const noexcept { return on() && writer_->halted(); }

  /// Where a record's payload goes; needs `ready`. To be followed by `written`.
  std::byte* begin(JournalKind kind, std::uint8_t input, std::uint16_t ring, TimeNs now,
                   std::size_t payload) noexcept {
    return writer_->begin(kind, input, ring, now, static_cast<std::uint32_t>(payload));
  }
  void written() noexcept {
    P::at(Step::kRecordWritten);
    writer_->commit();
    P::at(Step::kJournaled);
  }
  void append(JournalKind kind, std::uint8_t input, std::uint16_t ring, TimeNs now,
              const void* from, std::size_t payload) noexcept {
    std::memcpy(begin(kind, input, ring, now, payload), from, payload);
    written();
  }

  void batch_began() noexcept { waits_ = false; }
  /// Before any wait: tells how far it is, and looks how far the checkpoints are.
  void batch_ended() noexcept {
    if (!on()) return;
    writer_->publish_progress();
    if (lag_max_ != 0) progress_max_ = writer_->checkpointed() + lag_max_;
  }

 private:
  [[gnu::noinline, gnu::cold]] bool ready_after_all(std::uint64_t progress) noexcept {
    waits_ = !writer_->template has_room<P>(payload_most_) || progress > progress_max_;
    return !waits_;
  }

  JournalWriter* writer_;
  std::uint64_t lag_max_;
  std::uint64_t progress_max_ = std::numeric_limits<std::uint64_t>::max();
  std::uint32_t payload_most_ = 0;
  bool waits_ = false;
};

}  // namespace pinstripe
