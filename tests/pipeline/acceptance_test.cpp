// Every recorded capture, alone and joined with its neighbour, under the one shipped config:
// nothing is lost, it trades, and one thread and five processes decide the same, run after run.
#include "tests/pipeline/pipeline_support.h"
#include "tests/support/captures.h"

namespace pinstripe {
namespace {

class AcceptanceTest : public PipelineTest, public testing::WithParamInterface<Recorded> {};

TEST_P(AcceptanceTest, TradesLosesNothingAndDecidesTheSameEveryTime) {
  std::vector<std::string> files;
  std::int64_t trades = 0;
  for (const std::string& capture : GetParam().captures) {
    PINSTRIPE_NEED_DATA(file, capture_name(capture));
    files.push_back(file);
    for (const std::string& line : lines_of(file)) trades += is_trade(line) ? 1 : 0;
  }
  const auto first = up(files, {"--in-process"});
  ASSERT_EQ(first.exit, 0) << first.err;
  const auto account = first.json();
  EXPECT_EQ(account.at("lost"), 0);
  EXPECT_EQ(account.at("in_sample"), false);
  EXPECT_EQ(account.at("bad_lines"), 0);
  EXPECT_GE(account.at("fills").get<std::int64_t>(), trades >= 5'000 ? 20 : 1)
      << trades << " trades in the capture";
  const auto again = up(files, {"--in-process"});
  const auto five = up(files);
  ASSERT_EQ(again.exit, 0) << again.err;
  ASSERT_EQ(five.exit, 0) << five.err;
  EXPECT_EQ(five.json().at("lost"), 0);
  for (const char* key : {"orders_digest", "signals_digest", "events", "fills", "denials",
                          "instruments"}) {
    EXPECT_EQ(again.json().at(key), account.at(key)) << key << ", one thread once more";
    EXPECT_EQ(five.json().at(key), account.at(key)) << key << ", five processes";
  }
  EXPECT_TRUE(leftovers().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, AcceptanceTest,
    testing::ValuesIn(recorded_captures()),
    [](const auto& of) { return of.param.name; });

using SpeedTest = PipelineTest;

TEST_F(SpeedTest, TwentyTimesRealTimeDecidesAsFullSpeedDoes) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20240718"));
  const auto full = up({file}, {"--in-process"});
  const auto paced = up({file}, {"--speed", "20"});
  ASSERT_EQ(full.exit, 0) << full.err;
  ASSERT_EQ(paced.exit, 0) << paced.err;
  for (const char* key : {"orders_digest", "signals_digest", "events", "fills", "denials"}) {
    EXPECT_EQ(paced.json().at(key), full.json().at(key)) << key;
  }
  EXPECT_EQ(paced.json().at("lost"), 0);
  EXPECT_TRUE(paced.json().at("tick_to_order_ns").is_object());
}

}  // namespace
}  // namespace pinstripe
