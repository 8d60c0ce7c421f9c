// Whole sessions over recordings of Bybit and OKX: nothing is lost, and every way to run them
// decides the same.
#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

using VenueSessionTest = PipelineTest;

TEST_F(VenueSessionTest, ABybitSessionLosesNothingAndDecidesTheSameTwice) {
  PINSTRIPE_NEED_DATA(file, "ws_raw/bybit_v5_linear_20260809.jsonl.zst");
  const auto first = run({"up", kRecordedConfig, "--data", file, "--json"});
  ASSERT_EQ(first.exit, 0) << first.err << first.out;
  const auto second = run({"up", kRecordedConfig, "--data", file, "--json"});
  ASSERT_EQ(second.exit, 0) << second.err;
  const auto backtest = run({"backtest", kRecordedConfig, "--data", file, "--json"});
  ASSERT_EQ(backtest.exit, 0) << backtest.err;
  EXPECT_EQ(first.json().at("lost"), 0);
  for (const char* same : {"orders_digest", "signals_digest"}) {
    EXPECT_EQ(first.json().at(same), second.json().at(same)) << same;
    EXPECT_EQ(first.json().at(same), backtest.json().at(same)) << same;
  }
}

TEST_F(VenueSessionTest, SpotAndLinearOfOneSymbolAreTwoInstruments) {
  PINSTRIPE_NEED_DATA(file, "ws_raw/bybit_v5_linear_20260809.jsonl.zst");
  const std::string both =
      config(R"({"name": "two", "mode": "recorded", "speed": "max",
                 "instruments": ["BYBIT:BTCUSDT", "BYBIT_LINEAR:BTCUSDT"]})");
  const auto sut = run({"backtest", both, "--data", file, "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("lost"), 0);
}

TEST_F(VenueSessionTest, EveryWayToRunAnOkxRecordingDecidesTheSame) {
  PINSTRIPE_NEED_DATA(file, "ws_raw/okx_v5_books_20220513.jsonl.zst");
  const auto sut = run({"verify", kRecordedConfig, "--data", file, "--kills", "3", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  const auto told = sut.json();
  for (const auto& row : told.at("runs")) {
    EXPECT_EQ(row.at("orders_digest"), told.at("runs").at(0).at("orders_digest")) << row;
    EXPECT_EQ(row.at("state_hash"), told.at("runs").at(0).at("state_hash")) << row;
  }
}

}  // namespace
}  // namespace pinstripe
