#include <gtest/gtest.h>

#include "exec/exec_config_json.h"
#include "exec/funding_file.h"
#include "exec/tiers_file.h"
#include "tests/exec/venue_driver.h"
#include "tests/support/data.h"

namespace pinstripe {
namespace {

TEST(ExecConfigTest, AnEmptyNodeGivesTheDefaults) {
  ConfigNode node = ConfigNode::empty();
  const ExecConfig sut = read_exec_config(node);
  EXPECT_TRUE(node.finish());
  EXPECT_EQ(sut.queue_model, QueueModelKind::kRiskAverse);
  EXPECT_GT(sut.response_latency_ns, 0) << "protocol 4: the response latency is positive";
}

TEST(ExecConfigTest, ReadsEveryKey) {
  auto node = ConfigNode::parse(
      R"({"order_latency_table_ns": [5, 9], "response_latency_ns": 7, "queue_model": "prob_log",
          "queue_power": 2, "invalid_book_reduce": "reject", "funding": {"A:B": "x.csv"},
          "funding_interval_ns": 3600000000000, "book_levels_max": 100, "resting_orders_max": 9,
          "in_flight_max": 11})",
      "test");
  ASSERT_TRUE(node);
  const ExecConfig sut = read_exec_config(*node);
  const auto finished = node->finish();
  EXPECT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(sut.order_latency_table_ns, (std::vector<std::int64_t>{5, 9}));
  EXPECT_EQ(sut.queue_model, QueueModelKind::kProbLog);
  EXPECT_EQ(sut.invalid_book_reduce, InvalidBookReduce::kReject);
  ASSERT_EQ(sut.funding_files.size(), 1U);
  EXPECT_EQ(sut.funding_files[0].instrument, "A:B");
}

TEST(ExecConfigTest, NamesWhatIsWrongByItsPath) {
  auto node =
      ConfigNode::parse(R"({"order_latency_ns": -1, "queue_modle": "risk_averse"})", "test");
  ASSERT_TRUE(node);
  read_exec_config(*node);
  const auto finished = node->finish();
  ASSERT_FALSE(finished);
  EXPECT_NE(finished.error().message.find("order_latency_ns"), std::string::npos);
  EXPECT_NE(finished.error().message.find("queue_model"), std::string::npos);
}

TEST(ExecConfigTest, ReadsMargin) {
  auto node = ConfigNode::parse(
      R"({"margin": {"tiers": "t.json", "opening_cash": 12.5, "liquidation_fee_bps": 75}})",
      "test");
  ASSERT_TRUE(node);
  const ExecConfig sut = read_exec_config(*node);
  const auto finished = node->finish();
  EXPECT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(sut.margin.tiers_file, "t.json");
  EXPECT_EQ(sut.margin.opening_e8, 1'250'000'000);
  EXPECT_EQ(sut.margin.liquidation_fee_e8, 750'000);
  EXPECT_TRUE(sut.margin.on);
  auto bare = ConfigNode::parse(R"({"margin": {}})", "test");
  EXPECT_TRUE(read_exec_config(*bare).margin.on) << "with the tiers of the instrument table";
  auto none = ConfigNode::empty();
  EXPECT_FALSE(read_exec_config(none).margin.on);
}

TEST(TiersFileTest, ComputesTheDeductionThatMakesMaintenanceContinuous) {
  ExecConfig config = test_config({test_perpetual(), test_spot()});
  config.instruments[0].tiers = {{1, 1, 1}};  // the table's, which the file replaces
  const auto sut = parse_tiers(R"({"TEST:PERP": [
      {"notional_cap": 50000, "maintenance_rate": 0.004},   // 0
      {"notional_cap": 500000, "maintenance_rate": 0.005},  // 50000 x 0.001
      {"notional_cap": 1e7, "maintenance_rate": 0.01}],     // 50 + 500000 x 0.005
      "TEST:ELSEWHERE": [{"notional_cap": 1, "maintenance_rate": 0.1}]})",
                               "tiers", config);
  ASSERT_TRUE(sut) << sut.error().message;
  const auto& tiers = config.instruments[0].tiers;
  ASSERT_EQ(tiers.size(), 3U);
  EXPECT_EQ(tiers[0].deduction_e8, 0);
  EXPECT_EQ(tiers[1].deduction_e8, 50 * 100'000'000LL);
  EXPECT_EQ(tiers[2].deduction_e8, 2'550 * 100'000'000LL);
  EXPECT_EQ(tiers[2].maintenance_rate_e8, 1'000'000);
  EXPECT_TRUE(config.instruments[1].tiers.empty()) << "spot needs none";
}

