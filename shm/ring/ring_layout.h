// Byte layout of a ring in memory, and what it takes to attach to one.
//
//   byte    0  magic           u64   "PINRING\0"
//           8  version         u64   layout version; stored last, with release
//          16  capacity        u64   slots, power of two
//          24  slot_bytes      u32   multiple of 64, >= message_bytes
//          28  message_bytes   u32
//          32  layout_hash     u64   hash of the message's field table
//          40  ring_id         u16   index in the topology
//          42  full_policy     u8    FullPolicy
//          43  type_name       char[21], zero-terminated
//          64  (unused)
//         128  cursor          u64   consumer line: 2 x messages taken and released
//         136  (unused)
//         256  watermark_ns    i64   producer line: nothing earlier will follow (protocol 4)
//         264  watermark_k     u64   reports ring: except answers to commands after number k
//         272  end_ns          i64   end of the recorded data
//         280  (unused)
//         384  slot 0, slot 1 ... slot capacity-1; each begins with its slot word
//
// The producer's position is not stored anywhere: it is the highest message number over all slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "shm/base/result.h"
#include "shm/base/units.h"
#include "shm/msg/header.h"
#include "shm/msg/topology.h"

namespace pinstripe {

inline constexpr std::uint64_t kRingMagic = 0x00474E49524E4950ULL;  // "PINRING\0", little-endian
inline constexpr std::uint64_t kRingVersion = 1;
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::uint64_t kRingCapacityMax = std::uint64_t{1} << 28;

struct RingHeader {
  std::uint64_t magic;
  std::uint64_t version;
  std::uint64_t capacity;
  std::uint32_t slot_bytes;
  std::uint32_t message_bytes;
  std::uint64_t layout_hash;
  std::uint16_t ring_id;
  std::uint8_t full_policy;
  char type_name[21];
  std::byte unused0[64];
  std::uint64_t cursor;
  std::byte unused1[120];
  std::int64_t watermark_ns;
  std::uint64_t watermark_k;
  std::int64_t end_ns;
  std::byte unused2[104];
};
static_assert(sizeof(RingHeader) == 384 && sizeof(RingHeader) % kCacheLine == 0);
static_assert(offsetof(RingHeader, type_name) == 43 && offsetof(RingHeader, cursor) == 128 &&
              offsetof(RingHeader, watermark_ns) == 256);
static_assert(offsetof(RingHeader, cursor) >= 2 * kCacheLine &&
                  offsetof(RingHeader, watermark_ns) - offsetof(RingHeader, cursor) >=
                      2 * kCacheLine &&
                  sizeof(RingHeader) - offsetof(RingHeader, watermark_ns) >= 2 * kCacheLine,
              "processors fetch lines in pairs: a store of one end must not take away the line "
              "that the other end reads, so their fields and the slots lie two lines apart");

/// What a ring is, as both ends must agree on it.
struct RingShape {
  std::uint64_t capacity = 0;       // slots, power of two, 1 .. 2^28
  std::uint32_t message_bytes = 0;  // sizeof the message, >= the 48-byte header, multiple of 8
  std::uint64_t layout_hash = 0;
  std::uint16_t ring_id = 0;
  std::string type_name;            // at most 20 characters
  FullPolicy full = FullPolicy::kWait;
};

/// Shape of a ring of `T`.
template <Message T>
RingShape ring_shape(std::uint64_t capacity, std::uint16_t ring_id, FullPolicy full) {
  return RingShape{capacity, sizeof(T), T::kLayoutHash, ring_id, std::string(T::kRingType), full};
}

/// Bytes of one slot: the message rounded up to whole cache lines.
constexpr std::uint32_t ring_slot_bytes(std::uint32_t message_bytes) noexcept {
  return static_cast<std::uint32_t>((message_bytes + kCacheLine - 1) / kCacheLine * kCacheLine);
}
/// Bytes of memory that a ring of this shape takes.
std::size_t ring_bytes(const RingShape& shape) noexcept;

/// Private copies of what attach verified, plus the base address. Nothing here is read from shared
/// memory again, so a peer that scribbles over the header cannot send this process out of bounds.
struct RingView {
  std::byte* base = nullptr;
  std::uint64_t capacity = 0;
  std::uint64_t mask = 0;
  std::uint32_t slot_bytes = 0;
  std::uint32_t message_bytes = 0;
  std::uint64_t layout_hash = 0;
  std::uint16_t ring_id = 0;
  FullPolicy full = FullPolicy::kWait;

  RingHeader* header() const noexcept { return reinterpret_cast<RingHeader*>(base); }
  /// Slot of message number `n` (any n; the mask folds it).
  MsgHeader* slot(std::uint64_t n) const noexcept {
    return reinterpret_cast<MsgHeader*>(base + sizeof(RingHeader) + (n & mask) * slot_bytes);
  }
};

/// Makes an empty ring in `memory` (cache-line aligned, at least ring_bytes); the version is stored
/// last, so a process that attaches earlier is refused.
void format_ring(std::span<std::byte> memory, const RingShape& shape);

/// Verifies magic, version, capacity, slot size, message size, layout hash, ring id and the size of
/// `memory` against `expected`; the error names the field, what was found and what was expected.
/// Works on a read-only mapping.
Result<RingView> attach_ring(std::span<std::byte> memory, const RingShape& expected);

/// Reads the shape that a ring states about itself, for tools; refuses what is no ring of this
/// version or does not fit its own memory.
Result<RingShape> read_ring_shape(std::span<const std::byte> memory);

/// Messages published so far: looks at every slot, so it is for takeover, tests and stopped
/// sessions; running sessions are read from the stage pages.
std::uint64_t ring_published(const RingView& ring) noexcept;
/// Messages that the consumer has released.
std::uint64_t ring_taken(const RingView& ring) noexcept;

/// The twin: a ring in private memory, for the one-thread pipeline and tests. Same verbs, same
/// code.
class PrivateRing {
 public:
  explicit PrivateRing(const RingShape& shape);
  RingView view() const noexcept { return view_; }
  std::span<std::byte> memory() const noexcept { return {view_.base, bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t bytes_;
  RingView view_;
};

}  // namespace pinstripe
