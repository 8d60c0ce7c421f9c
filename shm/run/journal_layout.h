// Byte layout of a stage's journal: the record, the segments in shared memory, what records carry.
//
// record, 8-byte aligned, never spans segments
//    0  word      u64  shared memory: position ^ salt of the segment, stored last (the writer)
//                      disk: chain over the record before and bytes 8 to the end
//    8  now       i64  event time at the take: the `now` that the stage was given
//   16  payload   u32  bytes that follow, a multiple of 8
//   20  kind      u8   JournalKind
//   21  input     u8   index of the input in tie order; kDigest, kEnd: number of ports; kRoom: port
//   22  ring      u16  ring id; kNoRing for timers, frames and what the runner adds itself
//   24  payload ...
//
// shared memory, one file a stage
//    0  magic "PINJRNL\0", version (last), segment_bytes u64, segments u32, flags u32
//   64  JournalIdentity (448 B)
//  768  producer line    records u64, position u64, segment u64        stored by the stage
// 1024  carrier line     carried_records, carried_position, synced_ns, freed, halt u32, state u32,
//                        error[160]                                    stored by the carrier
// 1408  checkpoint line  records u64, position u64                     stored by the helper
// 4096  segment 0 .. segments-1: header 128 B {magic, salt, number, first_record,
//                        first_position}, then records
//
// `position` = number of the segment * segment_bytes + offset in it, where segments are numbered on
// for ever (number n lies in place n % segments). The next record's position is this one's + 24 +
// payload; after kSegmentEnd it is the first of the next segment (offset 128). The walk is the same
// in memory and on disk. A record's number counts all records of the stage from 0, kSegmentEnd
// included.
//
// The order of records is the merge order that was taken. Not journaled, because they follow:
// continued turns (`more()`), watermarks, releases.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "shm/base/result.h"
#include "shm/base/units.h"
#include "shm/msg/header.h"
#include "shm/run/journal_identity.h"

namespace pinstripe {

inline constexpr std::uint64_t kJournalMagic = 0x004C4E524A4E4950ULL;         // "PINJRNL\0"
inline constexpr std::uint64_t kJournalSegmentMagic = 0x004745534A4E4950ULL;  // "PINJSEG\0"
inline constexpr std::uint64_t kJournalVersion = 1;
inline constexpr std::size_t kJournalSegmentsAt = 4096;
inline constexpr std::uint64_t kJournalFirstRecordAt = 128;  // offset in a segment
inline constexpr std::uint32_t kJournalRecordBytes = 24;     // a record without its payload
inline constexpr std::uint64_t kJournalSegmentBytesLeast = 512;
inline constexpr std::uint64_t kJournalSegmentBytesMost = std::uint64_t{1} << 31;
inline constexpr std::uint32_t kJournalSegmentsLeast = 2;
inline constexpr std::uint32_t kJournalSegmentsMost = 4096;

enum class JournalKind : std::uint8_t {
  kNone = 0,
  kMessage = 1,     // the message as it lay in its slot, slot word included (2n+2: its number n)
  kTimer = 2,       // no payload
  kPosition = 3,    // FeedPosition: the frame that the feed is about to take
  kFrame = 4,       // a frame of a source that cannot be read again
  kRoom = 5,        // JournalRoom: a resync ring (live) is full, or has room again
  kDigest = 6,      // JournalPort for each port
  kEnd = 7,         // JournalEnd, then JournalPort for each port; nothing follows
  kSegmentEnd = 8,  // no payload; the rest of the segment is unused
  kControl = 9,     // a Control message that came from no ring
  kHole = 10,       // disk only: JournalHole, records that were not carried
  kLost = 11,       // no payload; a live feed goes on after a kill: frames were lost meanwhile
};
inline constexpr const char* kJournalKindNames[] = {
    "none", "message", "timer", "position", "frame", "room", "digest", "end", "segment_end",
    "control", "hole", "lost"};

/// The fixed part of a record.
struct JournalRecord {
  std::uint64_t word = 0;
  TimeNs now;
  std::uint32_t payload = 0;  // bytes
  JournalKind kind{};
  std::uint8_t input = 0;
  std::uint16_t ring = kNoRing;
};
static_assert(sizeof(JournalRecord) == kJournalRecordBytes);
static_assert(offsetof(JournalRecord, now) == 8 && offsetof(JournalRecord, payload) == 16 &&
              offsetof(JournalRecord, kind) == 20 && offsetof(JournalRecord, ring) == 22);

/// Where a source of frames stands (kPosition): enough to find the frame again and to see that the
/// file is still the same one.
struct FeedPosition {
  std::uint64_t frames = 0;      // taken before this one
  std::uint32_t file = 0;        // index among the source's files
  std::uint32_t zero = 0;
  std::uint64_t size = 0;        // bytes of the file
  std::int64_t mtime_ns = 0;     // of the file
  std::uint64_t offset = 0;      // of the frame's line, in uncompressed bytes
  std::uint64_t line = 0;        // counted from 1
};
static_assert(sizeof(FeedPosition) == 48);

/// A resync ring of a live feed, the record's `input` being its port.
struct JournalRoom {
  std::uint64_t room = 0;   // 0: full from here on, 1: room again
  std::uint64_t turns = 0;  // of the feed by then: a ring may fill up in the midst of long output
};
static_assert(sizeof(JournalRoom) == 16);

/// One output, as kDigest and kEnd state it.
struct JournalPort {
  std::uint64_t count = 0;
  std::uint64_t digest = 0;
};

enum class JournalEndReason : std::uint64_t { kEnded = 0, kStopped = 1 };
struct JournalEnd {
  JournalEndReason reason{};     // feed: the source ended, or it was asked to stop
  std::uint64_t frames = 0;      // feed
  std::uint64_t state_hash = 0;  // of the stage
};
static_assert(sizeof(JournalEnd) == 24);

struct JournalHole {
  std::uint64_t first_record = 0;  // records [first, end) are missing
  std::uint64_t end_record = 0;
  std::uint64_t end_position = 0;  // of record `end_record`
};
static_assert(sizeof(JournalHole) == 24);

/// How the carrier fares.
enum class JournalState : std::uint32_t { kOk = 0, kFull = 1, kError = 2, kOff = 3 };
inline constexpr const char* kJournalStateNames[] = {"ok", "full", "error", "off"};

struct JournalSegmentHeader {
  std::uint64_t magic;
  std::uint64_t salt;
  std::uint64_t number;
  std::uint64_t first_record;
  std::uint64_t first_position;
  std::byte unused[88];
};
static_assert(sizeof(JournalSegmentHeader) == kJournalFirstRecordAt);

struct JournalHeader {
  std::uint64_t magic;
  std::uint64_t version;
  std::uint64_t segment_bytes;
  std::uint32_t segments;
  std::uint32_t flags;               // none defined: 0
  std::byte unused0[32];
  JournalIdentity identity;
  std::byte unused1[256];
  // producer line
  std::uint64_t records;             // committed when the last batch ended
  std::uint64_t position;            // after the last of them
  std::uint64_t segment;             // number of the segment being written
  std::byte unused2[232];
  // carrier line
  std::uint64_t carried_records;
  std::uint64_t carried_position;
  std::int64_t synced_ns;            // CLOCK_REALTIME: all carried then was safe on disk
  std::uint64_t freed;               // segments with a lower number are empty again
  std::uint32_t halt;                // 1: trading is halted because the journal cannot be carried
  std::uint32_t state;               // JournalState
  char error[160];                   // written before `state`
  std::byte unused3[184];
  // checkpoint line
  std::uint64_t checkpoint_records;  // covered by the newest valid checkpoint
  std::byte unused4[2680];
};
static_assert(sizeof(JournalHeader) == kJournalSegmentsAt);
static_assert(offsetof(JournalHeader, identity) == 64 && offsetof(JournalHeader, records) == 768 &&
                  offsetof(JournalHeader, carried_records) == 1024 &&
                  offsetof(JournalHeader, error) == 1064 &&
                  offsetof(JournalHeader, checkpoint_records) == 1408,
              "each writer has lines of its own, at least two lines from the next");

/// Size of a journal's memory.
struct JournalShape {
  std::uint64_t segment_bytes = std::uint64_t{4} << 20;  // multiple of 64
  std::uint32_t segments = 8;
};
constexpr std::size_t journal_bytes(const JournalShape& s) noexcept {
  return kJournalSegmentsAt + s.segment_bytes * s.segments;
}
/// Largest payload that fits a segment of this size; kSegmentEnd keeps its place behind it.
constexpr std::uint64_t journal_payload_max(std::uint64_t segment_bytes) noexcept {
  return segment_bytes - kJournalFirstRecordAt - 2 * kJournalRecordBytes;
}
/// Tells the segments of all journals apart, so that a record of an earlier lap, or of another
/// journal whose pages came back, never looks committed. Never such that a word becomes 0.
std::uint64_t journal_salt(const JournalIdentity& identity, std::uint64_t segment) noexcept;

/// Private copies of what attach verified, plus the base address (as RingView).
struct JournalView {
  std::byte* base = nullptr;
  std::uint64_t segment_bytes = 0;
  std::uint32_t segments = 0;
  JournalIdentity identity;

