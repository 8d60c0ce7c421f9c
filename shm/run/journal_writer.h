// The writing end of a journal: what a stage is about to act on, appended before it acts.
//
// Verbs: has_room, begin (the caller fills the payload in place), commit. Everything lies in
// prefaulted memory of fixed size; a helper (the carrier) copies it to disk and frees segments.
//
// THE ARGUMENT. A record is committed by its first word, position ^ salt of its segment; before
// that the word is 0, because segments are zeroed before use.
//   begin    plain stores of bytes 8 to the end
//   commit   store word (release)                              SYNC POINT journal-commit
//   act      the stage changes its state and publishes outputs
//   walk     load word (acquire); equal: the record is whole   SYNC POINT journal-carry
//   roll     header of the next segment, its magic last (release); then kSegmentEnd is committed
//            in this one; then the producer line names the new segment
//   free     magic = 0; release fence; zeroes; then `freed` (release)   SYNC POINT journal-free
//   roll     load `freed` (acquire) before the first store to a segment that was used before
// After a kill -9 memory holds what the process had stored, in program order. (The processor
// retires stores in order; the compiler may not move a plain store past the release that follows
// it, nor the outputs' release stores before the commit.) So a committed record is whole, the
// records from the oldest on are gapless, and each published output is explained by a record.
//
// Bad schedules that a weaker order allows (tests/models/journal.pml shows most of them):
//   - the word before its payload (commit relaxed): the carrier copies, and a successor acts on,
//     what the segment held before.
//   - the stage acts before the commit: an output is published that no record explains; the
//     successor decides something else, and both are in the ring.
//   - a segment reused before it was carried: records are lost that a rejoin or a replay needs.
//   - a segment reused that was not zeroed: a payload word of an earlier lap may equal the word of
//     a record that was never written. The salt alone makes this unlikely, the zeroes impossible.
//   - `freed` stored before the zeroes (or relaxed): they wipe out records of the new lap.
//   - a torn record left behind (the writer was killed in mid-write): its payload covers places
//     where the words of later, shorter records will lie; a word copied from a message might commit
//     one that is not there. The successor zeroes the rest of the segment first.
//   - kSegmentEnd before the next segment's header: a walk follows it to a header of the last lap.
//   - the hint in the producer line more than one segment behind: its segment may be free by then,
//     and a successor finds no place to start. It is stored in each roll, and nobody frees the
//     segment that it names.
// A reader that may lag (JournalWalk::next_copy) copies by atomic words and then looks whether the
// segment was still there. One declared deviation from the C++ memory model, the same as the tap's
// (shm/ring/tap.h): its atomic loads may overlap the plain stores of zeroing or of a new lap; what
// it read is then discarded. Under PINSTRIPE_TSAN records are staged and stored word by word with
// release.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "shm/base/check.h"
#include "shm/ring/ring_word.h"
#include "shm/run/journal_layout.h"
#include "shm/run/journal_scan.h"
#include "shm/run/policy.h"

namespace pinstripe {

/// One at a time (its lock is the session's); not thread-safe.
class JournalWriter {
 public:
  /// Goes on after the last committed record, having zeroed what a torn one left.
  static Result<JournalWriter> attach(std::span<std::byte> memory,
                                      const JournalIdentity& expected) {
    auto view = attach_journal(memory, &expected);
    if (!view) return std::unexpected(std::move(view.error()));
    auto end = find_journal_end(*view);
    if (!end) return std::unexpected(std::move(end.error()));
    zero_journal_tail(*view, *end);
    JournalWriter writer(*view, *end);
    writer.publish_progress();
    return writer;
  }

  /// Room for one record of `payload` bytes; goes on to the next free segment where this one is
  /// full. False: wait for the carrier.
  template <class P = LivePolicy>
  bool has_room(std::uint32_t payload) noexcept { return fits(payload) || roll<P>(payload); }
  /// Room in the segment being written.
  bool fits(std::uint32_t payload) const noexcept {
    return at_ + kJournalRecordBytes + payload <= end_;
  }

  /// The next record's payload, to be filled whole (a multiple of 8 bytes). Needs has_room.
  std::byte* begin(JournalKind kind, std::uint8_t input, std::uint16_t ring, TimeNs now,
                   std::uint32_t payload) noexcept {
    PINSTRIPE_CHECK(payload % 8 == 0 && fits(payload), "a journal record without room");
    std::byte* const record = place();
    const std::uint64_t tail = payload | std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 |
                               std::uint64_t{input} << 40 | std::uint64_t{ring} << 48;
    std::memcpy(record + 8, &now.value, 8);
    std::memcpy(record + 16, &tail, 8);
    bytes_ = kJournalRecordBytes + payload;
    return record + kJournalRecordBytes;
  }
  /// Makes the record that was begun part of the journal. Act on it only after this.
  void commit() noexcept {
    std::byte* const record = segment_ + at_;
#ifdef PINSTRIPE_TSAN
    for (std::size_t at = 8; at < bytes_; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, staged_.data() + at, 8);
      ring_word::store_release(reinterpret_cast<std::uint64_t*>(record + at), word);
    }
#endif
    // SYNC POINT journal-commit: release, last; pairs with JournalWalk (journal-carry).
    ring_word::store_release(reinterpret_cast<std::uint64_t*>(record), (base_ + at_) ^ salt_);
    at_ += bytes_;
    ++records_;
    fetch_ahead();
  }
  /// Both at once, from `payload` bytes at `from`.
  void append(JournalKind kind, std::uint8_t input, std::uint16_t ring, TimeNs now,
              const void* from, std::uint32_t payload) noexcept {
    std::memcpy(begin(kind, input, ring, now, payload), from, payload);
    commit();
  }