TEST(TiersFileTest, NamesWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"[]", "JSON object"},
      {R"({"TEST:PERP": []})", "at least one"},
      {R"({"TEST:PERP": [{"notional_cap": 5}]})", "maintenance_rate: is missing"},
      {R"({"TEST:PERP": [{"notional_cap": 5, "maintenance_rate": 2}]})", "TEST:PERP[0]"},
      {R"({"TEST:PERP": [{"notional_cap": 5, "maintenance_rate": 0.1, "cum": 0}]})", "cum"},
      {R"({"TEST:PERP": [{"notional_cap": 5, "maintenance_rate": 0.1},
                         {"notional_cap": 5, "maintenance_rate": 0.1}]})", "does not rise"},
      {R"({"TEST:PERP": [{"notional_cap": 5, "maintenance_rate": 0.2},
                         {"notional_cap": 6, "maintenance_rate": 0.1}]})", "falls"},
      {R"({"TEST:COIN": [{"notional_cap": 5, "maintenance_rate": 0.2}]})",
       "no tiers of TEST:PERP"}};
  for (const auto& [text, expected] : bad) {
    ExecConfig config = test_config();
    const auto sut = parse_tiers(text, "tiers.json", config);
    ASSERT_FALSE(sut) << text;
    EXPECT_NE(sut.error().message.find(expected), std::string::npos) << sut.error().message;
    EXPECT_NE(sut.error().message.find("tiers.json"), std::string::npos);
  }
  ExecConfig config = test_config();
  EXPECT_TRUE(load_tiers(config)) << "no margin, no tiers needed";
  config.margin.on = true;
  const auto table = load_tiers(config);
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("no tiers of TEST:PERP"), std::string::npos);
  config.margin.tiers_file = "no/such/tiers.json";
  EXPECT_FALSE(load_tiers(config));
}

TEST(FundingFileTest, ReadsTimesOnTheMinuteAndRatesInUnitsOf1e8) {
  const auto sut = parse_funding(
      "funding_time_ms,funding_rate,premium\n1672560000008,6.91e-06,0\n1672588800000,-0.0001\n",
      "test");
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_EQ(sut->size(), 2U);
  EXPECT_EQ((*sut)[0].time_ns, 1'672'560'000 * kNsPerSecond);
  EXPECT_EQ((*sut)[0].rate_e8, 691);
  EXPECT_EQ((*sut)[1].rate_e8, -10'000);
}

TEST(FundingFileTest, NamesFileAndLineOfABadRow) {
  for (const char* bad : {"x,0.1", "1672588800000,abc", "1672588800000", "1672588800000,nan",
                          "1672588800000,500", "-5,0.1", "1,0.1"}) {
    const auto sut = parse_funding(
        std::string("funding_time_ms,funding_rate\n1672560000000,0.0001\n") + bad + "\n", "rates");
    ASSERT_FALSE(sut) << bad;
    EXPECT_NE(sut.error().message.find("rates, line 3"), std::string::npos) << sut.error().message;
  }
  EXPECT_FALSE(parse_funding("", "rates"));
  EXPECT_FALSE(parse_funding("time,rate\n1,2\n", "rates"));
  EXPECT_FALSE(load_funding_file("no/such/file.csv.gz"));
}

TEST(FundingFileTest, ReadsTheRecordedRates) {
  PINSTRIPE_NEED_DATA(path, "funding/binance_usdm_BTCUSDT_8h_2023_2025.csv.gz");
  const auto sut = load_funding_file(path);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->size(), 3'288U);
  for (const FundingEntry& e : *sut) ASSERT_EQ(e.time_ns % (8 * 3600 * kNsPerSecond), 0);
  ExecConfig config = test_config({test_perpetual(), test_spot()});
  config.funding_files = {{"", path}};
  ASSERT_TRUE(load_funding_files(config));
  EXPECT_EQ(config.funding[0].size(), 3'288U);
  EXPECT_TRUE(config.funding[1].empty()) << "spot pays no funding";
}

}  // namespace
}  // namespace pinstripe
