// Control and ExternalEvent: inputs from people, the supervisor and outside data. One line each.
#pragma once

#include "shm/msg/header.h"

namespace pinstripe {

enum class ControlKind : std::uint8_t {
  kHalt = 1,        // no opens, cancel working opens
  kResume = 2,
  kFlatten = 3,     // emergency level: close everything
  kCancelAll = 4,
};

struct Control {
  MsgHeader h;
  std::uint64_t argument = 0;
  ControlKind kind{};
  std::array<std::uint8_t, 7> spare{};

  static constexpr std::string_view kRingType = "control";
  static constexpr MsgType kType = MsgType::kControl;
  static constexpr auto fields() noexcept {
    return join_fields(kHeaderFields, std::array<FieldDesc, 3>{{
                                          {"argument", FieldType::kU64, "", 48, 1, false},
                                          {"kind", FieldType::kU8, "enum ControlKind", 56, 1,
                                           false},
                                          {"spare", FieldType::kU8, "zero", 57, 7, false},
                                      }});
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t Control::kLayoutHash = layout_hash(Control::fields());
static_assert(covers_every_byte(Control::fields(), sizeof(Control)) && sizeof(Control) == 64);

/// Outside data (funding tables, on-chain, sentiment): usable from `available_ns` = h.event_ns on.
struct ExternalEvent {
  MsgHeader h;
  std::uint32_t source = 0;
  std::uint32_t key = 0;
  double value = 0;
  TimeNs as_of_ns;
  std::array<std::uint8_t, 8> spare{};

  static constexpr std::string_view kRingType = "external_event";
  static constexpr MsgType kType = MsgType::kExternalEvent;
  static constexpr auto fields() noexcept {
    return join_fields(kHeaderFields, std::array<FieldDesc, 5>{{
                                          {"source", FieldType::kU32, "id", 48, 1, false},
                                          {"key", FieldType::kU32, "id", 52, 1, false},
                                          {"value", FieldType::kF64, "by key", 56, 1, false},
                                          {"as_of_ns", FieldType::kI64, "ns", 64, 1, false},
                                          {"spare", FieldType::kU8, "zero", 72, 8, false},
                                      }});
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t ExternalEvent::kLayoutHash = layout_hash(ExternalEvent::fields());
static_assert(covers_every_byte(ExternalEvent::fields(), sizeof(ExternalEvent)));

}  // namespace pinstripe
