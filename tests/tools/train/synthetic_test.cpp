// What can be known for sure only where the truth is known: the synthetic market.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "models/model_file.h"
#include "tools/train/trainer.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kHorizonNs = kNsPerSecond;
constexpr double kOracleBound = 0.02;  // of AUC, trading.md 4

SyntheticConfig market(double predictability, std::uint64_t seed) {
  SyntheticConfig c;
  c.seed = seed;
  c.rate_per_s = 400;
  c.duration_ns = 2'400 * kNsPerSecond;
  c.predictability = predictability;
  return c;
}

TrainOptions options() {
  TrainOptions o;
  o.members = {{ModelKind::kTrees, kHorizonNs}, {ModelKind::kLogistic, kHorizonNs}};
  o.fit_share = 0.5;
  o.calibrate_share = 0.1;
  return o;
}

Tape tape_of(const SyntheticConfig& config) {
  auto tape = build_synthetic_tape(config, {}, kHorizonNs);
  EXPECT_TRUE(tape) << tape.error().message;
  return std::move(*tape);
}

std::vector<TrainedMember> trained(const Tape& tape, const TrainOptions& o) {
  auto members = train(std::span(&tape, 1), o, FeaturesConfig{}, "test", [](const std::string&) {});
  EXPECT_TRUE(members) << members.error().message;
  return members ? std::move(*members) : std::vector<TrainedMember>{};
}

/// Standard error of an AUC of 0.5 over `n` independent labels (Hanley, McNeil 1982).
double auc_error(double n) { return std::sqrt(1 / (3 * n)); }

TEST(TrainOnSynthetic, a_market_that_nobody_can_predict_is_not_predicted) {
  const Tape tape = tape_of(market(0.0, 31));
  for (const TrainedMember& m : trained(tape, options())) {
    EXPECT_NEAR(m.evaluation.auc, 0.5, 3 * auc_error(m.evaluation.n_effective)) << m.model.name;
    EXPECT_FALSE(m.model.beats_baseline && m.evaluation.interval.against_prior.high < 0);
  }
}

TEST(TrainOnSynthetic, a_predictable_market_is_predicted_nearly_as_well_as_can_be) {
  const Tape tape = tape_of(market(1.0, 32));
  for (const TrainedMember& m : trained(tape, options())) {
    RecordProperty(m.model.name + "_auc", std::to_string(m.evaluation.auc));
    RecordProperty(m.model.name + "_oracle_auc", std::to_string(m.oracle_auc));
    EXPECT_GT(m.oracle_auc, 0.55);
    // Both ways: a member that knows more than the oracle has seen the future.
    EXPECT_NEAR(m.evaluation.auc, m.oracle_auc, kOracleBound) << m.model.name;
    EXPECT_GT(m.evaluation.deciles.back().mean_r_bps, m.evaluation.deciles.front().mean_r_bps);
  }
}

TEST(TrainOnSynthetic, the_shipped_demo_members_come_near_the_oracle_of_their_market) {
  for (const char* name : {"demo_trees_1s", "demo_trees_5s", "demo_mlp_5s"}) {
    const auto model = load_model(std::string("models/shipped/") + name + ".json");
    ASSERT_TRUE(model) << model.error().message;
    const auto judged = nlohmann::json::parse(model->evaluation);
    const auto oracle = judged.at("oracle_auc").get<double>();
    EXPECT_GT(oracle, 0.7) << name;
    EXPECT_NEAR(judged.at("model").at("auc").get<double>(), oracle, kOracleBound) << name;
    EXPECT_TRUE(model->beats_baseline) << name;
  }
}

TEST(TrainOnSynthetic, shuffled_labels_teach_nothing) {
  const Tape tape = tape_of(market(1.0, 33));
  TrainOptions o = options();
  o.shuffle_labels = true;
  for (const TrainedMember& m : trained(tape, o)) {
    // Coins are independent row by row, so every row counts.
    const auto rows = static_cast<double>(m.evaluation.moved);
    EXPECT_NEAR(m.evaluation.auc, 0.5, 3 * auc_error(rows));
    EXPECT_GT(m.evaluation.interval.against_prior.high, 0) << m.model.name;
  }
}

TEST(TrainOnSynthetic, the_same_market_gives_the_same_bytes) {
  SyntheticConfig config = market(1.0, 34);
  config.duration_ns = 600 * kNsPerSecond;
  TrainOptions o = options();
  o.members.push_back({ModelKind::kMlp, kHorizonNs});
  const Tape first = tape_of(config);
  const Tape second = tape_of(config);
  EXPECT_EQ(first.digest, second.digest);
  const auto a = trained(first, o);
  const auto b = trained(second, o);
  ASSERT_EQ(a.size(), 3u);
  ASSERT_EQ(b.size(), 3u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(*model_text(a[i].model), *model_text(b[i].model));
  }
}

TEST(TrainOnSynthetic, rows_up_to_a_cut_do_not_depend_on_what_comes_after) {
  SyntheticConfig whole = market(1.0, 35);
  whole.duration_ns = 60 * kNsPerSecond;
  SyntheticConfig cut = whole;
  cut.duration_ns = 25 * kNsPerSecond;
  const Tape longer = tape_of(whole);
  const Tape shorter = tape_of(cut);
  ASSERT_GT(shorter.rows.size(), 100u);
  ASSERT_GT(longer.rows.size(), shorter.rows.size());
  for (std::size_t i = 0; i < shorter.rows.size(); ++i) {
    ASSERT_EQ(shorter.rows[i].t, longer.rows[i].t);
    ASSERT_EQ(std::memcmp(shorter.rows[i].x.data(), longer.rows[i].x.data(),
                          sizeof shorter.rows[i].x), 0) << "row " << i;
  }
}

TEST(TrainOnSynthetic, too_little_data_is_refused_with_what_is_missing) {
  SyntheticConfig config = market(1.0, 36);
  config.duration_ns = 30 * kNsPerSecond;
  const Tape tape = tape_of(config);
  const auto members =
      train(std::span(&tape, 1), options(), FeaturesConfig{}, "x", [](const std::string&) {});
  ASSERT_FALSE(members);
  EXPECT_NE(members.error().message.find("give more data"), std::string::npos);
}

TEST(TrainMembers, are_read_from_text_and_refused_with_an_example) {
  const auto specs = parse_members("trees:1s,mlp:500ms");
  ASSERT_TRUE(specs);
  EXPECT_EQ((*specs)[0].name(), "trees_1s");
  EXPECT_EQ((*specs)[1].name(), "mlp_500ms");
  for (const char* wrong :
       {"", "tree:1s", "trees", "trees:", "trees:0s", "trees:5", "trees:99999s"}) {
    EXPECT_FALSE(parse_members(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace pinstripe
