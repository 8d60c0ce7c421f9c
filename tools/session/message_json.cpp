#include "tools/session/message_json.h"

#include <cstring>

#include <nlohmann/json.hpp>

#include "shm/msg/control.h"
#include "shm/msg/exec_report.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/signal.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<std::string_view, 22> kTypeNames{
    "none", "level", "touch", "trade", "mark", "funding", "book_state", "overruled",
    "open_interest", "liquidation", "bar", "bar_body", "bar_range", "bar_volume", "", "",
    "feature_vector", "signal", "order_command", "exec_report", "control", "external_event"};
constexpr std::array<std::string_view, 5> kCommandNames{"none", "new", "cancel", "amend",
                                                        "cancel_all"};
constexpr std::array<std::string_view, 3> kOrderTypeNames{"none", "limit", "market"};
constexpr std::array<std::string_view, 4> kTifNames{"none", "gtc", "ioc", "fok"};
constexpr std::array<std::string_view, 5> kRuleNames{"none", "queue", "trade_through",
                                                     "touch_through", "taker"};
constexpr std::array<std::string_view, 5> kControlNames{"none", "halt", "resume", "flatten",
                                                        "cancel_all"};

struct EnumNames {
  std::string_view unit;
  std::span<const std::string_view> names;
};

std::span<const std::string_view> names_of(std::string_view unit) {
  static const EnumNames kAll[] = {
      {"enum MsgType", kTypeNames},           {"enum BookState", kBookStateNames},
      {"enum NeutralReason", kNeutralReasonNames}, {"enum CommandKind", kCommandNames},
      {"enum OrderType", kOrderTypeNames},    {"enum TimeInForce", kTifNames},
      {"enum Purpose", kPurposeNames},        {"enum ExecKind", kExecKindNames},
      {"enum OrderState", kOrderStateNames},  {"enum ExecReason", kExecReasonNames},
      {"enum FillRule", kRuleNames},          {"enum ControlKind", kControlNames}};
  for (const EnumNames& e : kAll) {
    if (e.unit == unit) return e.names;
  }
  return {};
}

template <class T>
T load(const std::byte* at) {
  T v{};
  std::memcpy(&v, at, sizeof(T));
  return v;
}

Json value_at(const std::byte* at, FieldType type) {
  switch (type) {
    case FieldType::kU8: return load<std::uint8_t>(at);
    case FieldType::kI8: return load<std::int8_t>(at);
    case FieldType::kU16: return load<std::uint16_t>(at);
    case FieldType::kI16: return load<std::int16_t>(at);
    case FieldType::kU32: return load<std::uint32_t>(at);
    case FieldType::kI32: return load<std::int32_t>(at);
    case FieldType::kU64: return load<std::uint64_t>(at);
    case FieldType::kI64: return load<std::int64_t>(at);
    case FieldType::kF32: return load<float>(at);
    case FieldType::kF64: return load<double>(at);
  }
  return nullptr;
}

Json field_json(const FieldDesc& f, const std::byte* message) {
  const std::byte* at = message + f.offset;
  if (f.count > 1) {
    Json list = Json::array();
    for (std::uint32_t i = 0; i < f.count; ++i) {
      list.push_back(value_at(at + i * size_of(f.type), f.type));
    }
    return list;
  }
  const Json v = value_at(at, f.type);
  if (!f.unit.starts_with("enum ")) return v;
  const std::string_view name = enum_value_name(f.unit, v.get<std::uint64_t>());
  return name.empty() ? v : Json(std::string(name));
}

bool is_nothing(const Json& v) {
  if (v.is_number()) return v == 0;
  if (v.is_string()) return v == "none";
  if (!v.is_array()) return false;
  for (const Json& e : v) {
    if (e != 0) return false;
  }
  return true;
}

/// Market events share one struct; everything else has one table.
template <class T>
MessageShape fixed_shape() {
  static constexpr auto kFields = T::fields();
  return {sizeof(T), kFields};
}

