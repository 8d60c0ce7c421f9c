#include "tools/replay/message_difference.h"

#include <cstdio>
#include <cstring>

#include "tools/session/message_json.h"

namespace pinstripe {
namespace {

/// The bytes of a value that its text does not tell apart (two NaN).
std::string with_bits(const std::string& text, const std::byte* at, std::size_t size) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, at, size);
  char hex[32];
  std::snprintf(hex, sizeof(hex), " (0x%llx)", static_cast<unsigned long long>(bits));
  return text + hex;
}

}  // namespace

std::optional<FieldDifference> message_difference(std::string_view ring_type,
                                                  const MsgHeader& journal,
                                                  const MsgHeader& replay) {
  const auto* a = reinterpret_cast<const std::byte*>(&journal);
  const auto* b = reinterpret_cast<const std::byte*>(&replay);
  const MessageShape shape = shape_of_message(ring_type, replay.type);
  for (const FieldDesc& f : shape.fields) {
    if (f.measurement || std::memcmp(a + f.offset, b + f.offset, f.bytes()) == 0) continue;
    const std::size_t size = size_of(f.type);
    std::uint32_t i = 0;
    while (std::memcmp(a + f.offset + i * size, b + f.offset + i * size, size) == 0) ++i;
    FieldDifference d{std::string(f.name), field_text(f, i, a), field_text(f, i, b)};
    if (f.count > 1) d.field += "[" + std::to_string(i) + "]";
    if (d.journal == d.replay) {
      const std::size_t at = f.offset + i * size;
      d.journal = with_bits(d.journal, a + at, size);
      d.replay = with_bits(d.replay, b + at, size);
    }
    return d;
  }
  return std::nullopt;
}

}  // namespace pinstripe
