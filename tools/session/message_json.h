// Any message as JSON or as one line of text, by its field table.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "shm/msg/field.h"
#include "shm/msg/header.h"

namespace pinstripe {

/// Size and fields of a ring type's messages ("market_event", ...); the market event's fields
/// depend on the header's type. Empty fields where the type is not known to this program.
struct MessageShape {
  std::size_t bytes = 0;
  std::span<const FieldDesc> fields;
};
MessageShape shape_of_message(std::string_view ring_type, MsgType type);

/// "touch", "signal" ...; "" for a type that does not exist.
std::string_view message_type_name(MsgType type) noexcept;
/// Name of `value` where `unit` is an enum's ("enum ExecKind"); "" where it has none.
std::string_view enum_value_name(std::string_view unit, std::uint64_t value) noexcept;
/// Whether stamps of the machine's clock are told: they differ from run to run.
enum class Measured { kTold, kLeftOut };

/// `{"seq": .., "type": .., fields ...}`: enums by name, zero spare bytes left out, arrays as
/// lists, `side` where the message has one.
std::string message_json(std::string_view ring_type, const void* message,
                         Measured measured = Measured::kTold);
/// "<seq> <time> <type> field=value ...": fields that are 0 are left out, but for
/// a direction; long arrays are told by their size.
std::string message_text(std::string_view ring_type, const void* message);

/// Value `index` of field `f` of a message as text: enums by name, floats with every digit.
std::string field_text(const FieldDesc& f, std::uint32_t index, const void* message);

/// Number of a message from its slot word (0, 1, 2 ...).
constexpr std::uint64_t number_of(const MsgHeader& h) noexcept { return h.word / 2 - 1; }

}  // namespace pinstripe
