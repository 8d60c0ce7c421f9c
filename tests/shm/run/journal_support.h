// What the journal tests share: numbered records whose every byte follows from their number and
// place, written so that each word of a payload would commit a record if it were left behind.
#pragma once

#include <cstring>

#include "shm/base/hash.h"
#include "shm/run/journal_writer.h"

namespace pinstripe::journal_test {

inline JournalIdentity identity() {
  JournalIdentity i;
  i.session_id = {11, 22};
  set_identity_name(i.session, "test");
  set_identity_name(i.stage, "risk");
  set_identity_name(i.build_id, "a build");
  i.kind = 3;
  i.config_digest = 7;
  return i;
}

/// Payload bytes of record `n`: 0 to 96.
inline std::uint32_t payload_bytes(std::uint64_t n) noexcept {
  return 8 * static_cast<std::uint32_t>(random_draw(1, 2, n, 3) % 13);
}
inline std::uint16_t ring_of(std::uint64_t n) noexcept { return static_cast<std::uint16_t>(n); }
inline TimeNs now_of(std::uint64_t n) noexcept {
  return TimeNs(static_cast<std::int64_t>(random_draw(5, 6, n, 7)));
}

/// Word of a payload at `position`: the one that would commit a record there. Every third record
/// carries its own number instead.
inline std::uint64_t payload_word(const JournalView& journal, std::uint64_t n,
                                  std::uint64_t position) noexcept {
  if (n % 3 == 0) return n;
  return position ^ journal.salt(position / journal.segment_bytes);
}

/// Appends the next record; `step` is called between any two stores.
template <class Step>
void append(JournalWriter& w, Step&& step) noexcept {
  const std::uint64_t n = w.records();
  const std::uint64_t at = w.position() + kJournalRecordBytes;
  const std::uint32_t bytes = payload_bytes(n);
  std::byte* to = w.begin(JournalKind::kMessage, static_cast<std::uint8_t>(n), ring_of(n),
                          now_of(n), bytes);
  step();
  for (std::uint32_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word = payload_word(w.view(), n, at + i);
    std::memcpy(to + i, &word, 8);
    asm volatile("" : : : "memory");  // eight bytes at a time, in this order
    step();
  }
  w.commit();
  step();
}
inline void append(JournalWriter& w) noexcept {
  append(w, [] {});
}

/// The entry is record `n`, whole, or the end of a segment.
inline bool holds(const JournalView& journal, const JournalEntry& e, std::uint64_t n) noexcept {
  if (e.number != n) return false;
  if (e.kind == JournalKind::kSegmentEnd) return e.payload.empty();
  if (e.kind != JournalKind::kMessage || e.payload.size() != payload_bytes(n) ||
      e.input != static_cast<std::uint8_t>(n) || e.ring != ring_of(n) || e.now != now_of(n)) {
    return false;
  }
  for (std::uint32_t i = 0; i < e.payload.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, e.payload.data() + i, 8);
    if (word != payload_word(journal, n, e.position + kJournalRecordBytes + i)) return false;
  }
  return true;
}

/// Nothing but zeroes from `end` to the end of its segment.
inline bool empty_after(const JournalView& journal, const JournalCursor& end) noexcept {
  const std::byte* segment = journal.segment(end.position / journal.segment_bytes);
  for (std::uint64_t i = end.position % journal.segment_bytes; i < journal.segment_bytes; ++i) {
    if (segment[i] != std::byte{0}) return false;
  }
  return true;
}

}  // namespace pinstripe::journal_test
