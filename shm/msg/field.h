// The field table: each message lists its fields once (name, type, unit). The tap, JSON output,
// journal tools, digests and the layout hash all read that table (design 6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shm/base/hash.h"

namespace pinstripe {

enum class FieldType : std::uint8_t { kU8, kI8, kU16, kI16, kU32, kI32, kU64, kI64, kF32, kF64 };

constexpr std::size_t size_of(FieldType t) noexcept {
  switch (t) {
    case FieldType::kU8:
    case FieldType::kI8: return 1;
    case FieldType::kU16:
    case FieldType::kI16: return 2;
    case FieldType::kU32:
    case FieldType::kI32:
    case FieldType::kF32: return 4;
    case FieldType::kU64:
    case FieldType::kI64:
    case FieldType::kF64: return 8;
  }
  return 0;
}

/// One field of a message. `count` > 1 is a fixed array. `measurement` fields (the machine's clock)
/// are seen by no stage and are left out of digests and comparisons.
struct FieldDesc {
  std::string_view name;
  FieldType type{};
  std::string_view unit;  // "ns", "ticks", "lots", "1e-8 settle", "bps", "enum ...", "" for none
  std::uint32_t offset = 0;
  std::uint32_t count = 1;
  bool measurement = false;

  constexpr std::size_t bytes() const noexcept { return size_of(type) * count; }
};

/// Hash of names, types, units, offsets and counts; stored in ring headers. Two builds whose tables
/// differ cannot attach to each other.
constexpr std::uint64_t layout_hash(std::span<const FieldDesc> fields,
                                    std::uint64_t seed = 0) noexcept {
  Hasher h(seed);
  for (const FieldDesc& f : fields) {
    h.text(f.name);
    h.add(static_cast<std::uint64_t>(f.type));
    h.text(f.unit);
    h.add(f.offset);
    h.add(f.count);
    h.add(f.measurement ? 1 : 0);
  }
  return h.value();
}

/// True when the fields lie one behind the other from byte 0 to `size`, without a hole: no padding.
constexpr bool covers_every_byte(std::span<const FieldDesc> fields, std::size_t size) noexcept {
  std::size_t at = 0;
  for (const FieldDesc& f : fields) {
    if (f.offset != at) return false;
    at += f.bytes();
  }
  return at == size;
}

/// Joins the header's table and a payload's table at compile time.
template <std::size_t A, std::size_t B>
constexpr std::array<FieldDesc, A + B> join_fields(const std::array<FieldDesc, A>& a,
                                                   const std::array<FieldDesc, B>& b) noexcept {
  std::array<FieldDesc, A + B> all{};
  for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
  return all;
}

/// A stretch of bytes that the digest covers (no measurement field inside).
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace pinstripe
