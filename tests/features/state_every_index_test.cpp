// The features' state: saved and loaded at every index of a tape it goes on the same, although
// sums, bar statistics and Roll's spread are computed afresh by a load; its hash covers values.
#include <gtest/gtest.h>

#include "features/features_stage.h"
#include "tests/features/tape.h"
#include "tests/support/state_tape.h"

namespace pinstripe::test {
namespace {

FeaturesConfig state_config() {
  FeaturesConfig c = test_config();
  c.book_levels = 128;
  c.trade_capacity = 256;
  c.update_capacity = 128;  // small enough that windows lose entries
  return c;
}

std::vector<TapeMessage> tape_of(std::uint64_t seed, std::size_t messages) {
  std::vector<TapeMessage> tape;
  for (const MarketEvent& e : TapeMaker(seed).make(messages)) {
    tape.push_back(TapeMessage::of(e.h.event_ns.value, e));
  }
  return tape;
}

TEST(FeaturesState, SavedAndLoadedAtEveryIndexGoesOnTheSame) {
  const auto tape = tape_of(31, 170);
  const FeaturesConfig config = state_config();
  const auto make = [&] { return std::make_unique<TapePlayer<FeaturesStage>>(config, tape); };
  expect_same_after_a_load_anywhere(make, tape.size());
}

TEST(FeaturesState, SavedAndLoadedAlongALongTapeGoesOnTheSame) {
  // Long enough for every window, bar statistic and bucket; loaded at every index, one step each.
  const auto tape = tape_of(32, 3'000);
  const FeaturesConfig config = state_config();
  TapePlayer<FeaturesStage> whole(config, tape);
  const auto make = [&] { return std::make_unique<TapePlayer<FeaturesStage>>(config, tape); };
  auto relay = make();
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    whole.play(i);
    relay->play(i);
    out.insert(out.end(), relay->out.begin(), relay->out.end());
    const auto state = saved_state(relay->sut);
    if (i % 64 == 0) {
      ASSERT_EQ(state, saved_state(whole.sut)) << "at " << i;
    }
    relay = resumed(make, state);
  }
  EXPECT_EQ(out, whole.out);
  EXPECT_EQ(relay->sut.state_hash(), whole.sut.state_hash());
}

TEST(FeaturesState, HashIsBlindToMeasurementStamps) {
  const auto tape = tape_of(33, 200);
  const auto stamped = with_other_stamps(tape);
  TapePlayer<FeaturesStage> one(state_config(), tape), other(state_config(), stamped);
  expect_same_hashes(one, other, tape.size());
}

TEST(FeaturesState, HashIsBlindToCapacitiesThatHold) {
  const auto tape = tape_of(34, 200);
  FeaturesConfig larger = test_config();
  larger.trade_capacity *= 2;
  larger.book_levels *= 2;
  TapePlayer<FeaturesStage> one(test_config(), tape), other(larger, tape);
  expect_same_hashes(one, other, tape.size());
}

}  // namespace
}  // namespace pinstripe::test
