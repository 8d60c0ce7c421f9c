#include "tools/train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

std::vector<Forecast> random_rows(std::uint64_t seed, std::size_t count, double skill) {
  std::vector<Forecast> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double truth = to_unit_interval(random_draw(seed, 1, i, 0));
    const bool up = to_unit_interval(random_draw(seed, 2, i, 0)) < truth;
    // Rounded, so that many forecasts are equal.
    const double said = std::round(20 * (0.5 + skill * (truth - 0.5))) / 20;
    rows.push_back({std::min(0.99, std::max(0.01, said)), up});
  }
  return rows;
}

TEST(Metrics, auc_is_the_share_of_pairs_ranked_right) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto rows = random_rows(seed, 150, seed % 2 == 0 ? 1.0 : -0.6);
    double pairs = 0, right = 0;
    for (const Forecast& a : rows) {
      for (const Forecast& b : rows) {
        if (!a.up || b.up) continue;
        pairs += 1;
        right += a.probability > b.probability ? 1 : a.probability == b.probability ? 0.5 : 0;
      }
    }
    EXPECT_NEAR(auc(rows), right / pairs, 1e-12);
  }
}

TEST(Metrics, log_loss_and_brier_agree_with_their_formulas) {
  const auto rows = random_rows(3, 500, 0.8);
  double loss = 0, brier = 0;
  for (const Forecast& f : rows) {
    loss -= std::log(f.up ? f.probability : 1 - f.probability) / 500;
    brier += std::pow(f.probability - (f.up ? 1 : 0), 2) / 500;
  }
  EXPECT_NEAR(log_loss(rows), loss, 1e-12);
  EXPECT_NEAR(brier_score(rows), brier, 1e-12);
}

TEST(Metrics, nothing_to_rank_is_a_coin) {
  EXPECT_EQ(auc({}), 0.5);
  const std::vector<Forecast> ups{{0.2, true}, {0.9, true}};
  EXPECT_EQ(auc(ups), 0.5);
  EXPECT_EQ(log_loss({}), 0);
}

TEST(Metrics, reliability_of_honest_forecasts_lies_on_the_diagonal) {
  const auto bins = reliability(random_rows(5, 50'000, 1.0));
  std::int64_t count = 0;
  for (const ReliabilityBin& b : bins) {
    count += b.count;
    if (b.count > 1'000) {
      EXPECT_NEAR(b.share_up, b.mean_probability, 0.04);
    }
  }
  EXPECT_EQ(count, 50'000);
}

TEST(Metrics, bootstrap_intervals_hold_the_truth_and_widen_with_dependence) {
  const auto model = random_rows(11, 4'000, 1.0);
  std::vector<Forecast> prior = model, imbalance = model;
  for (Forecast& f : prior) f.probability = 0.5;
  for (Forecast& f : imbalance) f.probability = 0.5 + 0.3 * (f.probability - 0.5);
  std::vector<std::int64_t> own(model.size()), shared(model.size());
  for (std::size_t i = 0; i < model.size(); ++i) {
    own[i] = static_cast<std::int64_t>(i);
    shared[i] = static_cast<std::int64_t>(i / 100);
  }
  const Bootstrap b = block_bootstrap(model, prior, imbalance, own, 1, 400);
  EXPECT_LT(b.auc.low, auc(model));
  EXPECT_GT(b.auc.high, auc(model));
  EXPECT_LT(b.against_prior.high, 0);
  EXPECT_LT(b.against_imbalance.high, 0);
  EXPECT_EQ(b.blocks, 4'000);
  // Every row said a hundred times is no more evidence than one.
  std::vector<Forecast> repeated;
  for (std::size_t i = 0; i < model.size(); ++i) repeated.push_back(model[i / 100]);
  const Bootstrap blocks = block_bootstrap(repeated, prior, prior, shared, 1, 400);
  const Bootstrap naive = block_bootstrap(repeated, prior, prior, own, 1, 400);
  EXPECT_GT(blocks.auc.high - blocks.auc.low, 4 * (naive.auc.high - naive.auc.low));
}

TEST(Metrics, the_same_seed_gives_the_same_intervals) {
  const auto rows = random_rows(2, 300, 0.5);
  std::vector<std::int64_t> block(300);
  for (std::size_t i = 0; i < 300; ++i) block[i] = static_cast<std::int64_t>(i / 10);
  const Bootstrap a = block_bootstrap(rows, rows, rows, block, 4, 100);
  const Bootstrap b = block_bootstrap(rows, rows, rows, block, 4, 100);
  EXPECT_EQ(a.auc.low, b.auc.low);
  EXPECT_EQ(a.log_loss.high, b.log_loss.high);
  EXPECT_EQ(a.against_prior.low, 0);
}

}  // namespace
}  // namespace pinstripe
