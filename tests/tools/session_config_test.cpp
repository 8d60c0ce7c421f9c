#include "tools/session/session_config.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tools/session/prepare.h"
#include "tools/session/session_files.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {
namespace {

/// Writes a config into a folder of its own and loads it.
class SessionConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("pinstripe-config-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<SessionConfig> load(const std::string& text, const Overrides& overrides = {}) {
    const std::string file = (folder_ / "session.json").string();
    std::ofstream(file) << text;
    return load_session_config(file, overrides);
  }
  std::string problem(const std::string& text) {
    const auto config = load(text);
    if (config) return "";
    EXPECT_EQ(config.error().exit, Exit::kUsage);
    return config.error().message;
  }

  std::filesystem::path folder_;
};

TEST_F(SessionConfigTest, AnEmptyFileIsTheSyntheticMarketInOneLane) {
  const auto sut = load("{}");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->plan.name, "session");
  EXPECT_EQ(sut->plan.source, SourceKind::kSynthetic);
  EXPECT_EQ(sut->plan.topology.stages.size(), 5U);
  EXPECT_EQ(sut->plan.base_feed_latency_ns, kNsPerMs);
  EXPECT_GT(sut->plan.response_latency_ns, 0);
}

TEST_F(SessionConfigTest, ShippedLatenciesAreNotZeroAndHaveATail) {
  const auto sut = load("{}");
  ASSERT_TRUE(sut);
  for (const StageKind kind :
       {StageKind::kFeed, StageKind::kFeatures, StageKind::kModels, StageKind::kRisk}) {
    EXPECT_GT(sut->plan.latency[index_of(kind)].base_ns, 0);
  }
  EXPECT_GT(sut->plan.latency[index_of(StageKind::kModels)].tail_probability, 0);
  EXPECT_GT(sut->plan.latency[index_of(StageKind::kModels)].tail_ns, sut->plan.path_budget_ns);
}

TEST_F(SessionConfigTest, LabelsBeginBehindTheMedianOfALatencyTable) {
  const auto delay_of = [this](const std::string& exec) -> std::int64_t {
    const auto sut = load(R"({"exec": {)" + exec + R"(}, "models": {"members": []}})");
    EXPECT_TRUE(sut) << sut.error().message;
    const auto config = exec_config_of(sut->plan);
    const auto models = models_config_of(sut->plan);
    EXPECT_TRUE(config && models);
    EXPECT_EQ(models->label_delay_ns, label_delay_ns(sut->plan, *config))
        << "judged live as they were trained";
    return label_delay_ns(sut->plan, *config);
  };
  const std::int64_t stages_ns = delay_of(R"("order_latency_ns": 0)");
  EXPECT_GT(stages_ns, 0);
  EXPECT_EQ(delay_of(R"("order_latency_ns": 7000000)"), stages_ns + 7'000'000);
  EXPECT_EQ(delay_of(R"("order_latency_table_ns": [900000000, 3000000, 1000000])"),
            stages_ns + 3'000'000);
}

TEST_F(SessionConfigTest, WhatSetSaysWinsOverTheFileAtAnyDepth) {
  Overrides overrides;
  overrides.settings = {"seed=7", "risk.limits.collar_bps=20", "features.collar_bps=20",
                        "rings.models.risk.capacity=2048", "feed.on_bad_line=stop",
                        "stages.models.latency={\"tail_probability\": 0}"};
  const auto sut = load(R"({"seed": 3, "feed": {"on_bad_line": "skip"}})", overrides);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->plan.seed, 7U);
  EXPECT_EQ(sut->plan.ring("models.risk")->capacity, 2'048U);
  EXPECT_EQ(sut->plan.latency[index_of(StageKind::kModels)].tail_probability, 0);
  const auto written = load(R"({"seed": 7, "risk": {"limits": {"collar_bps": 20}},
    "features": {"collar_bps": 20}, "rings": {"models.risk": {"capacity": 2048}},
    "feed": {"on_bad_line": "stop"}, "stages": {"models": {"latency": {"tail_probability": 0}}}})");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(resolved_json(sut->plan), resolved_json(written->plan)) << "as if it stood in the file";
}

TEST_F(SessionConfigTest, ASettingIsRefusedWithItsTextAndWhatIsAllowed) {
  const auto refused = [&](const std::string& setting) {
    Overrides overrides;
    overrides.settings = {setting};
    const auto config = load(R"({"lanes": [{"name": "a", "instruments": ["SYNTHETIC:A"]}]})",
                             overrides);
    if (config) return std::string();
    EXPECT_EQ(config.error().exit, Exit::kUsage);
    return config.error().message;
  };
  EXPECT_NE(refused("seed").find("--set 'seed': found no '='"), std::string::npos);
  EXPECT_NE(refused("risk..x=1").find("empty key"), std::string::npos);
  EXPECT_NE(refused("lanes.3.name=b").find("'lanes' holds 1 values"), std::string::npos);
  EXPECT_NE(refused("sede=1").find("seed"), std::string::npos) << "the nearest key is named";
  EXPECT_NE(refused("seed=-1").find("with --set"), std::string::npos);
  EXPECT_EQ(refused("lanes.0.name=b"), "");
}

