// What the stage promises beyond its formulas: no look-ahead, warm-up, absence, recovery.
#include "features/features_stage.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/features/plain_capture.h"
#include "tests/features/tape.h"
#include "tests/support/data.h"
#include "tests/support/test_sink.h"

namespace pinstripe::test {
namespace {

void feed_one(FeaturesStage& sut, const MarketEvent& e, std::vector<FeatureVector>& out) {
  TestSink<FeatureVector> sink;
  sink.prepare(e.h.event_ns, &e.h);
  sut.on_event(e.h.event_ns, Input::message(&e.h), sink);
  for (const auto& entry : sink.entries) out.push_back(entry.message);
}

std::vector<FeatureVector> run(FeaturesStage& sut, std::span<const MarketEvent> tape) {
  std::vector<FeatureVector> out;
  for (const MarketEvent& e : tape) feed_one(sut, e, out);
  return out;
}

std::uint64_t digest(const std::vector<FeatureVector>& vectors) {
  Hasher h;
  for (const FeatureVector& v : vectors) digest_message(h, &v, sizeof(v));
  return h.value();
}

TEST(FeaturesStage, CuttingTheTapeLeavesEveryFeatureUpToTheCutUnchanged) {
  const auto tape = TapeMaker(11).make(3'000);
  FeaturesStage whole(test_config());
  const auto all = run(whole, tape);
  for (std::size_t cut = 97; cut < tape.size(); cut += 997) {
    FeaturesStage sut(test_config());
    const auto some = run(sut, std::span(tape).first(cut));
    ASSERT_LE(some.size(), all.size());
    for (std::size_t i = 0; i < some.size(); ++i) {
      for (const FeatureSpec& f : feature_registry()) {
        ASSERT_EQ(some[i].valid(f.id), all[i].valid(f.id)) << f.name << " vector " << i;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(some[i].values[f.id]),
                  std::bit_cast<std::uint32_t>(all[i].values[f.id]))
            << f.name << " vector " << i << " cut " << cut;
      }
    }
  }
}

TEST(FeaturesStage, WhatComesLaterChangesNothingThatWasSaid) {
  auto tape = TapeMaker(12).make(2'000);
  FeaturesStage first(test_config());
  const auto before = run(first, tape);
  const std::size_t half = tape.size() / 2;
  std::size_t same = 0;
  for (std::size_t i = 0; i < half; ++i) same += tape[i].ends_update();
  for (std::size_t i = half; i < tape.size(); ++i) {
    if (tape[i].h.type == MsgType::kTrade) tape[i].b += 1'000;
  }
  FeaturesStage second(test_config());
  const auto after = run(second, tape);
  for (std::size_t i = 0; i < same; ++i) {
    ASSERT_EQ(digest({before[i]}), digest({after[i]})) << "vector " << i;
  }
  EXPECT_NE(digest(before), digest(after));
}

TEST(FeaturesStage, AnyAlteredEventChangesTheHashOfWhatWasToldEvenWhereNoFeatureUsesIt) {
  auto tape = TapeMaker(19).make(400);
  tape.push_back(event_of(tape.back().h.event_ns.value, MsgType::kOverruled, 77, 1, 0));
  tape.push_back(event_of(tape.back().h.event_ns.value, MsgType::kTrade, 5'000, 3,
                          kFlagNonMarket | kFlagEndOfUpdate));
  FeaturesStage whole(test_config());
  const auto all = run(whole, tape);
  const std::size_t overruled = tape.size() - 2, off_market = tape.size() - 1;
  for (const std::size_t at : {std::size_t{3}, tape.size() / 2, overruled, off_market}) {
    auto altered = tape;
    at == overruled ? ++altered[at].a : ++altered[at].b;
    FeaturesStage sut(test_config());
    const auto got = run(sut, altered);
    ASSERT_EQ(got.size(), all.size());
    EXPECT_NE(got.back().told_hash, all.back().told_hash) << "event " << at;
    if (at >= overruled) {
      EXPECT_EQ(got.back().values, all.back().values) << "event " << at;
    }
  }
}

TEST(FeaturesStage, AReportOfWhichNoFeatureIsMadeIsNotedAndMakesNoVector) {
  const auto tape = TapeMaker(19).make(400);
  FeaturesStage without(test_config());
  const auto all = run(without, tape);
  for (const MsgType type : {MsgType::kOpenInterest, MsgType::kLiquidation, MsgType::kBar,
                             MsgType::kBarBody, MsgType::kBarRange, MsgType::kBarVolume}) {
    auto told = tape;
    std::size_t at = told.size() / 2;
    while (!told[at - 1].ends_update()) ++at;
    told.insert(told.begin() + static_cast<std::ptrdiff_t>(at),
                event_of(told[at].h.event_ns.value, type, 5'000, 3, kFlagEndOfUpdate));
    FeaturesStage sut(test_config());
    const auto got = run(sut, told);
    ASSERT_EQ(got.size(), all.size());
    EXPECT_EQ(got.back().values, all.back().values);
    EXPECT_NE(got.back().told_hash, all.back().told_hash) << "the digest tells the runs apart";
  }
}

TEST(FeaturesStage, AbsentIsZeroWithItsBitClearAndNothingIsEverNanOrMinusZero) {
  FeaturesStage sut(test_config());
  for (const FeatureVector& v : run(sut, TapeMaker(13).make(4'000))) {
    for (std::size_t i = 0; i < kFeatureMax; ++i) {
      ASSERT_TRUE(std::isfinite(v.values[i]));
      ASSERT_FALSE(v.values[i] == 0 && std::signbit(v.values[i])) << i;
      ASSERT_TRUE(v.valid(i) || v.values[i] == 0.0F) << i;
      ASSERT_FALSE(i >= kFeatureCount && v.valid(i));
    }
    ASSERT_EQ(v.registry_hash, registry_hash(test_config()));
  }
}

TEST(FeaturesStage, OneVectorGoesOutPerVenueMessageAndNothingBetween) {
  const auto tape = TapeMaker(14).make(500);
  FeaturesStage sut(test_config());
  std::vector<FeatureVector> out;
  for (const MarketEvent& e : tape) {
    const std::size_t before = out.size();
    feed_one(sut, e, out);
    ASSERT_EQ(out.size() - before, e.ends_update() ? 1U : 0U);
  }
  EXPECT_EQ(sut.counters()[2], static_cast<std::int64_t>(out.size()));
  EXPECT_EQ(sut.counters().size(), sut.counter_names().size());
}

TEST(FeaturesStage, AnIntervalThinsVectorsButNeverTheChangeOfTheBooksState) {
  const auto tape = TapeMaker(15).make(2'000);
  FeaturesConfig config = test_config();
  config.min_interval_ns = 100 * kNsPerMs;
  FeaturesStage sut(config);
  const auto out = run(sut, tape);
  FeaturesStage every(test_config());
  EXPECT_LT(out.size(), run(every, tape).size() / 2);
  std::size_t changes = 0;
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i].context.state != out[i - 1].context.state) {
      ++changes;
    } else {
      ASSERT_GE((out[i].h.event_ns - out[i - 1].h.event_ns).value, config.min_interval_ns);
    }
  }
  EXPECT_EQ(changes, 2U);
}

TEST(FeaturesStage, WhileTheBookIsInvalidVectorsGoOnWithTheStateAndWithoutBookFeatures) {
  FeaturesStage sut(test_config());
  std::size_t invalid = 0;
  for (const FeatureVector& v : run(sut, TapeMaker(16).make(3'000))) {
    if (v.context.state == BookState::kValid) continue;
    ++invalid;
    for (const FeatureSpec& f : feature_registry()) {
      ASSERT_FALSE(f.needs_book && v.valid(f.id)) << f.name;
    }
    ASSERT_EQ(v.context.valid & kContextVol, 0);
  }
  EXPECT_GE(invalid, 5U);
}

TEST(FeaturesStage, AFreshBookForgetsTheOldOne) {
  FeaturesStage sut(test_config());
  std::int64_t t = 1'000'000'000;
  const auto fresh = [&](std::int64_t bid, std::int64_t lots) {
    std::vector<MarketEvent> m{
        event_of(t, MsgType::kBookState, static_cast<std::int64_t>(BookState::kValid), 0,
                 kFlagSnapshot),
        event_of(t, MsgType::kLevel, bid, lots, kFlagSnapshot),
        event_of(t, MsgType::kLevel, bid + 2, lots, kFlagSnapshot | kFlagSell | kFlagEndOfUpdate)};
    t += kNsPerMs;
    return m;
  };
  run(sut, fresh(1'000, 5));
  const auto out = run(sut, fresh(900, 7));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].context.bid_ticks, PriceTicks(900));
  EXPECT_EQ(out[0].context.ask_ticks, PriceTicks(902));
  EXPECT_EQ(out[0].context.known_levels, 1);
  EXPECT_FALSE(out[0].valid(kOfi1Of1s));
}

TEST(FeaturesStage, ASavedStateGoesOnIdenticallyFromEveryPoint) {
  const auto tape = TapeMaker(17).make(1'500);
  for (std::size_t cut = 50; cut < tape.size(); cut += 1'234) {
    FeaturesStage sut(test_config());
    run(sut, std::span(tape).first(cut));
    std::vector<std::byte> bytes(1 << 22);
    StateWriter w(bytes);
    sut.save(w);
    ASSERT_FALSE(w.overflowed());
    FeaturesStage again(test_config());
    StateReader r(std::span<const std::byte>(bytes).first(w.size()));
    ASSERT_TRUE(again.load(r)) << "cut " << cut;
    ASSERT_TRUE(r.exhausted());
    ASSERT_EQ(again.state_hash(), sut.state_hash());
    const auto rest = std::span(tape).subspan(cut);
    ASSERT_EQ(digest(run(again, rest)), digest(run(sut, rest)));
    ASSERT_EQ(again.state_hash(), sut.state_hash());
  }
}

TEST(FeaturesStage, ADamagedOrForeignStateIsRefusedWithAReason) {
  FeaturesStage sut(test_config());
  run(sut, TapeMaker(18).make(300));
  std::vector<std::byte> bytes(1 << 20);
  StateWriter w(bytes);
  sut.save(w);
  FeaturesStage cut(test_config());
  StateReader torn(std::span<const std::byte>(bytes).first(w.size() / 2));
  const auto damaged = cut.load(torn);
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find("TEST:AB"), std::string::npos);
  FeaturesConfig other = test_config();
  other.bar_ns = kNsPerSecond;
  FeaturesStage foreign(other);
  StateReader whole(bytes);
  EXPECT_FALSE(foreign.load(whole));
}

TEST(FeaturesStage, TheStateHashDependsOnValuesAndNotOnCapacities) {
  const auto tape = TapeMaker(19).make(800);
  FeaturesConfig large = test_config();
  large.trade_capacity *= 4;
  large.update_capacity *= 2;
  large.book_levels *= 2;
  FeaturesStage a(test_config()), b(large);
  EXPECT_EQ(digest(run(a, tape)), digest(run(b, tape)));
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

TEST(FeaturesStage, TwoInstrumentsDoNotTouchEachOther) {
  const auto one = TapeMaker(20).make(600);
  auto two = TapeMaker(21).make(600);
  for (MarketEvent& e : two) e.h.instrument = 1;
  FeaturesConfig config = test_config();
  config.instruments.push_back(test_instrument());
  std::vector<MarketEvent> both;
  std::merge(one.begin(), one.end(), two.begin(), two.end(), std::back_inserter(both),
             [](const auto& x, const auto& y) { return x.h.event_ns < y.h.event_ns; });
  FeaturesStage sut(config), alone(test_config());
  std::vector<FeatureVector> mine;
  for (const FeatureVector& v : run(sut, both)) {
    if (v.h.instrument == 0) mine.push_back(v);
  }
  EXPECT_EQ(digest(mine), digest(run(alone, one)));
}

TEST(FeaturesStage, AnUnknownInstrumentIsCountedAndAnswersNothing) {
  FeaturesStage sut(test_config());
  MarketEvent e = event_of(1, MsgType::kTrade, 10, 1, kFlagEndOfUpdate);
  e.h.instrument = kNoInstrument;
  EXPECT_TRUE(run(sut, std::span(&e, 1)).empty());
  EXPECT_EQ(sut.counters()[3], 1);
}

TEST(FeaturesStage, FullRingsAreCountedAndNeverSilent) {
  FeaturesConfig config = test_config();
  config.trade_capacity = config.update_capacity = 64;
  FeaturesStage sut(config);
  const auto out = run(sut, TapeMaker(22).make(2'000));
  const auto names = sut.counter_names();
  for (const char* name : {"TEST:AB.trade_window_overflows", "TEST:AB.update_window_overflows"}) {
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    EXPECT_GT(sut.counters()[static_cast<std::size_t>(at)], 0) << name;
  }
  EXPECT_FALSE(out.empty());
}

TEST(FeaturesStage, EveryDefaultFeatureIsWarmWithinTenSecondsOnEachCapture) {
  struct Capture { const char* file; int price_places, lot_places; };
  constexpr Capture kCaptures[] = {
      {"usdm_btcusdt_20230404", 1, 3}, {"usdm_btcusdt_20240718", 1, 3},
      {"usdm_btcusdt_20240808", 1, 3}, {"usdm_ethusdt_20240808", 2, 3},
      {"spot_btcusdt_20240808", 2, 5}, {"spot_ethusdt_20240808", 2, 4},
      {"cm_btcusd_perp_20240808", 1, 0}};
  for (const Capture& c : kCaptures) {
    PINSTRIPE_NEED_DATA(path, "binance_l2_raw/" + std::string(c.file) + ".txt.gz");
    FeaturesConfig config = test_config();
    config.book_levels = 8'192;
    FeaturesStage sut(config);
    std::uint64_t seen = 0;
    std::int64_t valid_since = 0;
    for (const FeatureVector& v :
         run(sut, plain_capture(path, 5'000, c.price_places, c.lot_places))) {
      if (valid_since == 0 && v.context.state == BookState::kValid) {
        valid_since = v.h.event_ns.value;
      }
      if (valid_since != 0 && v.h.event_ns.value > valid_since + 10 * kNsPerSecond) break;
      seen |= v.valid_mask;
    }
    for (const FeatureSpec& f : feature_registry()) {
      EXPECT_TRUE(f.optional || (seen >> f.id & 1) != 0) << c.file << ": " << f.name;
    }
  }
}

}  // namespace
}  // namespace pinstripe::test
