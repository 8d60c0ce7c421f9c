// Risk's state: saved and loaded at every index of a tape it goes on the same; its hash covers
// values alone, neither measurement stamps nor capacities.
#include <gtest/gtest.h>

#include <random>

#include "tests/risk/harness.h"
#include "tests/support/state_tape.h"

namespace pinstripe {
namespace {

using testing::Harness;

RiskConfig state_config() {
  RiskConfig config = Harness::base_config();
  config.instruments.push_back(testing::spot_instrument());
  config.instruments.push_back(testing::inverse_instrument());
  config.order_memory = 32;
  config.exec_id_memory = 32;
  config.limits.breaker_losses = 0;
  config.limits.breaker_rejects = 0;
  return config;
}

/// A venue that answers late and in any order, and fills in parts.
class LateVenue {
 public:
  LateVenue(Harness& h, std::mt19937_64& random) : h_(h), random_(random) {}

  void answer_one() {
    for (; seen_ < h_.count(); ++seen_) open_.push_back({h_.sink.entries[seen_].message, 0});
    if (open_.empty()) return;
    const std::size_t at = random_() % open_.size();
    Open order = open_[at];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    const OrderCommand& c = order.command;
    if (c.kind == CommandKind::kCancel) {
      h_.deliver(h_.answer(c, ExecKind::kCancelRejected, OrderState::kFilled));
    } else if (order.filled == 0 && random_() % 5 == 0) {
      h_.close_unfilled(c, ExecKind::kRejected, c.number);
    } else {
      fill(order);
    }
  }

 private:
  struct Open {
    OrderCommand command;
    std::int64_t filled;
  };
  void fill(Open order) {
    const OrderCommand& c = order.command;
    if (order.filled == 0) h_.accept(c);
    const std::int64_t left = c.qty_lots.value - order.filled;
    const std::int64_t part = left > 1 && random_() % 3 == 0 ? left / 2 : left;
    order.filled += part;
    h_.deliver(h_.make_fill(c, part, order.filled));
    if (order.filled < c.qty_lots.value) open_.push_back(order);
  }
  Harness& h_;
  std::mt19937_64& random_;
  std::vector<Open> open_;
  std::size_t seen_ = 0;
};

/// All that a random market and a late venue told the stage.
std::vector<TapeMessage> tape_of(const RiskConfig& config, std::uint64_t seed, int steps) {
  std::vector<TapeMessage> tape;
  Harness h(config);
  h.tape = &tape;
  std::mt19937_64 random(seed);
  LateVenue venue(h, random);
  const auto draw = [&](std::uint64_t n) { return random() % n; };
  for (int i = 0; i < steps; ++i) {
    h.advance(static_cast<std::int64_t>(draw(300)) * testing::kMs);
    const auto instrument = static_cast<std::uint16_t>(draw(3));
    const auto price = 500'000 + static_cast<std::int64_t>(draw(2'000));
    switch (draw(9)) {
      case 0: h.book(draw(3) == 0 ? BookState::kGap : BookState::kValid, instrument); break;
      case 1:
      case 2: h.ready(price, instrument); break;
      case 3: h.mark(price * 10'000'000, instrument); break;
      case 4:
      case 5:
      case 6: h.signal(0.3 + 0.05 * static_cast<double>(draw(9)), instrument); break;
      default: break;
    }
    if (draw(3) != 0) venue.answer_one();
  }
  EXPECT_GT(h.sut.core().orders().last_decision(), config.order_memory) << "no slot came twice";
  return tape;
}

TEST(RiskState, SavedAndLoadedAtEveryIndexGoesOnTheSame) {
  for (const std::uint64_t seed : {51, 52}) {
    const RiskConfig config = state_config();
    const auto tape = tape_of(config, seed, 700);
    const auto make = [&] { return std::make_unique<TapePlayer<RiskStage>>(config, tape); };
    expect_same_after_a_load_anywhere(make, tape.size());
  }
}

TEST(RiskState, HashIsBlindToMeasurementStamps) {
  const auto tape = tape_of(state_config(), 53, 700);
  const auto stamped = with_other_stamps(tape);
  TapePlayer<RiskStage> one(state_config(), tape), other(state_config(), stamped);
  expect_same_hashes(one, other, tape.size());
}

TEST(RiskState, HashIsBlindToCapacities) {
  RiskConfig larger = state_config();
  larger.order_memory *= 16;
  const auto tape = tape_of(state_config(), 54, 900);
  TapePlayer<RiskStage> one(state_config(), tape), other(larger, tape);
  expect_same_hashes(one, other, tape.size());
}

TEST(RiskState, HashOfTheOrdersIsBlindToTheCapacityOfTheirTable) {
  OrderTable small(4), large(64);
  for (OrderTable* table : {&small, &large}) {
    for (int decision = 1; decision <= 5; ++decision) {
      WorkingOrder& o = table->add();
      if (decision < 3) table->remove(o);  // 3 lives on; 5 stands in front of it in four slots
    }
  }
  StateWriter a, b;
  small.save(a);
  large.save(b);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(small.used(), 3U);
}

}  // namespace
}  // namespace pinstripe
