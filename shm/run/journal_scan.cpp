#include "shm/run/journal_scan.h"

#include <cstring>
#include <string>

#include "shm/base/check.h"
#include "shm/ring/ring_word.h"

namespace pinstripe {

namespace {

/// Plain zeroing overlaps the atomic loads of readers that lag: the deviation that
/// journal_writer.h declares. ThreadSanitizer gets atomic stores.
void zero(std::byte* from, std::size_t bytes) noexcept {
#ifdef PINSTRIPE_TSAN
  auto* words = reinterpret_cast<std::uint64_t*>(from);
  for (std::size_t i = 0; i < bytes / 8; ++i) ring_word::store_relaxed(words + i, std::uint64_t{0});
#else
  std::memset(from, 0, bytes);
#endif
}

std::string place_of(const JournalCursor& at) {
  return "record " + std::to_string(at.record) + " at position " + std::to_string(at.position);
}

}  // namespace

JournalCursor journal_after(const JournalView& journal, const JournalEntry& e) noexcept {
  if (e.kind != JournalKind::kSegmentEnd) return {e.number + 1, e.end_position()};
  const std::uint64_t next = e.position / journal.segment_bytes + 1;
  return {e.number + 1, next * journal.segment_bytes + kJournalFirstRecordAt};
}

JournalWalk::JournalWalk(const JournalView& journal, const JournalCursor& at) noexcept
    : journal_(journal), at_(at), segment_(at.position / journal.segment_bytes),
      salt_(journal.salt(segment_)) {}

/// The segment at the cursor still is the one that it was.
bool JournalWalk::present() const noexcept {
  const JournalSegmentHeader* h = journal_.segment_header(segment_);
  // SYNC POINT journal-header: acquire, so that the number read belongs to this magic; pairs with
  // JournalWriter::roll. Ordered after a copy's loads, which are acquire.
  const std::uint64_t magic = ring_word::load_acquire(&h->magic);
  return magic == kJournalSegmentMagic && ring_word::load_relaxed(&h->number) == segment_;
}

JournalLook JournalWalk::look(Found& out) noexcept {
  const std::uint64_t offset = at_.position % journal_.segment_bytes;
  if (offset < kJournalFirstRecordAt || offset % 8 != 0 ||
      offset + kJournalRecordBytes > journal_.segment_bytes) {
    return JournalLook::kDamaged;
  }
  const std::byte* record = journal_.segment(segment_) + offset;
  // SYNC POINT journal-carry: acquire; pairs with JournalWriter::commit.
  const std::uint64_t word =
      ring_word::load_acquire(reinterpret_cast<const std::uint64_t*>(record));
  if (word != (at_.position ^ salt_)) {
    return present() ? JournalLook::kNone : JournalLook::kGone;
  }
  // Word by word and acquire, as the tap reads: a reader that lags may overlap the zeroing.
  std::uint64_t words[3] = {word, 0, 0};
  for (int i = 1; i < 3; ++i) {
    words[i] = ring_word::load_acquire(reinterpret_cast<const std::uint64_t*>(record) + i);
  }
  std::memcpy(&out.head, words, sizeof(out.head));
  out.record = record;
  if (out.head.payload % 8 != 0 || out.head.kind == JournalKind::kNone ||
      offset + kJournalRecordBytes + out.head.payload > journal_.segment_bytes) {
    return present() ? JournalLook::kDamaged : JournalLook::kGone;
  }
  return JournalLook::kRecord;
}

JournalEntry JournalWalk::entry_of(const Found& found, const std::byte* payload) const noexcept {
  JournalEntry e;
  e.number = at_.record;
  e.position = at_.position;
  e.now = found.head.now;
  e.kind = found.head.kind;
  e.input = found.head.input;
  e.ring = found.head.ring;
  e.payload = {payload, found.head.payload};
  return e;
}

JournalLook JournalWalk::next(JournalEntry& out) noexcept {
  Found found;
  const JournalLook what = look(found);
  if (what != JournalLook::kRecord) return what;
  out = entry_of(found, found.record + kJournalRecordBytes);
  at_ = journal_after(journal_, out);
  if (out.kind == JournalKind::kSegmentEnd) salt_ = journal_.salt(++segment_);
  return what;
}

JournalLook JournalWalk::next_copy(JournalEntry& out, std::vector<std::byte>& buffer) {
  Found found;
  const JournalLook what = look(found);
  if (what != JournalLook::kRecord) return what;
  const std::size_t bytes = kJournalRecordBytes + found.head.payload;
  if (buffer.size() < bytes) buffer.resize(bytes);
  for (std::size_t at = 0; at < bytes; at += 8) {
    const std::uint64_t word =
        ring_word::load_acquire(reinterpret_cast<const std::uint64_t*>(found.record + at));
    std::memcpy(buffer.data() + at, &word, 8);
  }
  // SYNC POINT journal-freeing: who has loaded one zeroed word sees the magic gone; pairs with the
  // fence of free_journal_segments.
  if (!present()) return JournalLook::kGone;
  out = entry_of(found, buffer.data() + kJournalRecordBytes);
  at_ = journal_after(journal_, out);
  if (out.kind == JournalKind::kSegmentEnd) salt_ = journal_.salt(++segment_);
  return what;
}

Result<JournalCursor> journal_segment_start(const JournalView& journal, std::uint64_t segment) {
  const JournalSegmentHeader* h = journal.segment_header(segment);
  // SYNC POINT journal-header: pairs with JournalWriter::roll.
  const std::uint64_t magic = ring_word::load_acquire(&h->magic);
  const JournalCursor start{ring_word::load_relaxed(&h->first_record),
                            segment * journal.segment_bytes + kJournalFirstRecordAt};
  if (magic != kJournalSegmentMagic || ring_word::load_relaxed(&h->number) != segment ||
      ring_word::load_relaxed(&h->salt) != journal.salt(segment) ||
      ring_word::load_relaxed(&h->first_position) != start.position) {
    return fail("segment " + std::to_string(segment) + " of the journal of stage " +
                identity_name(journal.identity.stage) +
                " is not in memory any more, or damaged; its records are on disk");
  }
  return start;
}

Result<JournalCursor> find_journal_end(const JournalView& journal) {
  // SYNC POINT journal-hint: acquire; pairs with JournalWriter::roll. It may lag by one segment,
  // whose end then leads on to the next.
  const std::uint64_t hint = ring_word::load_acquire(&journal.header()->segment);
  auto start = journal_segment_start(journal, hint);
  if (!start) return start;
  JournalWalk walk(journal, *start);
  JournalEntry e;
  JournalLook what = JournalLook::kRecord;
  while (what == JournalLook::kRecord) what = walk.next(e);
  if (what == JournalLook::kNone) return walk.at();
  return fail("the journal of stage " + identity_name(journal.identity.stage) +
              " is damaged in memory: " + place_of(walk.at()) +
              "; nothing can be rejoined: end the session (pinstripe up --discard)");
}

void zero_journal_tail(const JournalView& journal, const JournalCursor& end) noexcept {
  const std::uint64_t offset = end.position % journal.segment_bytes;
  zero(journal.segment(end.position / journal.segment_bytes) + offset,
       journal.segment_bytes - offset);
}

void free_journal_segments(const JournalView& journal, std::uint64_t end) noexcept {
  JournalHeader* h = journal.header();
  PINSTRIPE_CHECK(end <= ring_word::load_acquire(&h->segment),
                  "the journal segment being written cannot be freed");
  for (std::uint64_t n = ring_word::load_relaxed(&h->freed); n < end; ++n) {
    std::byte* const segment = journal.segment(n);
    // SYNC POINT journal-freeing: no zero is seen before the magic is; pairs with
    // JournalWalk::next_copy.
    ring_word::store_relaxed(&journal.segment_header(n)->magic, std::uint64_t{0});
    std::atomic_thread_fence(std::memory_order_release);
    zero(segment + 8, journal.segment_bytes - 8);
    // SYNC POINT journal-free: release, after the zeroes; pairs with JournalWriter::roll.
    ring_word::store_release(&h->freed, n + 1);
  }
}

}  // namespace pinstripe
