// The models' state: saved and loaded at every index of a tape it goes on the same; its hash covers
// values alone.
#include <gtest/gtest.h>

#include "models/models_stage.h"
#include "tests/models/sample_models.h"
#include "tests/support/state_tape.h"

namespace pinstripe {
namespace {

ModelsConfig state_config() {
  ModelsConfig config;
  config.instruments.resize(2);
  config.threshold = 0;
  config.voting = Voting::kPerformance;
  config.label_delay_ns = 3 * kNsPerMs;
  for (const std::int64_t horizon_ns : {300 * kNsPerMs, kNsPerSecond}) {
    MemberConfig m;
    m.name = "h" + std::to_string(horizon_ns / kNsPerMs);
    m.cost_ns = 1'000;
    m.model = sample_logistic(m.name, {1, 0, 0.5F, 0}, 0);
    m.model.horizon_ns = horizon_ns;
    config.members.push_back(m);
  }
  return config;
}

/// Vectors of two instruments; now and then invalid, late, or of another registry.
std::vector<TapeMessage> tape_of(std::uint64_t seed, int steps) {
  TestRandom random(seed);
  std::vector<TapeMessage> tape;
  for (int i = 0; i < steps; ++i) {
    FeatureVector v;
    v.h.word = 2 * static_cast<std::uint64_t>(i) + 2;
    v.h.type = MsgType::kFeatureVector;
    v.h.instrument = static_cast<std::uint16_t>(i % 2);
    v.h.origin_ns = TimeNs(5'000 * kNsPerSecond + i * 41 * kNsPerMs);
    v.h.event_ns = v.h.origin_ns + TimeNs(i % 17 == 3 ? 40 * kNsPerMs : 10'000);
    v.registry_hash = i % 50 == 20 ? 1 : kTestRegistry;
    v.valid_mask = i % 23 == 4 ? 0x1 : 0xF;
    v.values = {random.bell(), random.bell(), random.bell(), random.bell()};
    const auto mid = 10'000 + static_cast<std::int64_t>(random.next() % 25);
    v.context.bid_ticks = PriceTicks(mid - 1);
    v.context.ask_ticks = PriceTicks(mid + 1);
    v.context.state = i % 60 < 3 ? BookState::kGap : BookState::kValid;
    tape.push_back(TapeMessage::of(v.h.event_ns.value, v));
  }
  return tape;
}

TEST(ModelsState, SavedAndLoadedAtEveryIndexGoesOnTheSame) {
  const auto tape = tape_of(41, 300);
  const ModelsConfig config = state_config();
  TapePlayer<ModelsStage> told(config, tape);
  for (std::size_t i = 0; i < tape.size(); ++i) told.play(i);
  EXPECT_GT(told.out.size(), 100U) << "the tape should decide often";
  const auto make = [&] { return std::make_unique<TapePlayer<ModelsStage>>(config, tape); };
  expect_same_after_a_load_anywhere(make, tape.size());
}

TEST(ModelsState, HashIsBlindToMeasurementStamps) {
  const auto tape = tape_of(42, 300);
  const auto stamped = with_other_stamps(tape);
  TapePlayer<ModelsStage> one(state_config(), tape), other(state_config(), stamped);
  expect_same_hashes(one, other, tape.size());
}

}  // namespace
}  // namespace pinstripe
