#include "models/models_stage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>

#include "tests/models/sample_models.h"
#include "tests/support/test_sink.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kMs = kNsPerMs;
constexpr std::int64_t kStart = 5'000 * kNsPerSecond;

/// A logistic member whose probability is 1 / (1 + e^-value of feature 0).
MemberConfig member(const std::string& name, std::int64_t horizon_ns = kNsPerSecond,
                    std::int64_t cost_ns = 1'000) {
  MemberConfig m;
  m.name = name;
  m.cost_ns = cost_ns;
  m.model = sample_logistic(name, {1, 0, 0, 0}, 0);
  m.model.horizon_ns = horizon_ns;
  return m;
}

ModelsConfig config_of(std::vector<MemberConfig> members, std::size_t instruments = 1) {
  ModelsConfig config;
  config.members = std::move(members);
  config.instruments.resize(instruments);
  config.threshold = 0;
  return config;
}

FeatureVector vector_at(std::int64_t t_ns, float first = 1, std::int64_t mid2 = 20'000) {
  FeatureVector v;
  v.h.type = MsgType::kFeatureVector;
  v.h.instrument = 0;
  v.h.origin_ns = TimeNs(kStart + t_ns);
  v.h.event_ns = v.h.origin_ns;
  v.registry_hash = kTestRegistry;
  v.valid_mask = 0xF;
  v.values = {first, 0.5F, 0.25F, 0.125F};
  v.context.bid_ticks = PriceTicks(mid2 / 2 - 1);
  v.context.ask_ticks = PriceTicks(mid2 - mid2 / 2 + 1);
  v.context.state = BookState::kValid;
  return v;
}

/// Feeds the stage as the runner does.
struct Driver {
  explicit Driver(const ModelsConfig& config) : stage(config) {}
  std::optional<Signal> feed(const FeatureVector& v, std::int64_t age_ns = 0) {
    const TimeNs now(v.h.origin_ns.value + age_ns);
    sink.entries.clear();
    sink.prepare(now, &v.h);
    stage.on_event(now, Input::message(&v.h), sink);
    if (sink.entries.empty()) return std::nullopt;
    return sink.entries.front().message;
  }
  std::int64_t counter(const std::string& name) const {
    const auto names = stage.counter_names();
    EXPECT_EQ(names.size(), stage.counters().size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return stage.counters()[i];
    }
    ADD_FAILURE() << "no counter " << name;
    return -1;
  }
  ModelsStage stage;
  TestSink<Signal> sink;
};

