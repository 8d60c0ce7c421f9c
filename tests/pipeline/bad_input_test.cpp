// Damaged recordings, by the command line: each fault is named with file, line and column, counted,
// and skipped or stopped at as the config says; never a crash, never a silent correction.
#include <fstream>

#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

/// One line of a capture made wrong: which line, how, and what must be said about it.
struct Damage {
  std::string name;
  bool (*fits)(const std::string& line);
  void (*harm)(std::string& line);
  std::string reason;  // as the message names it
};

void set_text_field(std::string& line, const std::string& key, const std::string& value) {
  const std::string mark = "\"" + key + "\":\"";
  const std::size_t at = line.find(mark) + mark.size();
  line.replace(at, line.find('"', at) - at, value);
}

class BadInputTest : public PipelineTest {
 protected:
  /// The shipped config with `"on_bad_line": what`.
  std::string config_that(const std::string& what) {
    std::ifstream in(kRecordedConfig);
    auto j = nlohmann::json::parse(in, nullptr, true, true);
    for (auto& member : j.at("models").at("members")) {
      for (auto& fold : member.at("folds")) {
        fold = std::filesystem::absolute("tools/configs/" + fold.get<std::string>()).string();
      }
    }
    j["feed"]["on_bad_line"] = what;
    return config(j.dump(), "recorded");
  }
  /// The first lines of a capture, as a file of this test.
  std::vector<std::string> some_lines(const std::string& capture) const {
    constexpr std::size_t kLines = 4'000;
    auto lines = lines_of(capture);
    lines.resize(std::min(lines.size(), kLines));
    return lines;
  }
  std::string written(const std::vector<std::string>& lines) {
    const std::string file = (folder_ / "damaged.txt").string();
    write_lines(file, lines);
    return file;
  }
  CommandResult trade(const std::string& config_file, const std::string& data) {
    return run({"up", config_file, "--data", data, "--in-process", "--json"});
  }
};

class DamagedLineTest : public BadInputTest, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedLineTest, IsNamedCountedAndSkippedOrStoppedAt) {
  PINSTRIPE_NEED_DATA(capture, capture_name("usdm_btcusdt_20230404"));
  auto lines = some_lines(capture);
  const auto whole = trade(config_that("skip"), written(lines));
  ASSERT_EQ(whole.exit, 0) << whole.err;
  std::size_t at = lines.size() / 2;
  while (!GetParam().fits(lines[at])) ++at;
  GetParam().harm(lines[at]);
  const std::string file = written(lines);
  const std::string place = file + ":" + std::to_string(at + 1) + ":";

  const auto skipped = trade(config_that("skip"), file);
  ASSERT_EQ(skipped.exit, 0) << skipped.err;
  EXPECT_NE(skipped.err.find("skipped: " + place), std::string::npos) << skipped.err;
  EXPECT_NE(skipped.err.find(GetParam().reason), std::string::npos) << skipped.err;
  EXPECT_EQ(skipped.json().at("bad_lines"), 1);
  EXPECT_EQ(skipped.json().at("events"), whole.json().at("events").get<std::int64_t>() - 1);
  EXPECT_EQ(skipped.json().at("lost"), 0);

  const auto five = run({"up", config_that("skip"), "--data", file, "--json"});
  EXPECT_EQ(five.exit, 0) << five.err;
  EXPECT_NE(five.err.find("skipped: " + place), std::string::npos) << five.err;
  EXPECT_EQ(five.json().at("orders_digest"), skipped.json().at("orders_digest"));