  JournalHeader* header() const noexcept { return reinterpret_cast<JournalHeader*>(base); }
  std::byte* segment(std::uint64_t number) const noexcept {
    return base + kJournalSegmentsAt + number % segments * segment_bytes;
  }
  JournalSegmentHeader* segment_header(std::uint64_t number) const noexcept {
    return reinterpret_cast<JournalSegmentHeader*>(segment(number));
  }
  std::uint64_t salt(std::uint64_t number) const noexcept {
    return journal_salt(identity, number);
  }
};

/// Makes an empty journal in `memory` (at least journal_bytes, cache-line aligned).
void format_journal(std::span<std::byte> memory, const JournalShape& shape,
                    const JournalIdentity& identity);

/// Verifies magic, version, sizes and, where given, the identity; the error names what differs.
/// Works on a read-only mapping.
Result<JournalView> attach_journal(std::span<std::byte> memory, const JournalIdentity* expected);

/// One record as readers see it. `payload` lies where it was read from.
struct JournalEntry {
  std::uint64_t number = 0;
  std::uint64_t position = 0;
  TimeNs now;
  JournalKind kind{};
  std::uint8_t input = 0;
  std::uint16_t ring = kNoRing;
  std::span<const std::byte> payload;

  /// kMessage and kControl: the message.
  const MsgHeader& message() const noexcept {
    return *reinterpret_cast<const MsgHeader*>(payload.data());
  }
  /// kMessage: its number on the ring.
  std::uint64_t message_number() const noexcept { return message().word / 2 - 1; }
  std::uint64_t end_position() const noexcept {
    return position + kJournalRecordBytes + payload.size();
  }
};

/// The twin: a journal in private memory, for tests and the simulator, as PrivateRing is to rings.
class PrivateJournal {
 public:
  explicit PrivateJournal(const JournalShape& shape, const JournalIdentity& identity = {});
  std::span<std::byte> memory() const noexcept { return {memory_.get(), bytes_}; }
  JournalView view() const noexcept;

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t bytes_;
};

}  // namespace pinstripe
