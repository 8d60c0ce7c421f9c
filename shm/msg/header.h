// The 48-byte header in front of every message (design 6, protocol 2).
//
//   byte  0  word            slot word: 2n+1 message n is being written, 2n+2 it is published
//         8  event_ns        event time at which the message becomes visible downstream
//        16  origin_ns       event time at which the causing market event arrived
//        24  cause_seq       low 32 bits of the causing message's number on its ring
//        28  cause_ring      ring id of the cause (kNoRing for timers and frames)
//        30  type            MsgType
//        31  flags           Flag bits
//        32  instrument      index in the session's instrument table (kNoInstrument: none)
//        34  lane            index of the lane that produced the cause
//        36  venue_offset_us venue stamp - origin, microseconds, saturated; kNoVenueStamp: none
//        40  publish_ticks   measurement: session clock at publish, see shm/run/clock.h
//        44  origin_ticks    measurement: session clock at the intended send of the origin
//
// Event time and measurement stamps never mix: no stage reads the last two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "shm/base/units.h"
#include "shm/msg/field.h"

namespace pinstripe {

enum class MsgType : std::uint8_t {
  kNone = 0,
  // market events, all `MarketEvent`
  kLevel = 1,
  kTouch = 2,
  kTrade = 3,
  kMark = 4,
  kFunding = 5,
  kBookState = 6,
  kOverruled = 7,
  kOpenInterest = 8,
  kLiquidation = 9,
  kBar = 10,
  kBarBody = 11,
  kBarRange = 12,
  kBarVolume = 13,
  // the rest, one struct each
  kFeatureVector = 16,
  kSignal = 17,
  kOrderCommand = 18,
  kExecReport = 19,
  kControl = 20,
  kExternalEvent = 21,
};

enum Flag : std::uint8_t {
  kFlagSell = 1,          // level/touch: ask side; trade: aggressor sells; order: sell
  kFlagEndOfUpdate = 2,   // last message of one decoded venue message
  kFlagSnapshot = 4,      // level: part of a fresh book
  kFlagFromTicker = 8,    // level/touch: set by a bookTicker, not by a depth update
  kFlagNonMarket = 16,    // trade: insurance fund and the like; used by no feature, bar or fill
  kFlagMaker = 32,        // fill: we were the maker
};

inline constexpr std::uint16_t kNoInstrument = 0xFFFF;
inline constexpr std::uint16_t kNoRing = 0xFFFF;
inline constexpr std::int32_t kNoVenueStamp = std::numeric_limits<std::int32_t>::min();

struct MsgHeader {
  std::uint64_t word = 0;
  TimeNs event_ns;
  TimeNs origin_ns;
  std::uint32_t cause_seq = 0;
  std::uint16_t cause_ring = kNoRing;
  MsgType type = MsgType::kNone;
  std::uint8_t flags = 0;
  std::uint16_t instrument = kNoInstrument;
  std::uint16_t lane = 0;
  std::int32_t venue_offset_us = kNoVenueStamp;
  std::uint32_t publish_ticks = 0;
  std::uint32_t origin_ticks = 0;

  bool has(Flag f) const noexcept { return (flags & f) != 0; }
  Side side() const noexcept { return has(kFlagSell) ? Side::kSell : Side::kBuy; }
  void set_side(Side s) noexcept {
    flags = static_cast<std::uint8_t>(s == Side::kSell ? flags | kFlagSell : flags & ~kFlagSell);
  }
  void set(Flag f) noexcept { flags = static_cast<std::uint8_t>(flags | f); }
};
static_assert(sizeof(MsgHeader) == 48 && std::is_trivially_copyable_v<MsgHeader>);
static_assert(offsetof(MsgHeader, cause_seq) == 24 && offsetof(MsgHeader, type) == 30);
static_assert(offsetof(MsgHeader, venue_offset_us) == 36);
static_assert(offsetof(MsgHeader, origin_ticks) == 44);

inline constexpr std::array<FieldDesc, 12> kHeaderFields{{
    // The slot word is position bookkeeping of the ring; digests run in sequence and skip it.
    {"word", FieldType::kU64, "slot word", 0, 1, true},
    {"event_ns", FieldType::kI64, "ns", 8, 1, false},
    {"origin_ns", FieldType::kI64, "ns", 16, 1, false},
    {"cause_seq", FieldType::kU32, "sequence", 24, 1, false},
    {"cause_ring", FieldType::kU16, "ring id", 28, 1, false},
    {"type", FieldType::kU8, "enum MsgType", 30, 1, false},
    {"flags", FieldType::kU8, "bits", 31, 1, false},
    {"instrument", FieldType::kU16, "index", 32, 1, false},
    {"lane", FieldType::kU16, "index", 34, 1, false},
    {"venue_offset_us", FieldType::kI32, "us", 36, 1, false},
    {"publish_ticks", FieldType::kU32, "clock ticks", 40, 1, true},
    {"origin_ticks", FieldType::kU32, "clock ticks", 44, 1, true},
}};

/// Digest of one message: its bytes from event_ns up to the measurement stamps, then its payload.
/// The header's layout fixes the range, and covers_every_byte rules out padding, so this equals
/// hashing field by field with the measurement fields left out.
inline void digest_message(Hasher& h, const void* message, std::size_t size) noexcept {
  const auto* bytes = static_cast<const std::byte*>(message);
  h.bytes(bytes + 8, 32);
  h.bytes(bytes + sizeof(MsgHeader), size - sizeof(MsgHeader));
}

/// A message may cross a process: fixed size, pointer-free, begins with the header, has a table.
template <class T>
concept Message = std::is_trivially_copyable_v<T> && requires {
  { T::kRingType } -> std::convertible_to<std::string_view>;
  T::kLayoutHash;
} && offsetof(T, h) == 0;

}  // namespace pinstripe