TEST_F(SessionConfigTest, SuggestsTheNearestKeyAtAnyDepth) {
  EXPECT_NE(problem(R"({"spede": 1})").find("spede: unknown key; did you mean 'speed'?"),
            std::string::npos);
  EXPECT_NE(problem(R"({"risk": {"policy": {"min_egde": 0}}})")
                .find("risk.policy.min_egde: unknown key; did you mean 'min_edge'?"),
            std::string::npos);
  EXPECT_NE(problem(R"({"stages": {"feed": {"croe": 0}}})")
                .find("stages.feed.croe: unknown key; did you mean 'core'?"),
            std::string::npos);
}

TEST_F(SessionConfigTest, RefusesACoreThatDoesNotExist) {
  const std::string found = problem(R"({"stages": {"risk": {"core": 4000}}})");
  EXPECT_NE(found.find("stages.risk.core: found 4000, allowed a whole number from -1 to"),
            std::string::npos)
      << found;
}

TEST_F(SessionConfigTest, RefusesAnUnknownRing) {
  const std::string found = problem(R"({"rings": {"feed.featrues": {"capacity": 1024}}})");
  EXPECT_NE(found.find("rings.feed.featrues: unknown key; did you mean 'feed.features'?"),
            std::string::npos)
      << found;
}

TEST_F(SessionConfigTest, RefusesACapacityThatIsNoPowerOfTwo) {
  EXPECT_NE(problem(R"({"rings": {"risk.exec": {"capacity": 1000}}})")
                .find("rings.risk.exec.capacity: found 1000, allowed a power of two from 16"),
            std::string::npos);
}

TEST_F(SessionConfigTest, RefusesResyncOnRecordedData) {
  EXPECT_NE(problem(R"({"rings": {"feed.risk": {"full": "resync"}}})").find("recorded session"),
            std::string::npos);
}

TEST_F(SessionConfigTest, RefusesAnInFlightLimitThatTheOrdersRingCannotHold) {
  const std::string found = problem(
      R"({"rings": {"risk.exec": {"capacity": 64}}, "risk": {"limits": {"in_flight_max": 60}}})");
  EXPECT_NE(found.find("risk.limits.in_flight_max: found 60, allowed is at most 56"),
            std::string::npos)
      << found;
}

TEST_F(SessionConfigTest, RefusesADepthCollarThatIsNotThatOfTheOrders) {
  const std::string sut = problem(R"({"risk": {"limits": {"collar_bps": 30}}})");
  EXPECT_NE(sut.find("features.collar_bps: found 20"), std::string::npos) << sut;
  EXPECT_EQ(problem(R"({"features": {"collar_bps": 30}, "risk": {"limits": {"collar_bps": 30}}})"),
            "");
}

TEST_F(SessionConfigTest, LanesNumberTheirInstruments) {
  const auto sut = load(R"({"lanes": [
      {"name": "a", "instruments": ["SYNTHETIC:AAAUSD", "SYNTHETIC:BBBUSD"]},
      {"name": "b", "instruments": ["SYNTHETIC:CCCUSD"]}]})");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->plan.lanes[0].instruments, (std::vector<std::uint16_t>{0, 1}));
  EXPECT_EQ(sut->plan.lanes[1].instruments, (std::vector<std::uint16_t>{2}));
  EXPECT_NE(sut->plan.stage("feed.b"), nullptr);
}

TEST_F(SessionConfigTest, RefusesAnInstrumentInTwoLanes) {
  EXPECT_NE(problem(R"({"lanes": [{"name": "a", "instruments": ["SYNTHETIC:AAAUSD"]},
                                  {"name": "b", "instruments": ["SYNTHETIC:AAAUSD"]}]})")
                .find("stands twice"),
            std::string::npos);
}

TEST_F(SessionConfigTest, TheCommandLineWinsOverTheFile) {
  Overrides o;
  o.name = "other";
  o.speed = 20;
  o.for_ns = 5;
  o.data = {"x.gz"};
  const auto sut = load(R"({"speed": "max", "for_ns": 100, "data": ["y.gz"]})", o);
  ASSERT_TRUE(sut);
  EXPECT_EQ(sut->plan.name, "other");
  EXPECT_EQ(sut->plan.speed, 20);
  EXPECT_EQ(sut->plan.for_ns, 5);
  EXPECT_EQ(sut->data, std::vector<std::string>{
                           (std::filesystem::current_path() / "x.gz").string()});
}

