#include "models/ensemble.h"

#include "shm/base/check.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

double size_of_opinion(double p) noexcept {
  const double lean = 2.0 * p - 1.0;
  return lean < 0 ? -lean : lean;
}
int side_of(double p) noexcept { return p > 0.5 ? 1 : (p < 0.5 ? -1 : 0); }

double least_loss(std::span<const Vote> votes) noexcept {
  double least = 0;
  bool first = true;
  for (const Vote& v : votes) {
    if (!v.voted) continue;
    if (first || v.mean_log_loss < least) least = v.mean_log_loss;
    first = false;
  }
  return least;
}

double weight_of(const VotingRules& rules, const Vote& v, double least) noexcept {
  switch (rules.voting) {
    case Voting::kPerformance: return exp_fixed(-rules.eta * (v.mean_log_loss - least));
    case Voting::kConfidence: return v.weight * size_of_opinion(v.probability);
    case Voting::kFixed:
    case Voting::kMajority:
    case Voting::kUnanimous: break;
  }
  return v.weight;
}

/// Weighted means over the voters; `side` 0 takes all of them, else only those on that side.
struct Mean {
  double probability = 0.5;
  double abs_r_bps = 0;
  std::int64_t horizon_ns = 0;
};
Mean mean_over(const VotingRules& rules, std::span<const Vote> votes, int side) noexcept {
  const double least = least_loss(votes);
  double weights = 0, p = 0, r = 0, heaviest = -1;
  Mean mean;
  for (const Vote& v : votes) {
    if (!v.voted || (side != 0 && side_of(v.probability) != side)) continue;
    const double w = weight_of(rules, v, least);
    weights = weights + w;
    p = p + w * v.probability;
    r = r + w * v.mean_abs_r_bps;
    if (w > heaviest || (w == heaviest && v.horizon_ns > mean.horizon_ns)) {
      heaviest = w;
      mean.horizon_ns = v.horizon_ns;
    }
  }
  if (weights > 0) {
    mean.probability = p / weights;
    mean.abs_r_bps = r / weights;
  }
  return mean;
}

/// The side that the voters agree on under majority or unanimous voting; 0 where they do not.
int agreed_side(const VotingRules& rules, std::span<const Vote> votes) noexcept {
  std::int64_t voters = 0, up = 0, down = 0;
  for (const Vote& v : votes) {
    if (!v.voted) continue;
    ++voters;
    up += side_of(v.probability) > 0 ? 1 : 0;
    down += side_of(v.probability) < 0 ? 1 : 0;
  }
  const bool all = rules.voting == Voting::kUnanimous;
  if (all ? up == voters : 2 * up > voters) return 1;
  if (all ? down == voters : 2 * down > voters) return -1;
  return 0;
}

}  // namespace

Verdict join_votes(const VotingRules& rules, std::span<const Vote> votes) noexcept {
  std::int64_t voters = 0;
  for (const Vote& v : votes) voters += v.voted ? 1 : 0;
  const bool by_count = rules.voting == Voting::kMajority || rules.voting == Voting::kUnanimous;
  const int side = by_count && voters > 0 ? agreed_side(rules, votes) : 0;
  const Mean mean = mean_over(rules, votes, side);

  Verdict out;
  out.probability = mean.probability;
  out.edge_bps = (2.0 * mean.probability - 1.0) * mean.abs_r_bps;
  out.horizon_ns = mean.horizon_ns;
  const std::int64_t needed = rules.min_voters > 1 ? rules.min_voters : 1;
  if (voters < needed) {
    out.reason = NeutralReason::kTooFewVoters;
  } else if (by_count && side == 0) {
    out.reason = NeutralReason::kNoMajority;
  } else if (side_of(out.probability) == 0 ||
             size_of_opinion(out.probability) < rules.threshold) {
    out.reason = NeutralReason::kBelowThreshold;
  } else {
    out.direction = static_cast<std::int8_t>(side_of(out.probability));
  }
  return out;
}

}  // namespace pinstripe
