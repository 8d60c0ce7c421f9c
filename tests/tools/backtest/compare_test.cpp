// Pairs of runs that differ in one known thing: `compare` must name it and put the whole gap there,
// to the last unit.
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/data.h"
#include "tests/tools/cli_support.h"
#include "tools/backtest/decisions.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kShares{"latency",   "queue",     "fees", "missed_data",
                                       "decisions", "rest"};

constexpr const char* kLong = "for_ns=120000000000";  // so that enough is traded

class CompareTest : public CliTest {
 protected:
  /// A backtest of trading_config with these settings; gives its folder.
  std::string ran(const std::string& name, const std::vector<std::string>& settings) {
    const std::string out = (folder_ / name).string();
    std::vector<std::string> command{"backtest", trading_config(), "--json", "--out", out,
                                     "--set", kLong};
    for (const std::string& s : settings) command.insert(command.end(), {"--set", s});
    const auto result = run(command);
    EXPECT_EQ(result.exit, 0) << result.err;
    return out;
  }
  Json compared(const std::string& a, const std::string& b) {
    const auto result = run({"compare", a, b, "--json"});
    EXPECT_EQ(result.exit, 0) << result.err;
    if (result.exit != 0) return {};
    const Json json = result.json();
    for (const Json& p : json.at("profit")) expect_exact(p.at("e8"));
    return json;
  }
  /// The shares and the rest add up to the gap, to the last unit.
  static void expect_exact(const Json& p) {
    std::int64_t sum = 0;
    for (const std::string& share : kShares) sum += p.at(share).get<std::int64_t>();
    EXPECT_EQ(p.at("a").get<std::int64_t>() + sum, p.at("b")) << p;
    EXPECT_EQ(sum, p.at("gap")) << p;
  }
  /// Nothing but `share` makes the gap, and there is one.
  static void expect_only(const Json& compared, const std::string& share) {
    ASSERT_EQ(compared.at("profit").size(), 1U);
    const Json& p = compared.at("profit").at(0).at("e8");
    EXPECT_NE(p.at("gap"), 0) << "a pair that says something";
    for (const std::string& other : kShares) {
      EXPECT_EQ(p.at(other), other == share ? p.at("gap") : Json(0)) << other;
    }
  }
  const std::string decide_alike_ = "risk.policy=every_signal";
};

TEST_F(CompareTest, ARunIsEqualToItself) {
  const std::string a = ran("a", {});
  const Json sut = compared(a, a);
  EXPECT_GT(sut.at("decisions").at("same"), 20);
  for (const char* count : {"later", "changed", "only_a", "only_b"}) {
    EXPECT_EQ(sut.at("decisions").at(count), 0) << count;
  }
  EXPECT_TRUE(sut.at("first_difference").is_null());
  EXPECT_TRUE(sut.at("split_reason").is_null());
  for (const std::string& share : kShares) EXPECT_EQ(sut.at("profit").at(0).at("e8").at(share), 0);
}

