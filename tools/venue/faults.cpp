#include "tools/venue/faults.h"

#include <algorithm>

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kDefaultForMs = 1'000;
constexpr std::int64_t kDefaultAmountMs = 500;
constexpr std::int64_t kLongestMs = 3'600'000;

/// A whole number of the command within [0, most].
Result<std::int64_t> number(const Json& command, const char* key, std::int64_t otherwise,
                            std::int64_t most) {
  if (!command.contains(key)) return otherwise;
  const Json& value = command[key];
  if (!value.is_number_integer() || value < 0 || value > most) {
    return fail_usage(std::string(key) + ": found " + value.dump() + ", allowed is 0 to " +
                      std::to_string(most));
  }
  return value.get<std::int64_t>();
}

bool is_aimed(const Fault& f, FaultKind kind, std::string_view protocol, std::string_view text) {
  return f.kind == kind && (!row_of(kind).by_count || f.count > 0) &&
         (f.protocol.empty() || f.protocol == protocol) &&
         (f.holds.empty() || text.find(f.holds) != std::string_view::npos);
}

}  // namespace

const FaultRow& row_of(FaultKind kind) { return kFaultTable[static_cast<std::size_t>(kind)]; }

Result<Fault> FaultBoard::parse(const Json& command, std::int64_t now_ms) {
  if (!command.is_object()) return fail_usage("a fault is a JSON object: {\"fault\": \"gap\"}");
  const Json named = command.value("fault", Json());
  const auto row = std::find_if(kFaultTable.begin(), kFaultTable.end(),
                                [&](const FaultRow& r) { return named == r.name; });
  if (row == kFaultTable.end()) {
    std::string names;
    for (const FaultRow& r : kFaultTable) {
      names += (names.empty() ? "" : ", ") + std::string(r.name);
    }
    return fail_usage("fault: found " + named.dump() + ", allowed are " + names);
  }
  Fault fault;
  fault.kind = row->kind;
  for (const auto& [key, to] : {std::pair{"venue", &fault.protocol},
                                std::pair{"holds", &fault.holds}}) {
    const Json value = command.value(key, Json(""));
    if (!value.is_string()) return fail_usage(std::string(key) + ": found " + value.dump() +
                                              ", allowed is a text");
    *to = value;
  }
  const auto for_ms = number(command, "for_ms", kDefaultForMs, kLongestMs);
  const auto count = number(command, "count", 1, 1'000'000);
  const auto amount = number(command, "amount_ms", kDefaultAmountMs, kLongestMs);
  for (const auto* value : {&for_ms, &count, &amount}) {
    if (!*value) return std::unexpected(value->error());
  }
  fault.until_ms = row->by_count ? INT64_MAX : now_ms + *for_ms;
  fault.count = *count;
  fault.amount_ms = *amount;
  return fault;
}

std::vector<Fault> FaultBoard::expire(std::int64_t now_ms) {
  std::vector<Fault> over;
  for (auto at = faults_.begin(); at != faults_.end();) {
    const bool done = now_ms >= at->until_ms || (row_of(at->kind).by_count && at->count <= 0);
    if (done) over.push_back(*at);
    at = done ? faults_.erase(at) : std::next(at);
  }
  return over;
}

const Fault* FaultBoard::find(FaultKind kind, std::string_view protocol,
                              std::string_view text) const {
  const auto at = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) {
    return is_aimed(f, kind, protocol, text);
  });
  return at == faults_.end() ? nullptr : &*at;
}

bool FaultBoard::use(FaultKind kind, std::string_view protocol, std::string_view text) {
  const auto at = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) {
    return is_aimed(f, kind, protocol, text);
  });
  if (at == faults_.end()) return false;
  if (row_of(kind).by_count) --at->count;
  met(kind);
  return true;
}

Json FaultBoard::shown() const {
  Json running = Json::array();
  for (const Fault& f : faults_) {
    running.push_back({{"fault", row_of(f.kind).name}, {"venue", f.protocol}, {"holds", f.holds},
                       {"until_ms", f.until_ms}, {"count", f.count}, {"amount_ms", f.amount_ms}});
  }
  Json met = Json::object();
  for (const FaultRow& r : kFaultTable) {
    met[std::string(r.name)] = met_[static_cast<std::size_t>(r.kind)];
  }
  return {{"running", std::move(running)}, {"met", std::move(met)}};
}

}  // namespace pinstripe::venue