  const auto stopped = trade(config_that("stop"), file);
  EXPECT_EQ(stopped.exit, 1) << stopped.err;
  EXPECT_NE(stopped.err.find(place), std::string::npos) << stopped.err;
  EXPECT_NE(stopped.err.find(GetParam().reason), std::string::npos) << stopped.err;
  EXPECT_NE(stopped.json().at("error").get<std::string>().find(place), std::string::npos);
  EXPECT_TRUE(leftovers().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, DamagedLineTest,
    testing::Values(
        Damage{"a_number_with_letters", is_depth,
               [](std::string& l) { l.replace(l.find("\"u\":") + 6, 1, "!"); }, "bad_number"},
        Damage{"cut_short", is_trade, [](std::string& l) { l.resize(l.size() - 30); }, ""},
        Damage{"an_unknown_symbol", is_trade,
               [](std::string& l) { set_text_field(l, "s", "BTCXXX"); }, "unknown_symbol"},
        Damage{"a_price_off_the_tick_grid", is_trade,
               [](std::string& l) { set_text_field(l, "p", "28146.53"); }, "off_grid"},
        Damage{"a_quantity_that_overflows", is_trade,
               [](std::string& l) { set_text_field(l, "q", "99999999999999999999.000"); },
               "overflow"}),
    [](const auto& one) { return one.param.name; });

TEST_F(BadInputTest, ABadLineEndsFiveProcessesInOrderWhereTheConfigSaysStop) {
  PINSTRIPE_NEED_DATA(capture, capture_name("usdm_btcusdt_20230404"));
  auto lines = some_lines(capture);
  std::size_t at = lines.size() / 2;
  while (!is_trade(lines[at])) ++at;
  set_text_field(lines[at], "p", "28146.53");
  const std::string file = written(lines);
  const auto sut = run({"up", config_that("stop"), "--data", file, "--json"});
  EXPECT_EQ(sut.exit, 1) << sut.err;
  EXPECT_NE(sut.err.find(file + ":" + std::to_string(at + 1) + ":"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("stage 'feed'"), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(BadInputTest, ACaptureOfAnUnknownSymbolIsRefusedNamingTheNearest) {
  PINSTRIPE_NEED_DATA(capture, capture_name("usdm_btcusdt_20230404"));
  auto lines = some_lines(capture);
  for (std::string& line : lines) {
    for (std::size_t at = 0; (at = line.find("BTCUSDT", at)) != std::string::npos;) {
      line.replace(at, 7, "BTCUSDX");
    }
  }
  const auto sut = trade(config_that("skip"), written(lines));
  EXPECT_EQ(sut.exit, 2) << sut.err;
  EXPECT_NE(sut.err.find("BINANCE_USDM:BTCUSDX"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("BINANCE_USDM:BTCUSDT"), std::string::npos) << sut.err;
}

TEST_F(BadInputTest, AFileThatIsNoCaptureIsRefused) {
  const auto sut = trade(config_that("skip"), written({"hello", "world"}));
  EXPECT_EQ(sut.exit, 1) << sut.err;
  EXPECT_NE(sut.err.find("damaged.txt' holds no line that can be read"), std::string::npos)
      << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(BadInputTest, ReceiveTimesThatRunBackwardsAreToldAndDoNotMoveTheClock) {
  PINSTRIPE_NEED_DATA(capture, capture_name("usdm_btcusdt_20230404"));
  auto lines = some_lines(capture);
  const auto whole = trade(config_that("skip"), written(lines));
  ASSERT_EQ(whole.exit, 0) << whole.err;
  const auto offset = kept_offset().second;
  const std::size_t at = lines.size() / 2;
  std::filesystem::remove_all(folder_ / "cache");
  lines[at].replace(0, 16, std::to_string(std::stoll(lines[at].substr(0, 16)) - 5'000'000));
  const std::string file = written(lines);
  const auto sut = trade(config_that("skip"), file);
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_NE(sut.err.find(file + ":" + std::to_string(at + 1) + ": "), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("backwards"), std::string::npos) << sut.err;
  EXPECT_EQ(kept_offset().second, offset) << "one bad receive time moved the whole stream's clock";
  EXPECT_EQ(sut.json().at("events"), whole.json().at("events"));
}

}  // namespace
}  // namespace pinstripe
