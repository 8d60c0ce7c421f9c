// `pinstripe verify` on real data: every way to run a capture, kills among them, in one table.
#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

using VerifyCaptureTest = PipelineTest;

TEST_F(VerifyCaptureTest, EveryWayToRunACaptureDecidesTheSame) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20230404"));
  const auto sut = run({"verify", kRecordedConfig, "--data", file, "--kills", "20", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  const auto told = sut.json();
  std::int64_t kills = 0;
  for (const auto& row : told.at("runs")) {
    EXPECT_EQ(row.at("orders_digest"), told.at("runs").at(0).at("orders_digest")) << row;
    EXPECT_EQ(row.at("state_hash"), told.at("runs").at(0).at("state_hash")) << row;
    kills += row.at("kills").get<std::int64_t>();
  }
  EXPECT_GE(kills, 10);
  EXPECT_TRUE(leftovers().empty());
}

}  // namespace
}  // namespace pinstripe