TEST_F(CompareTest, ARunThatWasStoppedSaysSoAndIsWarnedOf) {
  const std::string whole = ran("whole", {});
  std::ifstream in(whole + "/result.json");
  EXPECT_EQ(Json::parse(in).at("stopped"), false);
  const std::string cut = (folder_ / "cut").string();
  const auto backtest = start({bin_ + "/pinstripe", "backtest", trading_config(), "--json", "--out",
                               cut, "--set", "for_ns=360000000000000"});
  const auto began = [&] {
    std::ifstream err(backtest.err_file);
    return err.peek() != std::ifstream::traits_type::eof();
  };
  while (!began() && !has_ended(backtest)) usleep(10'000);
  kill(backtest.pid, SIGINT);
  const CommandResult stopped = wait(backtest);
  ASSERT_EQ(stopped.exit, 0) << stopped.err;
  EXPECT_EQ(stopped.json().at("stopped"), true);
  std::ifstream kept(cut + "/result.json");
  EXPECT_EQ(Json::parse(kept).at("stopped"), true);
  const auto sut = run({"compare", whole, cut, "--no-split", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_TRUE(sut.json().at("a").at("note").is_null());
  EXPECT_NE(sut.json().at("b").at("note").get<std::string>().find("stopped"), std::string::npos);
  EXPECT_NE(sut.err.find("warning: '" + cut + "': it was stopped"), std::string::npos) << sut.err;
}

TEST_F(CompareTest, OtherFeesAreAllOfTheGapAndChangeNoDecision) {
  const Json sut =
      compared(ran("a", {decide_alike_}),
               ran("b", {decide_alike_, "fees.linear.maker_bps=4", "fees.linear.taker_bps=10"}));
  EXPECT_EQ(sut.at("decisions").at("same"), sut.at("a").at("decisions"));
  EXPECT_TRUE(sut.at("first_difference").is_null());
  expect_only(sut, "fees");
  EXPECT_LT(sut.at("profit").at(0).at("fees"), 0);
}

TEST_F(CompareTest, ASlowerWayToTheVenueIsAllOfTheGap) {
  const Json sut = compared(ran("a", {}), ran("b", {"exec.order_latency_ns=200000000"}));
  expect_only(sut, "latency");
  EXPECT_GT(sut.at("decisions").at("same"), 0);
}

TEST_F(CompareTest, SlowerStagesSendTheSameDecisionsLater) {
  // Half a millisecond within the budget: every signal still stands.
  const Json sut = compared(ran("a", {decide_alike_}),
                            ran("b", {decide_alike_, "stages.risk.latency.base_ns=505000"}));
  EXPECT_GT(sut.at("decisions").at("later"), 0);
  const Json& p = sut.at("profit").at(0).at("e8");
  EXPECT_EQ(p.at("latency"), p.at("gap"));
}

TEST_F(CompareTest, MissedDataAreAllOfTheGapAndAreCounted) {
  const Json sut = compared(ran("a", {"market.gap_at_s=0"}), ran("b", {}));
  expect_only(sut, "missed_data");
  EXPECT_EQ(sut.at("a").at("gaps"), 0);
  EXPECT_EQ(sut.at("b").at("gaps"), 1);
}

TEST_F(CompareTest, AnotherConfigIsAllOfTheGapAndItsFirstDecisionIsNamed) {
  const Json sut = compared(ran("a", {}), ran("b", {"models.threshold=0.3"}));
  expect_only(sut, "decisions");
  const auto& d = sut.at("decisions");
  EXPECT_GT(d.at("only_a"), 0) << "fewer signals, fewer orders";
  EXPECT_EQ(d.at("same").get<int>() + d.at("changed").get<int>() + d.at("only_a").get<int>(),
            sut.at("a").at("decisions"));
  const Json& first = sut.at("first_difference");
  EXPECT_NE(first.at("a").at("line").get<std::string>().find("SYNTHETIC:PINUSD new"),
            std::string::npos)
      << first;
}

TEST_F(CompareTest, WhatDiffersInManyThingsIsSplitExactly) {
  const Json sut = compared(
      ran("a", {}),
      ran("b", {"exec.order_latency_ns=20000000", "exec.queue_model=prob_log", "seed=9",
                "fees.linear.taker_bps=9", "market.gap_at_s=5", "models.threshold=0.15"}));
  const Json& p = sut.at("profit").at(0).at("e8");
  for (const char* share : {"latency", "fees", "missed_data", "decisions"}) {
    EXPECT_NE(p.at(share), 0) << share;
  }
  EXPECT_EQ(p.at("rest"), 0) << "two backtests of one build";
}

TEST_F(CompareTest, ASessionsJournalIsEqualToTheBacktestOfItsConfig) {
  const std::string session = trading_config(R"("journal": {"mode": "on"},)");
  const auto live = run({"up", session, "--in-process", "--json", "--set", kLong});
  ASSERT_EQ(live.exit, 0) << live.err;
  const std::string journal = live.json().at("journal");
  const std::string same = ran("same", {});
  const Json sut = compared(journal, same);
  EXPECT_EQ(sut.at("a").at("decisions"), sut.at("b").at("decisions"));
  EXPECT_EQ(sut.at("decisions").at("same"), sut.at("a").at("decisions"));
  EXPECT_TRUE(sut.at("first_difference").is_null());
  EXPECT_EQ(sut.at("profit").at(0).at("e8").at("a"),
            live.json().at("instruments").at(0).at("net_pnl_e8"));
  EXPECT_EQ(sut.at("profit").at(0).at("e8").at("gap"), 0);
  EXPECT_EQ(sut.at("a").at("gaps"), 1) << "seen by the run done again";
  // By the session's name, against other fees.
  expect_only(compared("session", ran("fees", {"fees.linear.maker_bps=1.9999"})), "fees");
}

TEST_F(CompareTest, AnotherQueueModelIsAllOfTheGapAndDataThatWentAwayIsSaid) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const std::string copy = (folder_ / "capture.txt.gz").string();
  std::filesystem::copy_file(file, copy);
  for (const std::string name : {"a", "b"}) {
    const auto result =
        run({"backtest", "tools/configs/recorded.json", "--data", copy, "--out",
             (folder_ / name).string(), "--set", "exec.queue_model=" +
             std::string(name == "a" ? "risk_averse" : "prob_log")});
    ASSERT_EQ(result.exit, 0) << result.err;
  }
  const std::string a = (folder_ / "a").string(), b = (folder_ / "b").string();
  expect_only(compared(a, b), "queue");
  std::filesystem::remove(copy);
  const auto text = run({"compare", a, b});
  EXPECT_EQ(text.exit, 0) << text.err;
  EXPECT_NE(text.out.find("the gap is not split: '" + copy + "' cannot be read again"),
            std::string::npos)
      << text.out;
}

TEST_F(CompareTest, WhatIsNoRunIsRefusedByName) {
  const std::string a = ran("a", {});
  const auto none = run({"compare", a, "no-such-session"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_NE(none.err.find("no-such-session"), std::string::npos) << none.err;
  std::ofstream(a + "/commands.csv", std::ios::app) << "1,new,here\n";
  const auto edited = run({"compare", a, a});
  EXPECT_EQ(edited.exit, 2);
  EXPECT_NE(edited.err.find("commands.csv', line "), std::string::npos) << edited.err;
}

Decision decision(std::int64_t origin_ns, const std::string& kind, const std::string& what) {
  return {"X", kind, origin_ns, origin_ns + 10, what};
}

TEST(DecisionsTest, AreHeldAgainstEachOtherByCauseAndKindWhateverTheirOrder) {
  const Decision entry = decision(5, "new", "buy 1"), cancel = decision(5, "cancel", "stale");
  const Decision exit = decision(9, "new", "sell 1");
  const auto sut = compare_decisions({entry, cancel, exit}, {cancel, entry, exit});
  EXPECT_EQ(sut.same, 3);
  EXPECT_FALSE(sut.first);
}

TEST(DecisionsTest, TheFirstDifferenceIsTheEarliestCauseAndShowsBothSides) {
  const Decision both = decision(5, "new", "buy 1"), left = decision(7, "new", "buy 2");
  Decision right = decision(7, "new", "buy 3");
  const auto sut = compare_decisions({both, left, decision(9, "cancel", "a")},
                                     {both, right, decision(8, "new", "sell")});
  EXPECT_EQ(sut.same, 1);
  EXPECT_EQ(sut.changed, 1);
  EXPECT_EQ(sut.only_a, 1);
  EXPECT_EQ(sut.only_b, 1);
  ASSERT_TRUE(sut.first && sut.first->a && sut.first->b);
  EXPECT_EQ(sut.first->a->what, "buy 2");
  EXPECT_EQ(sut.first->b->what, "buy 3");
}

TEST(DecisionsTest, SeveralOfOneCauseArePairedInTheOrderSaid) {
  const Decision one = decision(5, "cancel", "ttl"), two = decision(5, "cancel", "halt");
  const auto sut = compare_decisions({one, two, one}, {one, two});
  EXPECT_EQ(sut.same, 2);
  EXPECT_EQ(sut.only_a, 1);
  Decision late = one;
  late.sent_ns += 1;
  EXPECT_EQ(compare_decisions({one}, {late}).later, 1);
  EXPECT_EQ(compare_decisions({one}, {late}).same, 1);
}

}  // namespace
}  // namespace pinstripe
