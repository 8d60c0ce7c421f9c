#include "tools/journal/entry_text.h"

#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

#include "shm/msg/control.h"
#include "tools/session/account.h"
#include "tools/session/message_json.h"
#include "tools/session/time_text.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

template <class T>
T payload_as(const JournalEntry& e, std::size_t at = 0) {
  T value{};
  if (at + sizeof(T) <= e.payload.size()) std::memcpy(&value, e.payload.data() + at, sizeof(T));
  return value;
}

Json ports_json(const JournalEntry& e, std::size_t at) {
  Json ports = Json::array();
  for (; at + sizeof(JournalPort) <= e.payload.size(); at += sizeof(JournalPort)) {
    const auto port = payload_as<JournalPort>(e, at);
    ports.push_back({{"count", port.count}, {"digest", shown_digest(port.digest)}});
  }
  return ports;
}

Json position_json(const FeedPosition& p) {
  return {{"frames", p.frames}, {"file", p.file},     {"size", p.size},
          {"mtime_ns", p.mtime_ns}, {"offset", p.offset}, {"line", p.line}};
}

/// What the record says besides number, time and kind; messages apart.
Json detail_json(const JournalEntry& e) {
  switch (e.kind) {
    case JournalKind::kPosition: return {{"position", position_json(payload_as<FeedPosition>(e))}};
    case JournalKind::kFrame: return {{"bytes", e.payload.size()}};
    case JournalKind::kRoom:
      return {{"port", e.input}, {"room", payload_as<JournalRoom>(e).room == 1}};
    case JournalKind::kDigest: return {{"ports", ports_json(e, 0)}};
    case JournalKind::kEnd: {
      const auto end = payload_as<JournalEnd>(e);
      return {{"reason", end.reason == JournalEndReason::kStopped ? "stopped" : "ended"},
              {"frames", end.frames},
              {"state_hash", shown_digest(end.state_hash)},
              {"ports", ports_json(e, sizeof(JournalEnd))}};
    }
    case JournalKind::kHole: return {{"until_record", payload_as<JournalHole>(e).end_record}};
    default: return Json::object();
  }
}

const char* kind_name(JournalKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < std::size(kJournalKindNames) ? kJournalKindNames[index] : "?";
}

}  // namespace

const RingSpec* ring_of(const SessionPlan& plan, const JournalEntry& entry) noexcept {
  for (const RingSpec& ring : plan.topology.rings) {
    if (entry.kind == JournalKind::kMessage && ring.id == entry.ring) return &ring;
  }
  return nullptr;
}

std::string_view message_type_of(const SessionPlan& plan, const JournalEntry& entry) noexcept {
  const RingSpec* ring = ring_of(plan, entry);
  std::string_view type;
  if (ring != nullptr) type = ring->type;
  if (entry.kind == JournalKind::kControl) type = Control::kRingType;
  if (type.empty()) return type;
  const MessageShape shape = shape_of_message(type, entry.message().type);
  return shape.bytes > 0 && shape.bytes <= entry.payload.size() ? type : std::string_view{};
}

std::string entry_text(const SessionPlan& plan, const JournalEntry& entry) {
  std::string out = std::to_string(entry.number) + " " + shown_time(entry.now.value) + " " +
                    kind_name(entry.kind);
  if (const RingSpec* ring = ring_of(plan, entry)) out += " " + ring->name;
  const std::string_view type = message_type_of(plan, entry);
  if (!type.empty()) return out + " " + message_text(type, entry.payload.data());
  const Json detail = detail_json(entry);
  for (const auto& [key, value] : detail.items()) {
    out += " " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return out;
}

std::string entry_json(const SessionPlan& plan, const JournalEntry& entry) {
  Json j{{"record", entry.number},
         {"now_ns", entry.now.value},
         {"kind", kind_name(entry.kind)}};
  if (const RingSpec* ring = ring_of(plan, entry)) j["ring"] = ring->name;
  const std::string_view type = message_type_of(plan, entry);
  if (!type.empty()) j["message"] = Json::parse(message_json(type, entry.payload.data()));
  const Json detail = detail_json(entry);
  for (const auto& [key, value] : detail.items()) j[key] = value;
  return j.dump();
}

}  // namespace pinstripe
