#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "models/member.h"
#include "models/models_config.h"
#include "tests/models/sample_models.h"

namespace pinstripe {
namespace {

class ModelFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("pinstripe-models-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string saved(const ModelFile& model) const {
    const std::string file = path(model.name + ".json");
    const auto ok = save_model(model, file);
    EXPECT_TRUE(ok.has_value()) << ok.error().message;
    return file;
  }
  std::filesystem::path folder_;
};

std::vector<float> sample_row(std::uint32_t features, std::uint64_t seed) {
  TestRandom random(seed);
  std::vector<float> row;
  for (std::uint32_t i = 0; i < features; ++i) {
    row.push_back(random.next() % 9 == 0 ? std::nanf("") : random.bell());
  }
  return row;
}

TEST_F(ModelFiles, SavedAndLoadedModelsGiveTheSameBits) {
  for (const ModelFile& model : {sample_trees("trees", 7), sample_mlp("mlp", 7, 5),
                                 sample_logistic("logistic", {0.1F, -0.2F, 1e-30F}, 0.3F)}) {
    const auto sut = load_model(saved(model));
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    EXPECT_EQ(*model_text(*sut), *model_text(model));
    EXPECT_EQ(sut->beats_baseline, true);
    EXPECT_EQ(sut->importance, model.importance);
    MemberConfig before, after;
    before.model = model;
    after.model = *sut;
    Member a(before, Isa::kPlain), b(after, Isa::kAvx512);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto row = sample_row(static_cast<std::uint32_t>(model.features.size()), seed);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(a.margin(row)),
                std::bit_cast<std::uint32_t>(b.margin(row)));
      EXPECT_EQ(a.probability(row), b.probability(row));
    }
  }
}

TEST_F(ModelFiles, TheBaseMarginOfTheFileWinsOverTheOneComputedWhileLoading) {
  ModelFile model = sample_trees("margin", 4);
  model.base_margin = 0.125F;
  const auto sut = load_model(saved(model));
  ASSERT_TRUE(sut.has_value());
  EXPECT_EQ(sut->trees.base_margin, 0.125F);
}

