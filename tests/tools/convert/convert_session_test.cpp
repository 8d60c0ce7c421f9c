// `pinstripe convert` as a user calls it; sessions over binary captures decide as over their text.
#include <fstream>
#include <sstream>

#include "tests/support/captures.h"
#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

constexpr const char* kRecorded = "tools/configs/recorded.json";

class ConvertSession : public CliTest {
 protected:
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string binary_of(const std::string& capture, const std::string& name) {
    const auto done = run({"convert", capture, at(name), "--json"});
    EXPECT_EQ(done.exit, 0) << done.err;
    return at(name);
  }
  /// `verb` over either decides alike; gives the account over the binary captures.
  nlohmann::json expect_same(const std::vector<std::string>& verb,
                             const std::vector<std::string>& text,
                             const std::vector<std::string>& binary) {
    const auto over = [&](const std::vector<std::string>& files) {
      std::vector<std::string> arguments = verb;
      arguments.insert(arguments.end(), {kRecorded, "--json", "--data"});
      arguments.insert(arguments.end(), files.begin(), files.end());
      return run(arguments);
    };
    const CommandResult one = over(text);
    const CommandResult sut = over(binary);
    EXPECT_EQ(one.exit, 0) << one.err;
    EXPECT_EQ(sut.exit, 0) << sut.err;
    if (one.exit != 0 || sut.exit != 0) return {};
    const auto expected = one.json();
    for (const char* key : {"orders_digest", "signals_digest", "state_hash", "events", "fills",
                            "denials", "instruments", "bad_lines", "simulated_ns"}) {
      EXPECT_EQ(sut.json().at(key), expected.at(key)) << key;
    }
    return sut.json();
  }
};

class ConvertedCapture : public ConvertSession, public testing::WithParamInterface<Recorded> {};

TEST_P(ConvertedCapture, IsTradedAsItsText) {
  std::vector<std::string> text, binary;
  for (const std::string& capture : GetParam().captures) {
    PINSTRIPE_NEED_DATA(file, capture_name(capture));
    text.push_back(file);
    binary.push_back(binary_of(file, capture + ".pscap"));
  }
  EXPECT_GT(expect_same({"backtest"}, text, binary).value("orders", 0), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, ConvertedCapture,
    testing::ValuesIn(recorded_captures()),
    [](const auto& of) { return of.param.name; });

TEST_F(ConvertSession, UpTakesBinaryCapturesInEitherWay) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const std::string binary = binary_of(file, "a.pscap");
  expect_same({"up", "--in-process"}, {file}, {binary});
  const auto account = expect_same({"up"}, {file}, {binary});
  for (const auto& hop : account.at("hops")) {
    EXPECT_EQ(hop.at("hot_path_faults"), 0) << hop.at("stage");
    EXPECT_EQ(hop.at("allocations_after_seal"), 0) << hop.at("stage");
  }
}

TEST_F(ConvertSession, AWindowOfABinaryCaptureIsThatOfTheText) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20240808.txt.gz");
  const std::string binary = binary_of(file, "a.pscap");
  expect_same({"backtest", "--from", "2024-08-08T23:56:00Z", "--to", "2024-08-08T23:58:00Z"},
              {file}, {binary});
}

TEST_F(ConvertSession, SeveralCapturesGoIntoAFolderAndComeBack) {
  PINSTRIPE_NEED_DATA(one, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  PINSTRIPE_NEED_DATA(trades, "tardis_csv/bitmex_trades_XBTUSD.csv");
  const auto nowhere = run({"convert", one, trades, at("nowhere")});
  EXPECT_EQ(nowhere.exit, 2) << nowhere.err;
  EXPECT_NE(nowhere.err.find("is no folder"), std::string::npos) << nowhere.err;
  const auto done = run({"convert", one, trades, folder_.string(), "--json"});
  ASSERT_EQ(done.exit, 0) << done.err;
  ASSERT_EQ(done.json().at("converted").size(), 2u);
  EXPECT_EQ(done.json()["converted"][1]["to"], at("bitmex_trades_XBTUSD.pscap"));
  const auto back =
      run({"convert", at("bitmex_trades_XBTUSD.pscap"), "--back", at("trades.csv")});
  ASSERT_EQ(back.exit, 0) << back.err;
  const auto bytes = [](const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return all.str();
  };
  EXPECT_EQ(bytes(at("trades.csv")), bytes(trades));
}

TEST_F(ConvertSession, ADamagedFrameStopsTheSessionAndIsNamed) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const std::string binary = binary_of(file, "a.pscap");
  {
    std::fstream f(binary, std::ios::in | std::ios::out | std::ios::binary);
    f.seekp(300'000);
    const char was = static_cast<char>(f.get());
    f.seekp(300'000);
    f.put(static_cast<char>(was ^ 1));
  }
  const auto sut = run({"backtest", kRecorded, "--data", binary});
  EXPECT_EQ(sut.exit, 1) << sut.err;
  EXPECT_NE(sut.err.find(binary + "' block 0, frame "), std::string::npos) << sut.err;
}

}  // namespace
}  // namespace pinstripe
