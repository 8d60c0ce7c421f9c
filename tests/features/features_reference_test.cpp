// The stage against the plain reference, on random tapes and on a real capture.
#include <gtest/gtest.h>

#include "features/features_stage.h"
#include "tests/features/plain_capture.h"
#include "tests/features/plain_features.h"
#include "tests/features/tape.h"
#include "tests/support/data.h"
#include "tests/support/test_sink.h"

namespace pinstripe::test {
namespace {

// Values are floats (24 bits); what is left is their rounding and the cancellation of the formulas.
bool close_enough(double got, double want) {
  return std::fabs(got - want) <= 1e-6 * std::fabs(want) + 1e-7;
}

/// Runs stage and reference side by side and compares each `every`-th vector.
std::size_t compare(const std::vector<MarketEvent>& tape, const FeaturesConfig& config,
                    std::size_t every, std::vector<std::size_t>& compared_per_feature) {
  FeaturesStage sut(config);
  PlainFeatures reference(config.instruments[0].tick_e8, config.bar_ns);
  TestSink<FeatureVector> sink;
  std::size_t vectors = 0, wrong = 0;
  compared_per_feature.assign(kFeatureCount, 0);
  for (const MarketEvent& e : tape) {
    sink.entries.clear();
    sink.prepare(e.h.event_ns, &e.h);
    sut.on_event(e.h.event_ns, Input::message(&e.h), sink);
    const bool complete = reference.take(e.h.event_ns.value, e);
    EXPECT_EQ(sink.entries.size(), complete ? 1U : 0U);
    if (!complete || vectors++ % every != 0) continue;
    const FeatureVector& got = sink.entries[0].message;
    const Values want = reference.values(e.h.event_ns.value);
    for (const FeatureSpec& f : feature_registry()) {
      const auto found = want.find(std::string(f.name));
      const bool same =
          got.valid(f.id) == (found != want.end()) &&
          (found == want.end() ||
           close_enough(got.values[f.id], static_cast<double>(found->second)));
      compared_per_feature[f.id] += found != want.end();
      if (same || ++wrong > 10) continue;
      ADD_FAILURE() << f.name << " in vector " << vectors << ": got "
                    << (got.valid(f.id) ? std::to_string(got.values[f.id]) : "absent") << ", want "
                    << (found != want.end() ? std::to_string(found->second) : "absent");
    }
    EXPECT_EQ(got.context.minute_volume_lots.value, reference.minute_volume(e.h.event_ns.value));
    EXPECT_EQ(want.size(), static_cast<std::size_t>(__builtin_popcountll(got.valid_mask)));
  }
  return vectors;
}

TEST(FeaturesReference, EveryFeatureEqualsThePlainReferenceOnRandomTapes) {
  std::vector<std::size_t> total(kFeatureCount, 0), some;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto vectors = compare(TapeMaker(seed).make(5'000), test_config(), 7, some);
    EXPECT_GT(vectors, 4'000U);
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += some[i];
  }
  for (const FeatureSpec& f : feature_registry()) EXPECT_GT(total[f.id], 100U) << f.name;
}

TEST(FeaturesReference, EveryFeatureEqualsThePlainReferenceOnARealCapture) {
  PINSTRIPE_NEED_DATA(path, "binance_l2_raw/usdm_btcusdt_20240718.txt.gz");
  FeaturesConfig config = test_config();
  config.book_levels = 8'192;
  std::vector<std::size_t> some;
  const auto vectors = compare(plain_capture(path, 6'000, 1, 3), config, 40, some);
  EXPECT_GT(vectors, 1'000U);
}

}  // namespace
}  // namespace pinstripe::test