TEST_F(ModelFiles, MissingAndDamagedFilesAreRefusedWithTheirNameAndWhatToDo) {
  const auto missing = load_model(path("none.json"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("none.json"), std::string::npos);
  EXPECT_NE(missing.error().message.find("pinstripe train"), std::string::npos);

  const std::string good = *model_text(sample_mlp("mlp", 4, 3));
  const auto refused = [&](const std::string& from, const std::string& to,
                           const std::string& says) {
    std::string text = good;
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto sut = parse_model(text, "x.json");
    ASSERT_FALSE(sut.has_value()) << says;
    EXPECT_NE(sut.error().message.find(says), std::string::npos) << sut.error().message;
  };
  refused("\"pinstripe-model\"", "\"other\"", "format: found 'other'");
  refused("\"version\": 1", "\"version\": 2", "version: found 2, allowed 1 to 1");
  refused("\"kind\": \"mlp\"", "\"kind\": \"forest\"", "kind: found 'forest'");
  refused("\"horizon_ns\": 1000000000", "\"horizon_ns\": 5", "horizon_ns: found 5");
  refused("0x1234abcd5678ef01", "0x12", "registry_hash");
  refused("\"samples\": 5000", "\"samples\": -1", "training.samples");
  refused("\"kind\": \"platt\"", "\"kind\": \"magic\"", "calibration.kind");
  refused("\"beats_baseline\": true", "\"beats_baseline\": 1", "true or false");
  refused("\"outputs\": 3", "\"outputs\": 4", "weights");
  for (std::size_t cut = 0; cut + 2 < good.size(); cut += 7) {
    EXPECT_FALSE(parse_model(good.substr(0, cut), "cut").has_value());
  }
}

TEST_F(ModelFiles, AModelOfAnotherRegistryIsRefusedWithBothHashesAndTheFirstDifferentFeature) {
  const ModelFile model = sample_logistic("other", {1, 2, 3}, 0);
  const std::vector<std::string> names{"f0", "spread_bps", "f2"};
  EXPECT_TRUE(check_registry(model, kTestRegistry, names).has_value());
  const auto sut = check_registry(model, 0xAA, names);
  ASSERT_FALSE(sut.has_value());
  for (const char* says : {"0x1234abcd5678ef01", "0x00000000000000aa", "'f1'", "'spread_bps'",
                           "number 1", "'other'"}) {
    EXPECT_NE(sut.error().message.find(says), std::string::npos) << sut.error().message;
  }
}

ModelFile fold(const std::string& name, std::int64_t from_s, std::int64_t to_s) {
  ModelFile m = sample_logistic(name, {1, 2}, 0);
  m.train_from = TimeNs(from_s * kNsPerSecond);
  m.train_to = TimeNs(to_s * kNsPerSecond);
  return m;
}
TradedRange traded(std::int64_t from_s, std::int64_t to_s) {
  return {TimeNs(from_s * kNsPerSecond), TimeNs(to_s * kNsPerSecond), true};
}

TEST_F(ModelFiles, TheFoldThatHasNotSeenTheDayIsTaken) {
  const std::vector<ModelFile> folds{fold("a", 100, 200), fold("b", 300, 400)};
  EXPECT_EQ(choose_fold(folds, traded(150, 160), false)->index, 1U);
  EXPECT_EQ(choose_fold(folds, traded(350, 360), false)->index, 0U);
  EXPECT_EQ(choose_fold(folds, traded(200, 210), false)->index, 1U);  // both ends are seen
  EXPECT_EQ(choose_fold(folds, traded(500, 600), false)->index, 0U);
  EXPECT_EQ(choose_fold(folds, TradedRange{}, false)->index, 0U);
}

TEST_F(ModelFiles, AModelThatHasSeenTheDayIsRefusedUnlessInSampleIsAllowed) {
  const std::vector<ModelFile> folds{fold("a", 100, 200), fold("b", 150, 400)};
  const auto sut = choose_fold(folds, traded(160, 170), false);
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  EXPECT_NE(sut.error().message.find("--in-sample"), std::string::npos);
  const auto allowed = choose_fold(folds, traded(160, 170), true);
  ASSERT_TRUE(allowed.has_value());
  EXPECT_TRUE(allowed->in_sample);
}

TEST_F(ModelFiles, AnEnsembleIsLoadedWithItsFoldsAndDistinctNames) {
  ModelsConfig config;
  config.members.resize(2);
  config.members[0].folds = {saved(fold("a", 100, 200)), saved(fold("b", 300, 400))};
  config.members[1].folds = {saved(fold("b", 300, 400))};
  const std::vector<std::string> names{"f0", "f1"};
  const auto sut = load_members(config, kTestRegistry, names, traded(150, 160), false);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_FALSE(*sut);
  EXPECT_EQ(config.members[0].model.name, "b");
  EXPECT_EQ(config.members[0].name, "b");
  EXPECT_EQ(config.members[1].name, "b#1");
  EXPECT_FALSE(load_members(config, 7, names, traded(150, 160), false).has_value());
  EXPECT_FALSE(load_members(config, kTestRegistry, names, traded(310, 320), false).has_value());
  EXPECT_TRUE(*load_members(config, kTestRegistry, names, traded(310, 320), true));
}

TEST(Calibration, FollowsItsTableAndStaysInsideTheOpenInterval) {
  Calibration sut;
  EXPECT_EQ(calibrated(sut, 0.0), 0.5);
  EXPECT_NEAR(calibrated(sut, 2.0), 1 / (1 + std::exp(-2.0)), 1e-15);
  EXPECT_EQ(calibrated(sut, 1e9), 1 - kProbabilityMin);
  EXPECT_EQ(calibrated(sut, -1e9), kProbabilityMin);
  EXPECT_EQ(calibrated(sut, std::nan("")), 0.5);
  sut = {CalibrationKind::kPlatt, 0.5, 0.1, {}, {}};
  EXPECT_NEAR(calibrated(sut, 2.0), 1 / (1 + std::exp(-1.1)), 1e-15);
  sut = {CalibrationKind::kIsotonic, 1, 0, {-1, 0, 3}, {0.0, 0.4, 1.0}};
  EXPECT_EQ(calibrated(sut, -5), kProbabilityMin);
  EXPECT_NEAR(calibrated(sut, -0.5), 0.2, 1e-15);
  EXPECT_NEAR(calibrated(sut, 0.0), 0.4, 1e-15);
  EXPECT_NEAR(calibrated(sut, 1.0), 0.6, 1e-15);
  EXPECT_EQ(calibrated(sut, 3.0), 1 - kProbabilityMin);
}

TEST(DenseNet, AgreesWithAPlainDoubleNetworkAndTakesAbsentInputsAsTheMean) {
  const ModelFile model = sample_mlp("mlp", 21, 9);
  DenseNet sut(model);
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto row = sample_row(21, seed);
    double margin = model.layers[1].bias[0];
    for (std::size_t o = 0; o < 9; ++o) {
      double sum = model.layers[0].bias[o];
      for (std::size_t i = 0; i < 21; ++i) {
        if (std::isnan(row[i])) continue;
        const double z = (static_cast<double>(row[i]) - model.mean[i]) / model.scale[i];
        sum += model.layers[0].weights[o * 21 + i] * std::clamp(z, -8.0, 8.0);
      }
      margin += model.layers[1].weights[o] * std::tanh(sum);
    }
    EXPECT_NEAR(sut.margin(row), margin, 2e-5);
  }
}

TEST(DenseNet, InfiniteInputsAreClippedNotSpread) {
  DenseNet sut(sample_logistic("l", {1, 1}, 0.5F));
  const float row[2] = {std::numeric_limits<float>::infinity(), std::nanf("")};
  EXPECT_EQ(sut.margin(row), kStandardisedMax + 0.5F);
}

}  // namespace
}  // namespace pinstripe
