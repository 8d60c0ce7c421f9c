#include "tools/session/topology_build.h"

#include <bit>

namespace pinstripe {

namespace {

constexpr std::uint64_t kMarketCapacity = 8192;
constexpr std::uint64_t kVectorCapacity = 1024;
constexpr std::uint64_t kSignalCapacity = 1024;
constexpr std::uint64_t kOrderCapacity = 2048;  // risk's shipped in_flight_max is 1000
constexpr std::uint64_t kReportCapacity = 2048;
constexpr std::uint64_t kCapacityMax = std::uint64_t{1} << 24;

StageSpec stage_of(StageKind kind, const std::string& name, std::size_t lane) {
  StageSpec s;
  s.name = name;
  s.kind = kind;
  s.lane = static_cast<std::uint16_t>(lane);
  return s;
}

void add_ring(Topology& t, const std::string& from, const std::string& to, const char* type,
              std::uint64_t capacity) {
  RingSpec r;
  r.name = from + "." + to;
  r.type = type;
  r.producer = from;
  r.consumer = to;
  r.id = static_cast<std::uint16_t>(t.rings.size());
  r.capacity = capacity;
  t.rings.push_back(r);
}

}  // namespace

std::string stage_name(StageKind kind, const LanePlan& lane) {
  const std::string base = kStageKindNames[index_of(kind)];
  return lane.name.empty() ? base : base + "." + lane.name;
}

Topology build_topology(std::span<const LanePlan> lanes) {
  Topology t;
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const std::string feed = stage_name(StageKind::kFeed, lanes[lane]);
    const std::string features = stage_name(StageKind::kFeatures, lanes[lane]);
    const std::string models = stage_name(StageKind::kModels, lanes[lane]);
    t.stages.push_back(stage_of(StageKind::kFeed, feed, lane));
    t.stages.push_back(stage_of(StageKind::kFeatures, features, lane));
    t.stages.push_back(stage_of(StageKind::kModels, models, lane));
    add_ring(t, feed, features, "market_event", kMarketCapacity);
    add_ring(t, features, models, "feature_vector", kVectorCapacity);
    // Market before signals at risk: with ties the other order can deadlock on small rings.
    add_ring(t, feed, "risk", "market_event", kMarketCapacity);
    add_ring(t, models, "risk", "signal", kSignalCapacity);
    add_ring(t, feed, "exec", "market_event", kMarketCapacity);
  }
  t.stages.push_back(stage_of(StageKind::kRisk, "risk", 0));
  t.stages.push_back(stage_of(StageKind::kExec, "exec", 0));
  add_ring(t, "risk", "exec", "order_command", kOrderCapacity);
  add_ring(t, "exec", "risk", "exec_report", kReportCapacity);
  return t;
}

std::uint64_t largest_burst(StageKind kind) noexcept {
  switch (kind) {
    case StageKind::kFeed: return 256;
    case StageKind::kFeatures: return 1;
    case StageKind::kModels: return 1;
    case StageKind::kRisk: return 8;
    case StageKind::kExec: return 64;
  }
  return 1;
}

std::vector<std::string> topology_problems(const Topology& topology, bool recorded) {
  std::vector<std::string> problems;
  for (const RingSpec& r : topology.rings) {
    const std::string path = "rings." + r.name;
    std::uint64_t least = 1;
    for (const StageSpec& s : topology.stages) {
      if (s.name == r.producer) least = largest_burst(s.kind);
    }
    // risk keeps one burst free beside the commands in flight (protocol 5).
    if (r.type == "order_command") least = std::bit_ceil(2 * least);
    if (!std::has_single_bit(r.capacity) || r.capacity < least || r.capacity > kCapacityMax) {
      problems.push_back(path + ".capacity: found " + std::to_string(r.capacity) +
                         ", allowed a power of two from " + std::to_string(least) +
                         " (the largest burst of " + r.producer + ") to " +
                         std::to_string(kCapacityMax));
    }
    if (recorded && r.full == FullPolicy::kResync) {
      problems.push_back(path +
          ".full: found \"resync\", allowed is \"wait\" in a recorded session");
    }
    if (!recorded && r.full == FullPolicy::kWait && r.type == "market_event") {
      problems.push_back(path + ".full: found \"wait\", allowed is \"resync\" in a live session: "
                         "its feed never waits for a reader");
    }
    if (r.full == FullPolicy::kResync && r.type != "market_event") {
      problems.push_back(path + ".full: found \"resync\", which only market data rings allow");
    }
  }
  return problems;
}

}  // namespace pinstripe