TEST_F(SessionConfigTest, ALiveSessionGoesByTheClockKeepsJournalsAndNeverWaitsForAReader) {
  const auto sut = load(R"({"mode": "live"})");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_TRUE(sut->plan.live);
  EXPECT_EQ(sut->plan.speed, 1);
  EXPECT_TRUE(sut->plan.journal.on);
  for (const RingSpec& r : sut->plan.topology.rings) {
    EXPECT_EQ(r.full == FullPolicy::kResync, r.type == "market_event") << r.name;
  }
  EXPECT_NE(problem(R"({"mode": "live", "speed": "max"})").find("goes by the clock"),
            std::string::npos);
  EXPECT_NE(problem(R"({"mode": "live", "rings": {"feed.risk": {"full": "wait"}}})")
                .find("rings.feed.risk.full"),
            std::string::npos);
  EXPECT_NE(problem(R"({"rings": {"feed.risk": {"full": "resync"}}})").find("recorded session"),
            std::string::npos);
}

TEST_F(SessionConfigTest, InstrumentsOfTheVenuesOwnMarketsAreWatchedUnlessToldOtherwise) {
  const auto sut = load(R"({"mode": "live", "live": {}})");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_TRUE(is_watched(sut->plan));
  EXPECT_EQ(sut->plan.venues.watch_ns, 60 * kNsPerSecond);
  EXPECT_FALSE(is_watched(load(R"({"mode": "live", "live": {"watch_s": 0}})")->plan));
  EXPECT_FALSE(is_watched(load(R"({"mode": "live"})")->plan)) << "a market that is played";
  EXPECT_NE(problem(R"({"mode": "live", "live": {"watch_s": -1}})").find("live.watch_s"),
            std::string::npos);
}

TEST_F(SessionConfigTest, CandlesOfLiveMarketsAreOfAMinuteUnlessToldOtherwise) {
  EXPECT_EQ(load(R"({"mode": "live", "live": {}})")->plan.venues.candles, "1m");
  EXPECT_EQ(load(R"({"mode": "live", "live": {"candles": ""}})")->plan.venues.candles, "");
  EXPECT_EQ(load(R"({"mode": "live", "live": {"candles": "1d"}})")->plan.venues.candles, "1d");
  const std::string said = problem(R"({"mode": "live", "live": {"candles": "8h"}})");
  EXPECT_NE(said.find("live.candles"), std::string::npos) << said;
  EXPECT_NE(said.find("12h, 1d"), std::string::npos) << said;
}

TEST_F(SessionConfigTest, RelativePathsStartAtTheConfigFile) {
  const auto sut = load(R"({"data": ["sub/y.gz"]})");
  ASSERT_TRUE(sut);
  EXPECT_EQ(sut->data.front(), (folder_ / "sub/y.gz").string());
}

TEST_F(SessionConfigTest, AResolvedPlanIsReadBackTheSame) {
  const auto config = load(R"({"seed": 7, "market": {"rate_per_s": 100},
      "journal": {"mode": "on", "segments": 5, "on_error": "halt", "keep_days": 1}})");
  ASSERT_TRUE(config);
  const auto plan = prepare_plan(*config);
  ASSERT_TRUE(plan) << plan.error().message;
  const std::string text = resolved_json(*plan);
  const auto again = parse_resolved(text, "test");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(resolved_json(*again), text);
  EXPECT_EQ(again->instruments.front().id, "SYNTHETIC:PINUSD");
  EXPECT_EQ(config_digest(*again), config_digest(*plan));
  EXPECT_TRUE(again->journal.on);
  EXPECT_EQ(again->journal.segments, 5U);
  EXPECT_EQ(again->journal.on_error, JournalOnError::kHalt);
  EXPECT_EQ(again->journal.keep_days, 1U);
}

TEST_F(SessionConfigTest, TheJournalHasDefaultsAndItsOwnKeys) {
  const auto shipped = load("{}");
  ASSERT_TRUE(shipped);
  EXPECT_EQ(shipped->plan.journal.root, journal_root());
  EXPECT_EQ(shipped->plan.journal.segments, 8U);
  EXPECT_EQ(shipped->plan.journal.segment_bytes, 4U << 20);
  EXPECT_EQ(shipped->plan.journal.on_error, JournalOnError::kWait);
  const auto sut = load(R"({"journal": {"mode": "on", "dir": "kept", "segments": 3,
      "segment_bytes": 65536, "on_error": "halt", "keep_bytes": 5, "keep_days": 6}})");
  ASSERT_TRUE(sut) << sut.error().message;
  const JournalPlan& j = sut->plan.journal;
  EXPECT_TRUE(j.on);
  EXPECT_EQ(j.root, (folder_ / "kept").string());
  EXPECT_EQ(j.segments, 3U);
  EXPECT_EQ(j.segment_bytes, 65'536U);
  EXPECT_EQ(j.on_error, JournalOnError::kHalt);
  EXPECT_EQ(j.keep_bytes, 5U);
  EXPECT_EQ(j.keep_days, 6U);
}

