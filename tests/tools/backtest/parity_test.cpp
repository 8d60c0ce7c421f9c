// A backtest decides as `up --in-process` does, on every capture, and needs neither shared memory
// nor memory that grows with the data.
#include "tests/support/captures.h"
#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

constexpr const char* kRecorded = "tools/configs/recorded.json";

class ParityTest : public CliTest {
 protected:
  /// Runs `arguments` under both verbs and compares everything but what a machine's clock says.
  void expect_same(const std::vector<std::string>& arguments) {
    std::vector<std::string> up{"up", "--in-process", "--json"}, back{"backtest", "--json"};
    up.insert(up.end(), arguments.begin(), arguments.end());
    back.insert(back.end(), arguments.begin(), arguments.end());
    const CommandResult one = run(up);
    // Nothing may be made in shared memory: here that would fail.
    setenv("PINSTRIPE_SHM_ROOT", "/proc/no-such-folder", 1);
    const CommandResult sut = run(back);
    setenv("PINSTRIPE_SHM_ROOT", root_.c_str(), 1);
    ASSERT_EQ(one.exit, 0) << one.err;
    ASSERT_EQ(sut.exit, 0) << sut.err;
    account_ = sut.json();
    const auto expected = one.json();
    for (const auto& [key, value] : expected.items()) {
      ASSERT_TRUE(account_.contains(key)) << key;
      if (key == "hops" || key == "tick_to_order_ns" || key == "journal") continue;
      EXPECT_EQ(account_.at(key), value) << key;
    }
    EXPECT_EQ(account_.at("lost"), 0);
    EXPECT_GT(account_.at("events"), 0);
  }
  nlohmann::json account_;
};

class CaptureParity : public ParityTest, public testing::WithParamInterface<Recorded> {};

TEST_P(CaptureParity, DecidesAsTheOneThreadPipelineDoes) {
  std::vector<std::string> arguments{kRecorded, "--data"};
  for (const std::string& capture : GetParam().captures) {
    PINSTRIPE_NEED_DATA(file, capture_name(capture));
    arguments.push_back(file);
  }
  expect_same(arguments);
  EXPECT_GT(account_.at("orders"), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, CaptureParity,
    testing::ValuesIn(recorded_captures()),
    [](const auto& of) { return of.param.name; });

TEST_F(ParityTest, TheShippedDemoDecidesTheSameAndWaitsForNoClock) {
  std::vector<std::string> up{"up", "tools/configs/demo.json", "--in-process", "--json",
                              "--speed", "max"};
  const auto one = run(up);
  const auto sut = run({"backtest", "tools/configs/demo.json", "--json"});
  ASSERT_EQ(one.exit, 0) << one.err;
  ASSERT_EQ(sut.exit, 0) << sut.err;
  for (const char* key : {"orders_digest", "signals_digest", "state_hash", "instruments",
                          "denials", "simulated_ns"}) {
    EXPECT_EQ(sut.json().at(key), one.json().at(key)) << key;
  }
}

TEST_F(ParityTest, TwoLanesDecideTheSame) {
  expect_same({trading_config(R"("lanes": [
    {"name": "a", "instruments": ["SYNTHETIC:PINUSD"]},
    {"name": "b", "instruments": ["SYNTHETIC:QINUSD"]}],)")});
  EXPECT_EQ(account_.at("hops").size(), 8U);
  EXPECT_GT(account_.at("orders"), 0);
}

TEST_F(ParityTest, TwoLanesOfRecordedDataDecideTheSame) {
  PINSTRIPE_NEED_DATA(btc, "binance_l2_raw/usdm_btcusdt_20240808.txt.gz");
  PINSTRIPE_NEED_DATA(eth, "binance_l2_raw/usdm_ethusdt_20240808.txt.gz");
  write_imbalance_model((folder_ / "model.json").string());
  expect_same({config(R"({
    "for_ns": 60000000000,
    "lanes": [{"name": "btc", "instruments": ["BINANCE_USDM:BTCUSDT"]},
              {"name": "eth", "instruments": ["BINANCE_USDM:ETHUSDT"]}],
    "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
    "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})"),
               "--data", btc, eth});
}

TEST_F(ParityTest, AWindowOfTimeIsTheSameInBothAndHoldsNothingBesides) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20240808.txt.gz");
  // The capture reaches from 23:54:58 to 00:00:43.
  expect_same({kRecorded, "--data", file, "--from", "2024-08-08T23:56:00Z", "--to",
               "2024-08-08T23:58:00Z"});
  const std::int64_t part = account_.at("events");
  EXPECT_GT(account_.at("simulated_ns"), 100'000'000'000);
  EXPECT_LT(account_.at("simulated_ns"), 131'000'000'000) << "two minutes and the drain";
  std::int64_t sum = 0;
  for (const std::vector<std::string>& window : std::vector<std::vector<std::string>>{
           {"--to", "2024-08-08T23:56:00Z"}, {"--from", "2024-08-08T23:58:00Z"}}) {
    std::vector<std::string> arguments{kRecorded, "--data", file};
    arguments.insert(arguments.end(), window.begin(), window.end());
    expect_same(arguments);
    sum += account_.at("events").get<std::int64_t>();
  }
  expect_same({kRecorded, "--data", file});
  EXPECT_EQ(account_.at("events"), sum + part) << "three windows are the whole";
}

TEST_F(ParityTest, AWindowOutsideTheDataIsRefusedAndNamesItsReach) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20240718.txt.gz");
  const auto sut = run({"backtest", kRecorded, "--data", file, "--from", "2030-01-01"});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("the data reach from 2024-07-18T"), std::string::npos) << sut.err;
  const auto nonsense = run({"backtest", kRecorded, "--data", file, "--to", "noon"});
  EXPECT_EQ(nonsense.exit, 2);
  EXPECT_NE(nonsense.err.find("--to"), std::string::npos) << nonsense.err;
}

TEST_F(ParityTest, MemoryDoesNotGrowWithTheLengthOfTheData) {
  write_imbalance_model((folder_ / "model.json").string());
  const auto events = [&](int thousands) {
    const std::string file = config(R"({"events_max": )" + std::to_string(thousands) + R"(000,
      "market": {"rate_per_s": 5000}, "for_ns": 3600000000000,
      "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
      "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})");
    return run({"backtest", file, "--json"});
  };
  const auto small = events(150);
  const auto large = events(600);
  ASSERT_EQ(small.exit, 0) << small.err;
  ASSERT_EQ(large.exit, 0) << large.err;
  EXPECT_EQ(large.json().at("events"), 600'000);
  EXPECT_GT(large.json().at("orders"), small.json().at("orders"));
  EXPECT_LT(large.peak_kib, small.peak_kib + 1'024) << "four times the data, the same memory";
}

}  // namespace
}  // namespace pinstripe
