// Topology is data: which stage instances run and which rings lie between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pinstripe {

enum class StageKind : std::uint8_t { kFeed, kFeatures, kModels, kRisk, kExec };
inline constexpr const char* kStageKindNames[] = {"feed", "features", "models", "risk", "exec"};

/// What a producer does when a ring is full (design 5).
enum class FullPolicy : std::uint8_t { kWait, kResync };
enum class WaitStrategy : std::uint8_t { kAuto, kSpin, kYield, kPark };
inline constexpr const char* kWaitNames[] = {"auto", "spin", "yield", "park"};

struct RingSpec {
  std::string name;        // "<producer>.<consumer>"
  std::string type;        // message type: "market_event", "signal" ...
  std::string producer;    // stage instance names
  std::string consumer;
  std::uint16_t id = 0;    // index in Topology::rings; `cause_ring` names it
  std::uint64_t capacity = 4096;  // slots, power of two
  FullPolicy full = FullPolicy::kWait;
};

struct StageSpec {
  std::string name;        // instance: "feed", or "feed.btc" with several lanes
  StageKind kind = StageKind::kFeed;
  std::uint16_t lane = 0;
  int core = -1;           // -1: keep the inherited affinity
  WaitStrategy wait = WaitStrategy::kAuto;
  std::uint32_t batch_max = 64;
};

/// Rings of a consumer stand in the order in which ties are broken (protocol 4): upstream data
/// rings in this order, then timers, then the feedback ring (exec -> risk) or the orders ring (at
/// exec).
struct Topology {
  std::vector<StageSpec> stages;
  std::vector<RingSpec> rings;
};

}  // namespace pinstripe