MessageShape market_shape(MsgType type) {
  static constexpr auto kLevel = MarketEvent::fields(MsgType::kLevel);
  static constexpr auto kMark = MarketEvent::fields(MsgType::kMark);
  static constexpr auto kFunding = MarketEvent::fields(MsgType::kFunding);
  static constexpr auto kState = MarketEvent::fields(MsgType::kBookState);
  static constexpr auto kOverruled = MarketEvent::fields(MsgType::kOverruled);
  static constexpr auto kInterest = MarketEvent::fields(MsgType::kOpenInterest);
  static constexpr auto kBar = MarketEvent::fields(MsgType::kBar);
  static constexpr auto kBody = MarketEvent::fields(MsgType::kBarBody);
  static constexpr auto kRange = MarketEvent::fields(MsgType::kBarRange);
  static constexpr auto kVolume = MarketEvent::fields(MsgType::kBarVolume);
  switch (type) {
    case MsgType::kMark: return {sizeof(MarketEvent), kMark};
    case MsgType::kFunding: return {sizeof(MarketEvent), kFunding};
    case MsgType::kBookState: return {sizeof(MarketEvent), kState};
    case MsgType::kOverruled: return {sizeof(MarketEvent), kOverruled};
    case MsgType::kOpenInterest: return {sizeof(MarketEvent), kInterest};
    case MsgType::kBar: return {sizeof(MarketEvent), kBar};
    case MsgType::kBarBody: return {sizeof(MarketEvent), kBody};
    case MsgType::kBarRange: return {sizeof(MarketEvent), kRange};
    case MsgType::kBarVolume: return {sizeof(MarketEvent), kVolume};
    default: return {sizeof(MarketEvent), kLevel};
  }
}

constexpr std::size_t kShownArray = 8;  // longer ones by their size alone

/// Only these say a side; a signal has a direction, a vector has neither.
std::string_view side_of(const MsgHeader& h) noexcept {
  switch (h.type) {
    case MsgType::kLevel:
    case MsgType::kTouch:
    case MsgType::kTrade:
    case MsgType::kLiquidation:
    case MsgType::kOrderCommand:
    case MsgType::kExecReport: return h.has(kFlagSell) ? "sell" : "buy";
    default: return "";
  }
}

}  // namespace

MessageShape shape_of_message(std::string_view ring_type, MsgType type) {
  if (ring_type == MarketEvent::kRingType) return market_shape(type);
  if (ring_type == FeatureVector::kRingType) return fixed_shape<FeatureVector>();
  if (ring_type == Signal::kRingType) return fixed_shape<Signal>();
  if (ring_type == OrderCommand::kRingType) return fixed_shape<OrderCommand>();
  if (ring_type == ExecReport::kRingType) return fixed_shape<ExecReport>();
  if (ring_type == Control::kRingType) return fixed_shape<Control>();
  return {};
}

std::string_view message_type_name(MsgType type) noexcept {
  return enum_value_name("enum MsgType", static_cast<std::uint64_t>(type));
}

std::string_view enum_value_name(std::string_view unit, std::uint64_t value) noexcept {
  const auto names = names_of(unit);
  return value < names.size() ? names[value] : std::string_view{};
}

std::string field_text(const FieldDesc& f, std::uint32_t index, const void* message) {
  const auto* at = static_cast<const std::byte*>(message) + f.offset + index * size_of(f.type);
  FieldDesc one = f;
  one.offset = 0;
  one.count = 1;
  const Json v = field_json(one, at);
  return v.is_string() ? v.get<std::string>() : v.dump();
}

std::string message_json(std::string_view ring_type, const void* message, Measured measured) {
  const auto* bytes = static_cast<const std::byte*>(message);
  const auto& h = *static_cast<const MsgHeader*>(message);
  Json j;
  j["seq"] = number_of(h);
  for (const FieldDesc& f : shape_of_message(ring_type, h.type).fields) {
    if (f.unit == "slot word" || f.name == "spare") continue;
    if (f.measurement && measured == Measured::kLeftOut) continue;
    j[std::string(f.name)] = field_json(f, bytes);
    if (f.name == "flags" && !side_of(h).empty()) j["side"] = side_of(h);
  }
  return j.dump();
}

std::string message_text(std::string_view ring_type, const void* message) {
  const auto* bytes = static_cast<const std::byte*>(message);
  const auto& h = *static_cast<const MsgHeader*>(message);
  const std::string_view type = message_type_name(h.type);
  std::string out = std::to_string(number_of(h)) + " " + std::to_string(h.event_ns.value) + " " +
                    (type.empty() ? "?" : std::string(type));
  if (!side_of(h).empty()) out += " " + std::string(side_of(h));
  for (const FieldDesc& f : shape_of_message(ring_type, h.type).fields) {
    if (f.measurement || f.name == "spare" || f.name == "event_ns" || f.name == "type") continue;
    const Json v = field_json(f, bytes);
    if (is_nothing(v) && f.name != "instrument" && f.name != "direction") continue;
    if (v.is_array() && v.size() > kShownArray) {
      out += " " + std::string(f.name) + "[" + std::to_string(v.size()) + "]";
      continue;
    }
    out += " " + std::string(f.name) + "=" + (v.is_string() ? v.get<std::string>() : v.dump());
  }
  return out;
}

}  // namespace pinstripe
