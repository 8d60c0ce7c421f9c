#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "features/registry.h"
#include "models/dense.h"
#include "models/member.h"
#include "shm/base/hash.h"
#include "tools/train/calibrate.h"
#include "tools/train/fit_dense.h"
#include "tools/train/fit_trees.h"
#include "tools/train/metrics.h"
#include "tools/train/mirror.h"

namespace pinstripe {
namespace {

constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();
double unit(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  return to_unit_interval(random_draw(seed, a, b, 0));
}

/// Outcomes follow a known margin of the inputs; the last input is never there.
Dataset known_data(std::uint64_t seed, std::size_t rows, double (*margin)(const float*)) {
  Dataset data;
  data.inputs = 5;
  for (std::size_t r = 0; r < rows; ++r) {
    float x[5];
    for (std::size_t i = 0; i < 4; ++i) {
      x[i] = static_cast<float>(4 * (unit(seed, i, r) - 0.5)) * static_cast<float>(i + 1);
      if (unit(seed, 10 + i, r) < 0.02) x[i] = kAbsent;
    }
    x[4] = kAbsent;
    float known[5];
    for (int i = 0; i < 5; ++i) known[i] = x[i] == x[i] ? x[i] : 0;
    data.add(x, unit(seed, 99, r) < 1 / (1 + std::exp(-margin(known))));
  }
  return data;
}

double straight(const float* x) { return 0.9 * x[0] - 0.4 * x[1]; }
double bent(const float* x) { return (x[0] > 0) == (x[1] > 0) ? 1.2 : -1.2; }

ModelFile blank(ModelKind kind) {
  ModelFile m;
  m.name = "test";
  m.kind = kind;
  m.horizon_ns = kNsPerSecond;
  m.features = {"a", "b", "c", "d", "e"};
  m.training_samples = 1'000;
  m.train_to = TimeNs(1);
  return m;
}

/// Out-of-sample AUC through the code that trades.
double judged(const ModelFile& model, double (*margin)(const float*)) {
  auto text = model_text(model);
  EXPECT_TRUE(text) << text.error().message;
  auto read = parse_model(*text, "test");
  EXPECT_TRUE(read) << read.error().message;
  MemberConfig config;
  config.model = *read;
  Member member(config, Isa::kAvx512);
  const Dataset test = known_data(77, 4'000, margin);
  std::vector<Forecast> rows;
  for (std::size_t r = 0; r < test.rows(); ++r) {
    rows.push_back({member.probability(test.row(r)), test.up[r] != 0});
  }
  return auc(rows);
}

double best_auc(double (*margin)(const float*)) {
  const Dataset test = known_data(77, 4'000, margin);
  std::vector<Forecast> rows;
  for (std::size_t r = 0; r < test.rows(); ++r) {
    float known[5];
    for (std::size_t i = 0; i < 5; ++i) {
      const float v = test.row(r)[i];
      known[i] = v == v ? v : 0;
    }
    rows.push_back({margin(known), test.up[r] != 0});
  }
  return auc(rows);
}

TEST(FitTrees, find_what_there_is_to_find_and_carry_it_to_the_evaluator) {
  const Dataset data = known_data(1, 8'000, bent);
  ModelFile model = blank(ModelKind::kTrees);
  ASSERT_TRUE(fit_trees(data, {}, model));
  EXPECT_GT(judged(model, bent), best_auc(bent) - 0.02);
  ASSERT_FALSE(model.importance.empty());
  EXPECT_TRUE(model.importance[0].first == "a" || model.importance[0].first == "b")
      << model.importance[0].first << " " << model.importance[0].second;
}

TEST(FitTrees, write_the_same_bytes_every_time) {
  const Dataset data = known_data(2, 3'000, straight);
  ModelFile a = blank(ModelKind::kTrees), b = blank(ModelKind::kTrees);
  ASSERT_TRUE(fit_trees(data, {}, a));
  ASSERT_TRUE(fit_trees(data, {}, b));
  EXPECT_EQ(*model_text(a), *model_text(b));
}

TEST(FitMlp, bends_where_a_line_cannot) {
  const Dataset data = known_data(3, 8'000, bent);
  ModelFile net = blank(ModelKind::kMlp), line = blank(ModelKind::kLogistic);
  DenseOptions options;
  options.epochs = 60;
  options.ridge = 1e-3;
  options.hidden = 12;
  fit_mlp(data, options, net);
  fit_logistic(data, options, line);
  EXPECT_GT(judged(net, bent), best_auc(bent) - 0.04);
  EXPECT_LT(judged(line, bent), 0.55);
}

TEST(FitMlp, writes_the_same_bytes_for_one_seed_and_others_for_another) {
  const Dataset data = known_data(4, 2'000, straight);
  ModelFile a = blank(ModelKind::kMlp), b = a, c = a;
  DenseOptions other;
  other.seed = 2;
  fit_mlp(data, {}, a);
  fit_mlp(data, {}, b);
  fit_mlp(data, other, c);
  EXPECT_EQ(*model_text(a), *model_text(b));
  EXPECT_NE(*model_text(a), *model_text(c));
}

TEST(FitLogistic, finds_the_weights_that_made_the_data) {
  const Dataset data = known_data(5, 40'000, straight);
  ModelFile model = blank(ModelKind::kLogistic);
  DenseOptions options;
  options.ridge = 0;
  fit_logistic(data, options, model);
  const DenseLayer& layer = model.layers.front();
  EXPECT_NEAR(layer.weights[0] / model.scale[0], 0.9, 0.05);
  EXPECT_NEAR(layer.weights[1] / model.scale[1], -0.4, 0.03);
  EXPECT_NEAR(layer.weights[2] / model.scale[2], 0.0, 0.02);
  EXPECT_EQ(layer.weights[4], 0);  // never present
  EXPECT_GT(judged(model, straight), best_auc(straight) - 0.01);
}

TEST(FitLine, finds_slope_and_intercept) {
  std::vector<double> x;
  std::vector<std::uint8_t> up;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    x.push_back(2 * unit(6, 0, i) - 1);
    up.push_back(unit(6, 1, i) < 1 / (1 + std::exp(-(1.5 * x.back() + 0.3))) ? 1 : 0);
  }
  const LineFit fit = fit_line(x, up);
  EXPECT_NEAR(fit.a, 1.5, 0.06);
  EXPECT_NEAR(fit.b, 0.3, 0.04);
}

TEST(Calibrate, platt_finds_how_much_too_sure_a_model_is) {
  std::vector<Scored> rows;
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    const double truth = 4 * (unit(7, 0, i) - 0.5);
    rows.push_back({3 * truth, unit(7, 1, i) < 1 / (1 + std::exp(-truth))});
  }
  EXPECT_NEAR(fit_platt(rows).a, 1.0 / 3, 0.02);
  EXPECT_EQ(fit_platt(rows).b, 0);
}

TEST(Calibrate, a_model_that_ranks_the_wrong_way_round_gets_no_say) {
  std::vector<Scored> rows;
  for (int i = 0; i < 1'000; ++i) rows.push_back({i % 2 == 0 ? 1.0 : -1.0, i % 2 != 0});
  const Calibration c = fit_platt(rows);
  EXPECT_EQ(c.a, 0);
  EXPECT_EQ(calibrated(c, 5.0), 0.5);
}

TEST(Calibrate, isotonic_rises_and_is_its_own_mirror_image) {
  std::vector<Scored> rows;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double m = 6 * (unit(8, 0, i) - 0.5);
    rows.push_back({m, unit(8, 1, i) < (m > 1 ? 0.8 : m < -1 ? 0.2 : 0.5)});
  }
  const Calibration c = fit_isotonic(rows);
  for (std::size_t i = 1; i < c.margins.size(); ++i) {
    EXPECT_GT(c.margins[i], c.margins[i - 1]);
    EXPECT_GE(c.probabilities[i], c.probabilities[i - 1]);
  }
  EXPECT_NEAR(calibrated(c, 2.5), 0.8, 0.03);
  EXPECT_NEAR(calibrated(c, 2.5) + calibrated(c, -2.5), 1.0, 0.02);
  EXPECT_NEAR(calibrated(c, 0.3), 0.5, 0.03);
}

TEST(Mirror, twice_is_the_row_itself) {
  std::vector<float> row(kFeatureCount), image(kFeatureCount), again(kFeatureCount);
  for (std::size_t i = 0; i < kFeatureCount; ++i) row[i] = 0.25F * static_cast<float>(i) - 3;
  row[3] = kAbsent;
  mirror_row(row, image);
  mirror_row(image, again);
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    if (i == 3) {
      EXPECT_NE(again[i], again[i]);
    } else {
      EXPECT_EQ(again[i], row[i]) << feature_registry()[i].name;
    }
  }
}

TEST(Mirror, fitting_rows_and_images_leaves_no_direction_in_what_has_none) {
  // A rising hour: 90 % of rows go up, whatever the inputs say.
  Dataset data;
  data.inputs = kFeatureCount;
  std::vector<float> row(kFeatureCount), image(kFeatureCount);
  for (std::uint64_t r = 0; r < 3'000; ++r) {
    for (std::size_t i = 0; i < kFeatureCount; ++i) row[i] = static_cast<float>(unit(9, i, r));
    mirror_row(row, image);
    const bool up = unit(9, 1'000, r) < 0.9;
    data.add(row, up);
    data.add(image, !up);
  }
  ModelFile model = blank(ModelKind::kLogistic);
  model.features = feature_names();
  fit_logistic(data, {}, model);
  EXPECT_NEAR(model.layers.front().weights[kSpreadBps], 0, 1e-6);
  EXPECT_NEAR(model.layers.front().weights[kAtr14Bps], 0, 1e-6);
}

}  // namespace
}  // namespace pinstripe
