#include "tools/commands/limits_view.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "shm/limits/rules.h"
#include "tools/session/text_table.h"
#include "tools/session/time_text.h"

namespace pinstripe {

namespace {

using Json = nlohmann::ordered_json;

/// One window as it stands.
struct Shown {
  const LimitBucket* bucket;
  std::uint64_t used = 0;
  std::uint64_t left[kPriorities] = {};
  std::uint64_t waiting = 0;       // weight that waits for it
  std::int64_t free_at_ns = 0;     // all of it is free again
};

std::uint64_t waiting_for(const LimitState& state, std::size_t index) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < state.head.waiters; ++i) {
    const LimitWaiter& w = state.waiters[i];
    for (std::size_t b = 0; b < w.buckets; ++b) {
      if (w.bucket[b] == index) sum += w.weight[b];
    }
  }
  return sum;
}

/// Windows in use or waited for; connections that are gone are left out.
std::vector<Shown> shown_buckets(const LimitState& state, std::int64_t now_ns) {
  std::vector<Shown> all;
  for (std::size_t i = 0; i < state.buckets.size(); ++i) {
    LimitBucket copy = state.buckets[i];
    if (copy.venue[0] == '\0') continue;
    const WindowCount window(copy.window, copy.shape());
    Shown s{&state.buckets[i], window.used(now_ns), {}, waiting_for(state, i),
            window.falls_to(now_ns, 0)};
    const bool of_connection =
        copy.kind == LimitKind::kMessages || copy.kind == LimitKind::kSubscribes;
    if (of_connection && s.used == 0 && s.waiting == 0) continue;
    for (std::size_t p = 0; p < kPriorities; ++p) {
      const std::uint64_t ceiling =
          priority_ceiling(copy.limit_now(), copy.reserve, static_cast<Priority>(p));
      s.left[p] = ceiling > s.used ? ceiling - s.used : 0;
    }
    all.push_back(s);
  }
  std::ranges::stable_sort(all, [](const Shown& a, const Shown& b) {
    return a.used * b.bucket->limit_now() > b.used * a.bucket->limit_now();
  });
  return all;
}

bool is_used(const VenueGate& gate) { return gate.name[0] != '\0'; }

std::string until_text(std::int64_t until_ns, std::int64_t now_ns) {
  if (until_ns <= now_ns) return "-";
  return shown_time(until_ns).substr(0, 19) + "Z (" + shown_ns(until_ns - now_ns) + ")";
}

/// What the last failure was, where that holds requests back.
std::string circuit_text(const VenueGate& gate) {
  const std::string name = kCircuitNames[static_cast<int>(gate.circuit)];
  if (gate.circuit == Circuit::kClosed) return name;
  return name + " (" + kFailureCauseNames[static_cast<int>(gate.failure)] + ")";
}

Json until_json(std::int64_t until_ns, std::int64_t now_ns) {
  return until_ns > now_ns ? Json(until_ns) : Json(nullptr);
}

Json venue_json(const VenueGate& gate, std::int64_t now_ns) {
  Json granted;
  for (std::size_t p = 0; p < kPriorities; ++p) granted[kPriorityNames[p]] = gate.granted[p];
  return {{"venue", name_of(gate.name)},
          {"ban_until_ns", until_json(gate.ban_until_ns, now_ns)},
          {"backoff_until_ns", until_json(gate.backoff_until_ns, now_ns)},
          {"cause", gate.cause},
          {"circuit", kCircuitNames[static_cast<int>(gate.circuit)]},
          {"open_until_ns", until_json(gate.open_until_ns, now_ns)},
          {"failures", gate.failures},
          {"last_failure", kFailureCauseNames[static_cast<int>(gate.failure)]},
          {"granted", granted},
          {"waits", gate.waits},
          {"refused", gate.refused},
          {"too_many", gate.too_many},
          {"bans", gate.all_bans},
          {"circuit_opens", gate.all_opens}};
}

Json bucket_json(const Shown& s) {
  const LimitBucket& b = *s.bucket;
  Json left;
  for (std::size_t p = 0; p < kPriorities; ++p) left[kPriorityNames[p]] = s.left[p];
  return {{"venue", name_of(b.venue)},
          {"kind", kLimitKindNames[static_cast<int>(b.kind)]},
          {"key", name_of(b.key)},
          {"counting", kLimitCountingNames[static_cast<int>(b.counting)]},
          {"window_ns", b.window_ns},
          {"limit", b.limit_now()},
          {"table_limit", b.limit},
          {"reserve", b.reserve},
          {"used", s.used},
          {"left", left},
          {"waiting", s.waiting},
          {"free_at_ns", s.free_at_ns}};
}

}  // namespace

std::string limits_json(const LimitState& state, std::int64_t now_ns) {
  Json j;
  j["venues"] = Json::array();
  for (const VenueGate& gate : state.gates) {
    if (is_used(gate)) j["venues"].push_back(venue_json(gate, now_ns));
  }
  j["buckets"] = Json::array();
  for (const Shown& s : shown_buckets(state, now_ns)) j["buckets"].push_back(bucket_json(s));
  j["waiters"] = state.head.waiters;
  j["waiters_max"] = kLimitWaiters;
  j["expired_waiters"] = state.head.expired;
  j["rolled_back"] = state.head.rolled_back;
  j["clock_steps"] = state.head.clock_steps;
  j["save_errors"] = state.head.save_errors;
  return j.dump(1);
}

std::string limits_text(const LimitState& state, std::int64_t now_ns) {
  if (!is_used(state.gates[0])) return "no venue was asked for anything yet\n";
  TextTable venues({"venue", "banned until", "back-off until", "circuit", "failures", "cancels",
                    "orders", "resyncs", "background", "429", "bans"});
  for (const VenueGate& g : state.gates) {
    if (!is_used(g)) continue;
    const auto count = [](std::uint64_t n) { return shown_count(static_cast<std::int64_t>(n)); };
    venues.row({std::string(name_of(g.name)), until_text(g.ban_until_ns, now_ns),
                until_text(g.backoff_until_ns, now_ns),
                circuit_text(g), count(g.failures),
                count(g.granted[0]), count(g.granted[1]), count(g.granted[2]),
                count(g.granted[3]), count(g.too_many), count(g.all_bans)});
  }
  TextTable windows({"venue", "limit of", "key", "used", "left for orders", "limit", "reserve",
                     "window", "waiting"});
  for (const Shown& s : shown_buckets(state, now_ns)) {
    const LimitBucket& b = *s.bucket;
    const auto count = [](std::uint64_t n) { return shown_count(static_cast<std::int64_t>(n)); };
    windows.row({std::string(name_of(b.venue)), kLimitKindNames[static_cast<int>(b.kind)],
                 b.key[0] == '\0' ? "-" : std::string(name_of(b.key)), count(s.used),
                 count(s.left[static_cast<int>(Priority::kOrder)]), count(b.limit_now()),
                 count(b.reserve),
                 std::to_string(b.window_ns / kNsPerSecond) + " s " +
                     kLimitCountingNames[static_cast<int>(b.counting)],
                 count(s.waiting)});
  }
  std::string text = venues.text() + "\n" + windows.text() + "\n" +
                     std::to_string(state.head.waiters) + " of at most " +
                     std::to_string(kLimitWaiters) + " wait\n";
  if (state.head.save_errors > 0) {
    text += "the disk could not be told " + std::to_string(state.head.save_errors) +
            " times: a ban might be forgotten at the next start of the machine\n";
  }
  return text;
}

}  // namespace pinstripe
