// How the members' probabilities become one (trading.md 4). Pure arithmetic in a fixed order.
#pragma once

#include <cstdint>
#include <span>

#include "models/models_config.h"
#include "shm/msg/signal.h"

namespace pinstripe {

/// One member's say on one decision.
struct Vote {
  bool voted = false;
  double probability = 0.5;      // calibrated, of "up"
  double weight = 1.0;           // of the config
  double mean_log_loss = 0;      // of its labels resolved so far; 0 before the first
  double mean_abs_r_bps = 0;     // mean |r| of its horizon's labels resolved so far
  std::int64_t horizon_ns = 0;
};

struct VotingRules {
  Voting voting = Voting::kFixed;
  double threshold = 0;
  std::int64_t min_voters = 1;
  double eta = 0;
};

struct Verdict {
  double probability = 0.5;
  double edge_bps = 0;
  std::int64_t horizon_ns = 0;
  std::int8_t direction = 0;
  NeutralReason reason = NeutralReason::kNone;
};

/// p = Σ wᵢ pᵢ / Σ wᵢ over the members that voted, in member order.
/// - fixed: w = weight. performance: w = exp(-eta (L - least L)), L the mean log-loss; equal at
///   first (subtracting the least changes no ratio and keeps the exponent near 0). confidence: w =
///   weight · |2p - 1|; nobody confident gives 0.5.
/// - majority: more than half of the voters on one side of 0.5, p over those. unanimous: all on one
///   side. Without it: neutral (no_majority), p over all voters by weight.
/// edge = (2p - 1) · Σ wᵢ mean|r|ᵢ / Σ wᵢ over the same members. The horizon is that of the
/// heaviest of them, the longer on a tie. |2p - 1| below the threshold, or p = 0.5: neutral.
Verdict join_votes(const VotingRules& rules, std::span<const Vote> votes) noexcept;

}  // namespace pinstripe