  /// Tells the world how far it is, and looks how far the others are; once a batch.
  void publish_progress() noexcept {
    JournalHeader* h = journal_.header();
    ring_word::store_release(&h->records, records_);
    ring_word::store_release(&h->position, base_ + at_);
    checkpointed_ = ring_word::load_acquire(&h->checkpoint_records);
  }
  /// Records committed since the journal was made.
  std::uint64_t records() const noexcept { return records_; }
  /// Number of the last record that says something: kSegmentEnd does not. Needs one.
  std::uint64_t last_record() const noexcept {
    const bool rolled = number_ > 0 && at_ == kJournalFirstRecordAt;
    return records_ - (rolled ? 2 : 1);
  }
  /// Position of the next record.
  std::uint64_t position() const noexcept { return base_ + at_; }
  /// Records that the newest checkpoint does not cover, as of the last publish_progress.
  std::uint64_t past_checkpoint() const noexcept { return records_ - checkpointed_; }
  /// Records (feed: frames) that it covers, as of then.
  std::uint64_t checkpointed() const noexcept { return checkpointed_; }
  /// The carrier cannot carry and the session is to halt trading (live policy).
  bool halted() const noexcept { return ring_word::load_relaxed(&journal_.header()->halt) != 0; }
  /// Largest payload that ever fits.
  std::uint64_t payload_max() const noexcept {
    return journal_payload_max(journal_.segment_bytes);
  }
  const JournalView& view() const noexcept { return journal_; }

 private:
  JournalWriter(const JournalView& journal, const JournalCursor& end) noexcept
      : journal_(journal), records_(end.record) {
    enter(end.position / journal.segment_bytes);
    at_ = end.position % journal.segment_bytes;
    end_ = journal.segment_bytes - kJournalRecordBytes;
    ring_word::store_release(&journal_.header()->segment, number_);
#ifdef PINSTRIPE_TSAN
    staged_.resize(journal.segment_bytes);
#endif
  }

  std::byte* place() noexcept {
#ifdef PINSTRIPE_TSAN
    return staged_.data();
#else
    return segment_ + at_;
#endif
  }

  /// PERF NOTE: segment lines were last written by the carrier's zeroes, so the first store to each
  /// waits for it to come over. As many lines as this record took are asked for, a little ahead.
  void fetch_ahead() noexcept {
#if defined(__x86_64__)
    const std::byte* const ahead = segment_ + at_ + kFetchAhead;
    for (std::uint32_t i = 0; i < bytes_; i += kCacheLine) {
      asm volatile("prefetchw %0" : : "m"(*reinterpret_cast<const char*>(ahead + i)));
    }
#endif
  }

  void enter(std::uint64_t number) noexcept {
    number_ = number;
    segment_ = journal_.segment(number);
    base_ = number * journal_.segment_bytes;
    salt_ = journal_.salt(number);
    at_ = kJournalFirstRecordAt;
  }

  template <class P>
  [[gnu::noinline, gnu::cold]] bool roll(std::uint32_t payload) noexcept {
    PINSTRIPE_CHECK(payload <= payload_max(),
                    "a journal record is larger than a segment; raise journal.segment_bytes");
    const std::uint64_t next = number_ + 1;
    JournalHeader* const h = journal_.header();
    // SYNC POINT journal-reuse: acquire, before any store to the segment; pairs with
    // free_journal_segments (journal-free).
    const std::uint64_t freed = ring_word::load_acquire(&h->freed);
    if (next >= freed + journal_.segments) return false;
    JournalSegmentHeader* const header = journal_.segment_header(next);
    ring_word::store_relaxed(&header->salt, journal_.salt(next));
    ring_word::store_relaxed(&header->number, next);
    ring_word::store_relaxed(&header->first_record, records_ + 1);
    ring_word::store_relaxed(&header->first_position,
                             next * journal_.segment_bytes + kJournalFirstRecordAt);
    // SYNC POINT journal-header: release, after the other fields; pairs with JournalWalk.
    ring_word::store_release(&header->magic, kJournalSegmentMagic);
    P::at(Step::kSegmentMade);
    end_ += kJournalRecordBytes;  // the place kept for this record
    begin(JournalKind::kSegmentEnd, 0, kNoRing, TimeNs{}, 0);
    commit();
    P::at(Step::kSegmentEnded);
    end_ -= kJournalRecordBytes;
    enter(next);
    // SYNC POINT journal-hint: release, after the segment can be walked into; pairs with
    // find_journal_end.
    ring_word::store_release(&h->segment, next);
    P::at(Step::kRolled);
    return true;
  }

  static constexpr std::uint64_t kFetchAhead = 256;  // bytes

  JournalView journal_;
  std::byte* segment_ = nullptr;  // being written
  std::uint64_t at_ = 0;          // offset of the next record in it
  std::uint64_t end_ = 0;         // records end here at the latest
  std::uint64_t base_ = 0;        // position of the segment's first byte
  std::uint64_t salt_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t checkpointed_ = 0;
  std::uint32_t bytes_ = 0;       // of the record that was begun
#ifdef PINSTRIPE_TSAN
  std::vector<std::byte> staged_;
#endif
};

}  // namespace pinstripe
