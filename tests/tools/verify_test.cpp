// `pinstripe verify`: every way to run the same data, in one table.
#include "shm/base/isa.h"
#include "tests/tools/cli_support.h"
#include "tools/commands/parity.h"

namespace pinstripe {
namespace {

class VerifyTest : public CliTest {};

TEST_F(VerifyTest, EveryWayToRunTheSyntheticMarketDecidesTheSame) {
  const auto sut = run({"verify", trading_config(), "--for", "10s", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  const auto told = sut.json();
  std::vector<std::string> modes;
  for (const auto& row : told.at("runs")) {
    modes.push_back(row.at("mode"));
    for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
      EXPECT_EQ(row.at(key), told.at("runs").at(0).at(key)) << row;
      EXPECT_EQ(row.at(key).get<std::string>().size(), 18U) << row;
    }
  }
  std::vector<std::string> expected{"five",          "replay_five", "five_killed",
                                    "replay_killed", "one_thread",  "backtest_1",
                                    "backtest_2",    "isa_plain"};
  if (widest_isa() >= Isa::kAvx2) expected.push_back("isa_avx2");
  if (widest_isa() >= Isa::kAvx512) expected.push_back("isa_avx512");
  EXPECT_EQ(modes, expected);
  EXPECT_GE(told.at("runs").at(2).at("kills"), 5);
  EXPECT_TRUE(told.at("difference").is_null());
  EXPECT_TRUE(leftovers().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state/pinstripe/journal"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "state/pinstripe")) {
    ADD_FAILURE() << "left behind: " << entry.path();
  }
}

TEST_F(VerifyTest, TheTableIsForPeopleAndAFailureNamesItsMode) {
  // A live session's config, too, decides the same wherever its data are run by their own time.
  const auto sut = run({"verify", trading_config(), "--for", "2s", "--set", "mode=live"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_NE(sut.out.find("replay_five"), std::string::npos);
  EXPECT_NE(sut.out.find("all decide the same"), std::string::npos);
  const auto wrong = run({"verify", config(R"({"seeed": 1})", "wrong")});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_NE(wrong.err.find("five: exit status 2: "), std::string::npos) << wrong.err;
  EXPECT_NE(wrong.err.find("seeed"), std::string::npos) << wrong.err;
}

TEST(Parity, TheFirstRowThatDiffersIsNamed) {
  const ParityRow first{"five", "0x1", "0x2", "0x3", 1.0, "", 0};
  ParityRow same = first;
  same.mode = "one_thread";
  EXPECT_FALSE(first_difference({first, same}));
  ParityRow other = same;
  other.mode = "backtest_1";
  other.state_hash = "0x4";
  const auto sut = first_difference({first, same, other});
  ASSERT_TRUE(sut);
  EXPECT_EQ(sut->mode, "backtest_1");
  EXPECT_EQ(sut->field, "state_hash");
  EXPECT_EQ(sut->expected, "0x3");
  EXPECT_EQ(sut->found, "0x4");
  ParityRow replay = same;
  replay.mode = "replay_five";
  replay.complaint = "risk: record 7: risk.exec 3 differs in price_ticks";
  EXPECT_EQ(first_difference({first, replay, other})->mode, "replay_five");
  EXPECT_EQ(first_difference({first, replay, other})->found, replay.complaint);
}

}  // namespace
}  // namespace pinstripe
