// The voting modes against a plain version written apart, with the C library's exp.
#include "models/ensemble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/models/booster.h"

namespace pinstripe {
namespace {

Vote vote(double p, double weight = 1, double loss = 0, double r = 2, std::int64_t horizon = 5) {
  return {true, p, weight, loss, r, horizon};
}

/// p and edge of the definition, over the votes for which `counts` holds.
struct Plain {
  double p = 0.5, edge = 0;
};
template <class Weight, class Counts>
Plain plain_mean(const std::vector<Vote>& votes, Weight weight, Counts counts) {
  double weights = 0, p = 0, r = 0;
  for (const Vote& v : votes) {
    if (!v.voted || !counts(v)) continue;
    weights += weight(v);
    p += weight(v) * v.probability;
    r += weight(v) * v.mean_abs_r_bps;
  }
  if (weights == 0) return {};
  return {p / weights, (2 * p / weights - 1) * r / weights};
}

std::vector<Vote> random_votes(TestRandom& random) {
  std::vector<Vote> votes(1 + random.next() % kMemberMax);
  for (Vote& v : votes) {
    v.voted = random.next() % 4 != 0;
    v.probability = random.uniform();
    v.weight = 0.1 + random.uniform();
    v.mean_log_loss = random.uniform();
    v.mean_abs_r_bps = 3 * random.uniform();
    v.horizon_ns = static_cast<std::int64_t>(random.next() % 10);
  }
  return votes;
}

TEST(Ensemble, EveryVotingModeEqualsItsPlainDefinition) {
  TestRandom random(4);
  const auto all = [](const Vote&) { return true; };
  for (int trial = 0; trial < 5'000; ++trial) {
    const auto votes = random_votes(random);
    std::int64_t voters = 0, up = 0, down = 0;
    for (const Vote& v : votes) {
      voters += v.voted;
      up += v.voted && v.probability > 0.5;
      down += v.voted && v.probability < 0.5;
    }
    const auto equal = [&](Voting mode, const Plain& right) {
      const Verdict sut = join_votes({mode, 0.0, 1, 4.0}, votes);
      EXPECT_NEAR(sut.probability, right.p, 1e-12);
      EXPECT_NEAR(sut.edge_bps, right.edge, 1e-12);
      return sut;
    };
    const auto by_weight = [](const Vote& v) { return v.weight; };
    equal(Voting::kFixed, plain_mean(votes, by_weight, all));
    equal(Voting::kPerformance,
          plain_mean(votes, [](const Vote& v) { return std::exp(-4.0 * v.mean_log_loss); }, all));
    equal(Voting::kConfidence,
          plain_mean(
              votes, [](const Vote& v) { return v.weight * std::fabs(2 * v.probability - 1); },
              all));
    const auto agreeing = [&](bool needed_up, bool needed_down) {
      if (needed_up) {
        return plain_mean(votes, by_weight, [](auto& v) { return v.probability > 0.5; });
      }
      if (needed_down) {
        return plain_mean(votes, by_weight, [](auto& v) { return v.probability < 0.5; });
      }
      return plain_mean(votes, by_weight, all);
    };
    const Verdict majority =
        equal(Voting::kMajority, agreeing(2 * up > voters, 2 * down > voters));
    const Verdict unanimous = equal(Voting::kUnanimous, agreeing(voters > 0 && up == voters,
                                                                 voters > 0 && down == voters));
    if (voters > 0) {
      EXPECT_EQ(majority.reason == NeutralReason::kNoMajority,
                !(2 * up > voters) && !(2 * down > voters));
      EXPECT_EQ(unanimous.direction, up == voters ? 1 : (down == voters ? -1 : 0));
    } else {
      EXPECT_EQ(majority.reason, NeutralReason::kTooFewVoters);
    }
  }
}

TEST(Ensemble, PerformanceVotingStartsFromEqualWeightsWhateverTheConfigSays) {
  const std::vector<Vote> votes{vote(0.8, 100), vote(0.6, 1)};
  EXPECT_NEAR(join_votes({Voting::kPerformance, 0, 1, 4}, votes).probability, 0.7, 1e-15);
}

TEST(Ensemble, TooFewVotersAreNeutralAndAbsentMembersDoNotCount) {
  std::vector<Vote> votes{vote(0.9), vote(0.9), vote(0.9)};
  votes[1].voted = false;
  EXPECT_EQ(join_votes({Voting::kFixed, 0, 2, 0}, votes).direction, 1);
  const Verdict sut = join_votes({Voting::kFixed, 0, 3, 0}, votes);
  EXPECT_EQ(sut.direction, 0);
  EXPECT_EQ(sut.reason, NeutralReason::kTooFewVoters);
  EXPECT_EQ(join_votes({Voting::kFixed, 0, 0, 0}, {}).reason, NeutralReason::kTooFewVoters);
}

TEST(Ensemble, ConfidenceBelowTheThresholdIsNeutralAtItIsNot) {
  const VotingRules rules{Voting::kFixed, 0.25, 1, 0};
  EXPECT_EQ(join_votes(rules, std::vector{vote(0.625)}).direction, 1);
  EXPECT_EQ(join_votes(rules, std::vector{vote(0.375)}).direction, -1);
  const Verdict sut = join_votes(rules, std::vector{vote(0.62)});
  EXPECT_EQ(sut.direction, 0);
  EXPECT_EQ(sut.reason, NeutralReason::kBelowThreshold);
  EXPECT_EQ(join_votes({Voting::kFixed, 0, 1, 0}, std::vector{vote(0.5)}).reason,
            NeutralReason::kBelowThreshold);
}

TEST(Ensemble, TheHorizonIsThatOfTheHeaviestVoterAndTheLongerOnATie) {
  const VotingRules rules{Voting::kFixed, 0, 1, 0};
  EXPECT_EQ(join_votes(rules, std::vector{vote(0.6, 1, 0, 1, 1), vote(0.6, 1, 0, 1, 5)}).horizon_ns,
            5);
  EXPECT_EQ(join_votes(rules, std::vector{vote(0.6, 2, 0, 1, 1), vote(0.6, 1, 0, 1, 5)}).horizon_ns,
            1);
}

}  // namespace
}  // namespace pinstripe