TEST(ModelsStage, DecidesAtTheFirstVectorAtOrPastEachBoundaryAndSendsNeutralSignalsToo) {
  auto config = config_of({member("a")});
  config.threshold = 0.9;
  Driver sut(config);
  std::vector<std::int64_t> decided;
  for (const std::int64_t t : {7, 50, 99, 100, 101, 350, 399, 400, 1'234, 1'299, 1'300}) {
    if (sut.feed(vector_at(t * kMs))) decided.push_back(t);
  }
  EXPECT_EQ(decided, (std::vector<std::int64_t>{7, 100, 350, 400, 1'234, 1'300}));
  EXPECT_EQ(sut.counter("vectors"), 11);
  EXPECT_EQ(sut.counter("signals"), 6);
  EXPECT_EQ(sut.counter("neutral.below_threshold"), 6);
}

TEST(ModelsStage, ASignalsHashOfInputsTellsWhatTheVectorWasMadeOf) {
  const auto hash_of = [](std::uint64_t told) {
    Driver sut(config_of({member("a")}));
    FeatureVector vector = vector_at(0);
    vector.told_hash = told;
    return sut.feed(vector)->inputs_hash;
  };
  EXPECT_EQ(hash_of(1), hash_of(1));
  EXPECT_NE(hash_of(1), hash_of(2));
}

TEST(ModelsStage, IntervalZeroDecidesOnEveryVector) {
  auto config = config_of({member("a")});
  config.decision_interval_ns = 0;
  Driver sut(config);
  for (int i = 0; i < 20; ++i) {
    const auto signal = sut.feed(vector_at(i));
    ASSERT_TRUE(signal.has_value());
    EXPECT_EQ(signal->decision, static_cast<std::uint64_t>(i + 1));
  }
}

TEST(ModelsStage, ASignalCarriesContextProbabilityEdgeVotersAndAges) {
  Driver sut(config_of({member("a"), member("b", 5 * kNsPerSecond)}));
  const auto signal = sut.feed(vector_at(0, 1.0F));
  ASSERT_TRUE(signal.has_value());
  const double p = 1 / (1 + std::exp(-1.0));
  EXPECT_NEAR(signal->probability, p, 1e-12);
  EXPECT_NEAR(signal->confidence, 2 * p - 1, 1e-12);
  EXPECT_NEAR(signal->edge_bps, (2 * p - 1) * 1.5, 1e-12);
  EXPECT_EQ(signal->direction, 1);
  EXPECT_EQ(signal->horizon_ns, 5 * kNsPerSecond);
  EXPECT_EQ(signal->voters, 3);
  EXPECT_EQ(signal->members, 2);
  EXPECT_EQ(signal->model_age_s[0], 3'000U);
  EXPECT_EQ(signal->context.ask_ticks.value, 10'001);
  EXPECT_EQ(signal->reason, 0);
  EXPECT_EQ(signal->flags & kSignalCalibrated, 0);
  EXPECT_EQ(sut.counter("oldest_model_age_s"), 3'000);
}

TEST(ModelsStage, AMemberForWhichTheBudgetHasNoRoomIsLeftOut) {
  auto config = config_of({member("a", kNsPerSecond, 400), member("b", kNsPerSecond, 500),
                           member("c", kNsPerSecond, 90)});
  config.budget_ns = 1'000;
  config.decision_interval_ns = 0;
  Driver sut(config);
  EXPECT_EQ(sut.feed(vector_at(0), 10)->voters, 0b111);   // 10 + 400 + 500 + 90 = 1000 fits
  const auto late = sut.feed(vector_at(1), 11);           // c would end at 1001
  EXPECT_EQ(late->voters, 0b011);
  EXPECT_EQ(late->left_out, 0b100);
  const auto later = sut.feed(vector_at(2), 200);         // b would end at 1100; c fits again
  EXPECT_EQ(later->voters, 0b101);
  EXPECT_EQ(later->left_out, 0b010);
  EXPECT_EQ(later->member_probability[1], 0.0F);
  const auto last = sut.feed(vector_at(3), 1'000);
  EXPECT_EQ(last->voters, 0);
  EXPECT_EQ(last->reason, static_cast<std::uint8_t>(NeutralReason::kTooFewVoters));
  EXPECT_EQ(sut.counter("member.c.left_out"), 2);
  EXPECT_EQ(sut.counter("member.c.votes"), 2);
}

TEST(ModelsStage, AnInvalidBookAndColdFeaturesAreNeutral) {
  auto config = config_of({member("a")});
  config.decision_interval_ns = 0;
  Driver sut(config);
  for (const BookState state : {BookState::kEmpty, BookState::kWarming, BookState::kGap,
                                BookState::kCrossed, BookState::kStale, BookState::kDropped,
                                BookState::kHalted}) {
    auto v = vector_at(0);
    v.context.state = state;
    const auto signal = sut.feed(v);
    EXPECT_EQ(signal->reason, static_cast<std::uint8_t>(NeutralReason::kBookInvalid));
    EXPECT_EQ(signal->direction, 0);
    EXPECT_EQ(signal->probability, 0.5);
  }
  auto v = vector_at(1);
  v.valid_mask = 1;
  EXPECT_EQ(sut.feed(v)->reason, static_cast<std::uint8_t>(NeutralReason::kWarmingUp));
  EXPECT_EQ(sut.counter("neutral.book_invalid"), 7);
  EXPECT_EQ(sut.counter("neutral.warming_up"), 1);
}

TEST(ModelsStage, AMemberWithFewSamplesNeverVotes) {
  auto few = member("few");
  few.model.training_samples = kVotingSamplesMin - 1;
  auto enough = member("enough");
  enough.model.training_samples = kVotingSamplesMin;
  Driver sut(config_of({few, enough}));
  EXPECT_EQ(sut.feed(vector_at(0))->voters, 0b10);
  EXPECT_EQ(sut.counter("member.few.too_few_samples"), 1);
}

TEST(ModelsStage, AnAbsentFeatureIsTheMeanForDenseModels) {
  Driver sut(config_of({member("a")}));
  auto v = vector_at(0, 3.0F);
  v.valid_mask = 0b1110;
  EXPECT_EQ(sut.feed(v)->probability, 0.5);
}

/// Mean |r| and log-loss of one member by brute force over a recorded tape.
struct Tape {
  std::vector<std::int64_t> t_ns, mid2;
  std::vector<bool> valid;
  std::int64_t mid_at(std::int64_t t) const {
    std::int64_t mid = -1;
    for (std::size_t i = 0; i < t_ns.size() && t_ns[i] <= t; ++i) mid = mid2[i];
    return mid;
  }
  bool valid_between(std::int64_t from, std::int64_t to) const {
    bool state = false, good = true;
    for (std::size_t i = 0; i < t_ns.size() && t_ns[i] <= to; ++i) {
      if (t_ns[i] > from) good = good && state && valid[i];
      state = valid[i];
    }
    return good && state;
  }
};

TEST(ModelsStage, LabelsAndScoresEqualABruteForceOverTheWholeTape) {
  auto config = config_of({member("a", 700 * kMs), member("b", 2'100 * kMs)});
  config.label_delay_ns = 3 * kMs;
  Driver sut(config);
  TestRandom random(8);
  Tape tape;
  std::vector<std::pair<std::int64_t, double>> decisions;
  std::int64_t t = 0, mid2 = 20'000;
  for (int i = 0; i < 4'000; ++i) {
    t += static_cast<std::int64_t>(random.next() % 60) * kMs;
    mid2 += static_cast<std::int64_t>(random.next() % 7) - 3;
    auto v = vector_at(t, random.bell(), mid2);
    if (random.next() % 300 == 0) v.context.state = BookState::kGap;
    const auto signal = sut.feed(v);
    tape.t_ns.push_back(t);
    tape.mid2.push_back(mid2);
    tape.valid.push_back(v.context.state == BookState::kValid);
    if (signal) decisions.emplace_back(t, signal->voters != 0 ? signal->probability : -1);
  }
  std::size_t m = 0;
  for (const std::int64_t h : {700 * kMs, 2'100 * kMs}) {
    std::int64_t labels = 0, scored = 0;
    double abs_r = 0, loss = 0;
    for (const auto& [at, p] : decisions) {
      const std::int64_t from = at + 3 * kMs, to = from + h;
      if (to >= t || !tape.valid_between(from, to)) continue;
      const double r = 1e4 * std::log(static_cast<double>(tape.mid_at(to)) /
                                      static_cast<double>(tape.mid_at(from)));
      ++labels;
      abs_r += std::fabs(r);
      if (p < 0) continue;
      ++scored;
      loss -= r > 0 ? std::log(p) : r < 0 ? std::log(1 - p) : (std::log(p) + std::log(1 - p)) / 2;
    }
    const std::string name = m++ == 0 ? "member.a." : "member.b.";
    EXPECT_GT(labels, 500);
    EXPECT_EQ(sut.counter(name + "labels"), labels);
    EXPECT_EQ(sut.counter(name + "scored"), scored);
    EXPECT_NEAR(static_cast<double>(sut.counter(name + "abs_r_1e-6_bps")), abs_r * 1e6, 4'000);
    EXPECT_NEAR(static_cast<double>(sut.counter(name + "log_loss_1e-6")), loss * 1e6, 4'000);
  }
}

TEST(ModelsStage, TheEdgeMovesFromTheModelFilesMeanToTheResolvedOne) {
  auto config = config_of({member("a", 100 * kMs)});
  config.edge_prior_labels = 1;
  Driver sut(config);
  std::optional<Signal> signal;
  for (int i = 0; i < 3'000; ++i) {  // the mid moves 1 bps up and down
    signal = sut.feed(vector_at(i * 100 * kMs, 0.5F, i % 2 == 0 ? 20'000 : 20'002));
  }
  const double r = 1e4 * std::log(20'002.0 / 20'000.0);
  EXPECT_NEAR(signal->edge_bps / (2 * signal->probability - 1), r, 0.001);
}

TEST(ModelsStage, PerformanceVotingComesToTrustTheMemberThatWasRight) {
  auto right = member("right", 200 * kMs), wrong = member("wrong", 200 * kMs);
  wrong.model.layers[0].weights[0] = -1;
  auto config = config_of({right, wrong});
  config.voting = Voting::kPerformance;
  Driver sut(config);
  EXPECT_NEAR(sut.feed(vector_at(0, 2.0F))->probability, 0.5, 1e-12);
  std::optional<Signal> signal;
  for (int i = 1; i < 200; ++i) signal = sut.feed(vector_at(i * 100 * kMs, 2.0F, 20'000 + i));
  EXPECT_GT(signal->probability, 0.8);
}

TEST(ModelsStage, CuttingTheTapeLeavesEveryEarlierSignalUnchanged) {
  const auto run = [](int vectors) {
    auto config = config_of({member("a", 300 * kMs), member("b", kNsPerSecond)});
    config.voting = Voting::kPerformance;
    Driver driver(config);
    TestRandom random(5);
    std::vector<Signal> signals;
    for (int i = 0; i < vectors; ++i) {
      const auto mid2 = 20'000 + static_cast<std::int64_t>(random.next() % 9);
      if (auto s = driver.feed(vector_at(i * 37 * kMs, random.bell(), mid2))) signals.push_back(*s);
    }
    return signals;
  };
  const auto whole = run(2'000);
  for (const int cut : {1, 17, 333, 1'500}) {
    const auto part = run(cut);
    ASSERT_LE(part.size(), whole.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      Hasher a, b;
      digest_message(a, &part[i], sizeof(Signal));
      digest_message(b, &whole[i], sizeof(Signal));
      EXPECT_EQ(a.value(), b.value());
    }
  }
}

TEST(ModelsStage, ARestoredStageGoesOnWithTheSameSignals) {
  auto config = config_of({member("a", 300 * kMs), member("b", kNsPerSecond)}, 2);
  config.voting = Voting::kPerformance;
  Driver first(config), second(config);
  TestRandom random(6);
  const auto next = [&](int i) {
    auto v = vector_at(i * 41 * kMs, random.bell(),
                       20'000 + static_cast<std::int64_t>(random.next() % 50));
    v.h.instrument = static_cast<std::uint16_t>(i % 2);
    return v;
  };
  for (int i = 0; i < 900; ++i) first.feed(next(i));
  std::vector<std::byte> bytes(1 << 20);
  StateWriter writer(bytes);
  first.stage.save(writer);
  ASSERT_FALSE(writer.overflowed());
  const std::span<const std::byte> saved(bytes.data(), writer.size());
  StateReader reader(saved);
  ASSERT_TRUE(second.stage.load(reader).has_value());
  EXPECT_TRUE(reader.exhausted());
  EXPECT_EQ(first.stage.state_hash(), second.stage.state_hash());
  for (int i = 900; i < 1'800; ++i) {
    const auto v = next(i);
    const auto a = first.feed(v), b = second.feed(v);
    ASSERT_EQ(a.has_value(), b.has_value());
    if (a) {
      EXPECT_EQ(a->probability, b->probability);
    }
  }
  EXPECT_EQ(first.stage.state_hash(), second.stage.state_hash());
  EXPECT_EQ(first.counter("member.b.labels"), second.counter("member.b.labels"));
  StateReader cut(saved.first(writer.size() / 2));
  EXPECT_FALSE(second.stage.load(cut).has_value());
}

TEST(ModelsStage, EveryInstructionSetGivesTheSameSignals) {
  std::map<Isa, std::uint64_t> hashes;
  const ModelFile trees = sample_trees("t", 4), mlp = sample_mlp("m", 4, 6);
  for (const Isa isa : {Isa::kPlain, Isa::kAvx2, Isa::kAvx512}) {
    auto config = config_of({member("a"), member("t"), member("m")});
    config.members[1].model = trees;
    config.members[2].model = mlp;
    config.isa = isa;
    Driver sut(config);
    TestRandom random(5);
    Hasher h;
    for (int i = 0; i < 500; ++i) {
      auto v = vector_at(i * 100 * kMs, random.bell());
      v.valid_mask = 0b11 | (random.next() & 0b1100);
      v.values[2] = random.bell();
      const auto s = sut.feed(v);
      EXPECT_EQ(s->voters, 0b111);
      digest_message(h, &*s, sizeof(Signal));
    }
    hashes[isa] = h.value();
  }
  EXPECT_EQ(hashes[Isa::kPlain], hashes[Isa::kAvx2]);
  EXPECT_EQ(hashes[Isa::kPlain], hashes[Isa::kAvx512]);
}

TEST(ModelsStage, VectorsOfAnotherRegistryAreCountedAndGetNoVote) {
  Driver sut(config_of({member("a")}));
  auto v = vector_at(0);
  v.registry_hash = 1;
  EXPECT_EQ(sut.feed(v)->reason, static_cast<std::uint8_t>(NeutralReason::kTooFewVoters));
  EXPECT_EQ(sut.counter("registry_mismatch"), 1);
}

}  // namespace
}  // namespace pinstripe