TEST_F(SessionConfigTest, CheckpointsComeOftenEnoughForTheLagAllowed) {
  const auto shipped = load("{}");
  ASSERT_TRUE(shipped);
  EXPECT_EQ(shipped->plan.journal.checkpoint_every, 250'000U);
  EXPECT_EQ(shipped->plan.journal.checkpoint_lag_max, 1'000'000U);
  const auto sut = load(R"({"checkpoint": {"every": 1000, "lag_max": 20000}})");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->plan.journal.checkpoint_every, 1'000U);
  EXPECT_EQ(sut->plan.journal.checkpoint_lag_max, 20'000U);
  EXPECT_EQ(load(R"({"checkpoint": {"every": 900000}})")->plan.journal.checkpoint_lag_max,
            1'800'000U) << "follows where only the distance is given";
  EXPECT_EQ(load(R"({"checkpoint": {"lag_max": 0}})")->plan.journal.checkpoint_lag_max, 0U);
  // A stage that may not go on to where the next checkpoint is made would wait for ever.
  EXPECT_NE(problem(R"({"checkpoint": {"every": 1000, "lag_max": 1000}})")
                .find("checkpoint.lag_max: found 1000, allowed are 0 (no limit) and 17384"),
            std::string::npos);
  EXPECT_NE(problem(R"({"checkpoint": {"every": 0}})").find("checkpoint.every: found 0"),
            std::string::npos);
}

TEST_F(SessionConfigTest, RefusesWhatNoJournalCanBe) {
  EXPECT_NE(problem(R"({"journal": {"mode": "maybe"}})").find("journal.mode: found \"maybe\""),
            std::string::npos);
  EXPECT_NE(problem(R"({"journal": {"segment_bytes": 65537}})").find("multiples of 4096"),
            std::string::npos);
  EXPECT_NE(problem(R"({"journal": {"segments": 1}})").find("journal.segments: found 1"),
            std::string::npos);
}

TEST_F(SessionConfigTest, FeesOfTheFileReplaceThoseOfTheTable) {
  const auto config = load(R"({"fees": {"linear": {"maker_bps": 1.5, "taker_bps": 4}}})");
  ASSERT_TRUE(config);
  const auto plan = prepare_plan(*config);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->instruments.front().maker_fee_e8, 15'000);
  EXPECT_EQ(plan->instruments.front().taker_fee_e8, 40'000);
}

TEST_F(SessionConfigTest, RefusesAMissingModelFile) {
  const auto config = load(R"({"models": {"members": [{"file": "no_such_model.json"}]}})");
  ASSERT_TRUE(config) << config.error().message;
  const auto plan = prepare_plan(*config);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("no_such_model.json"), std::string::npos);
}

TEST_F(SessionConfigTest, RefusesAMissingDataFile) {
  const auto config = load(R"({"data": ["no_such_capture.gz"]})");
  ASSERT_TRUE(config);
  const auto plan = prepare_plan(*config);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("no_such_capture.gz"), std::string::npos);
}

TEST(CommandLine, ReadsSpeeds) {
  EXPECT_EQ(parse_speed("max"), 0.0);
  EXPECT_EQ(parse_speed("20"), 20.0);
  EXPECT_FALSE(parse_speed("fast"));
  EXPECT_FALSE(parse_speed("0"));
  EXPECT_FALSE(parse_speed("-1"));
}

TEST(CommandLine, ReadsDurations) {
  EXPECT_EQ(parse_duration("60s"), 60 * kNsPerSecond);
  EXPECT_EQ(parse_duration("1.5s"), 1'500 * kNsPerMs);
  EXPECT_EQ(parse_duration("250ms"), 250 * kNsPerMs);
  EXPECT_EQ(parse_duration("2m"), 120 * kNsPerSecond);
  EXPECT_EQ(parse_duration("90"), 90 * kNsPerSecond);
  EXPECT_FALSE(parse_duration("soon"));
  EXPECT_FALSE(parse_duration("0s"));
  EXPECT_FALSE(parse_duration("1d"));
}

}  // namespace
}  // namespace pinstripe
