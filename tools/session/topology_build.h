// The topology of a session: which stages run and which rings lie between them, from its lanes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/msg/topology.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Instance name of a stage: "feed" in a session of one unnamed lane, else "feed.btc".
std::string stage_name(StageKind kind, const LanePlan& lane);

/// Stages and rings of `lanes`, each lane a feed -> features -> models chain, into one risk and one
/// exec. Rings of one consumer stand in its tie order (protocol 4): at risk lane by lane market
/// then signals, last the reports; at exec the market rings lane by lane, last the orders.
Topology build_topology(std::span<const LanePlan> lanes);

/// Most messages one turn of `kind` writes to one ring; a ring must hold at least that.
std::uint64_t largest_burst(StageKind kind) noexcept;

/// What is wrong with the sizes and policies, one line each, path first; empty where all is right.
/// `recorded` sessions know no resync; in live ones market data rings know nothing else.
std::vector<std::string> topology_problems(const Topology& topology, bool recorded);

}  // namespace pinstripe
