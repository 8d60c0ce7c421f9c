// The market models end to end (tools/backtest/models.md): rebates, liquidation, latencies by
// stamps and from tables; every figure recomputed from the files of `--out`.
#include <cmath>
#include <fstream>
#include <set>

#include "tests/support/data.h"
#include "tests/tools/backtest/metrics_reference.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class MarketModelsTest : public CliTest {
 protected:
  CommandResult backtest(const std::string& config, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"backtest", config, "--json", "--out", out()});
    return run(more);
  }
  /// One IOC order in each decision, to and fro.
  std::string taking_config(const std::string& more, const std::string& name = "session") {
    write_imbalance_model((folder_ / "model.json").string());
    return config("{" + more + R"("for_ns": 20000000000, "market": {"seed": 5, "rate_per_s": 500},
        "models": {"threshold": 0, "members": [{"file": "model.json"}]},
        "risk": {"policy": "every_signal"}})", name);
  }
  std::string out() const { return (folder_ / "out").string(); }
  std::vector<reference::Row> fills() const { return reference::read_csv(out() + "/fills.csv"); }
  /// The same session by `up` in five processes: the same decisions; its journal, if it keeps one,
  /// replays.
  void expect_five_processes_agree(const std::string& config, const nlohmann::json& account,
                                   std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"up", config, "--json"});
    const auto five = run(more);
    ASSERT_EQ(five.exit, 0) << five.err;
    for (const char* key : {"orders_digest", "signals_digest", "state_hash", "fills", "lost"}) {
      EXPECT_EQ(five.json().at(key), account.at(key)) << key;
    }
    if (five.json().at("journal").is_null()) return;
    const auto replayed = run({"replay", five.json().at("journal")});
    EXPECT_EQ(replayed.exit, 0) << replayed.err << replayed.out;
  }
};

TEST_F(MarketModelsTest, ARebateIsPaidOutToTheLastUnitRoundedAgainstUs) {
  write_imbalance_model((folder_ / "model.json").string());
  const std::string sut = config(R"({"fees": {"linear": {"maker_bps": -0.5, "taker_bps": 5}},
      "for_ns": 120000000000, "market": {"seed": 5, "rate_per_s": 500},
      "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
      "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})");
  const auto done = backtest(sut);
  ASSERT_EQ(done.exit, 0) << done.err;
  std::int64_t fees = 0, makers = 0;
  for (const auto& row : fills()) {
    const std::int64_t notional = reference::e8(row.at("notional"));
    const std::int64_t fee = reference::e8(row.at("fee"));
    fees += fee;
    if (row.at("liquidity") == "maker") {
      ++makers;
      EXPECT_LT(fee, 0);
      EXPECT_EQ(fee, -(notional * 5 / 100'000)) << "half a basis point, rounded down";
    } else {
      EXPECT_EQ(fee, (notional * 5 + 9'999) / 10'000);
    }
  }
  EXPECT_GT(makers, 10);
  const auto account = done.json().at("instruments").at(0);
  EXPECT_EQ(account.at("fees_e8").get<std::int64_t>(), fees);
  EXPECT_EQ(account.at("net_pnl_e8").get<std::int64_t>(),
            account.at("gross_pnl_e8").get<std::int64_t>() - fees);
  EXPECT_EQ(account.at("maker_fee_bps"), -0.5);
}

TEST_F(MarketModelsTest, ARebateAboveTheTakersFeeIsRefused) {
  const auto sut = run({"check", trading_config(
      R"("fees": {"linear": {"maker_bps": -6, "taker_bps": 5}},)")});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("fees.linear"), std::string::npos) << sut.err;
}

class LiquidationTest : public MarketModelsTest {
 protected:
  /// The trading session with `cash` at the venue and one tier of 1 %.
  std::string with_margin(const std::string& cash, const std::string& more = "") {
    std::ofstream(folder_ / "tiers.json") << R"({"SYNTHETIC:PINUSD": [
        {"notional_cap": 1e9, "maintenance_rate": 0.01}]})";
    return trading_config(more + R"("exec": {"margin": {"tiers": "tiers.json",
        "liquidation_fee_bps": 100, "opening_cash": )" + cash + "}},");
  }
};

TEST_F(LiquidationTest, AnExhaustedAccountIsClosedAndNothingOpensAfterwards) {
  const std::string sut = with_margin("10");  // a position is worth about 1,000
  const auto done = backtest(sut);
  ASSERT_EQ(done.exit, 0) << done.err;
  std::int64_t position = 0, cash = 0, fees = 0, liquidated_at = 0;
  int liquidations = 0;
  for (const auto& row : fills()) {
    const std::int64_t sign = row.at("side") == "buy" ? 1 : -1;
    const std::int64_t notional = reference::e8(row.at("notional"));
    position += sign * reference::e8(row.at("quantity"));
    cash -= sign * notional;
    fees += reference::e8(row.at("fee"));
    if (row.at("kind") != "liquidation") continue;
    ++liquidations;
    if (liquidated_at == 0) liquidated_at = std::stoll(row.at("taken_ns"));
    EXPECT_EQ(position, 0) << "all of it";
    const auto fee = [&](std::int64_t bps) { return (notional * bps + 9'999) / 10'000; };
    EXPECT_EQ(reference::e8(row.at("fee")), fee(5) + fee(100));
  }
  ASSERT_GT(liquidations, 0);
  for (const auto& row : reference::read_csv(out() + "/orders.csv")) {
    if (row.at("opens") == "1") {
      EXPECT_LE(std::stoll(row.at("sent_ns")), liquidated_at);
    }
  }
  const auto account = done.json();
  EXPECT_EQ(account.at("liquidations"), liquidations);
  EXPECT_GT(account.at("denials").at("halted").get<std::int64_t>(), 0) << "opens are halted";
  const auto i = account.at("instruments").at(0);
  EXPECT_EQ(i.at("position_lots"), 0);
  EXPECT_EQ(i.at("net_pnl_e8").get<std::int64_t>(), cash - fees);
  expect_five_processes_agree(sut, account);
}

TEST_F(LiquidationTest, AJournalReplaysWithItsOwnCopyOfTheTiers) {
  const std::string sut = with_margin("10", R"("journal": {"mode": "on"},)");
  const auto up = run({"up", sut, "--json", "--in-process"});
  ASSERT_EQ(up.exit, 0) << up.err;
  EXPECT_GT(up.json().at("liquidations"), 0);
  std::filesystem::remove(folder_ / "tiers.json");
  const auto replayed = run({"replay", up.json().at("journal"), "--json"});
  EXPECT_EQ(replayed.exit, 0) << replayed.err << replayed.out;
}

TEST_F(LiquidationTest, MarginThatIsNeverExhaustedChangesNoDecision) {
  const auto rich = backtest(with_margin("1000000"));
  ASSERT_EQ(rich.exit, 0) << rich.err;
  const auto none = run({"backtest", trading_config(), "--json"});
  ASSERT_EQ(none.exit, 0) << none.err;
  EXPECT_EQ(rich.json().at("orders_digest"), none.json().at("orders_digest"));
  EXPECT_GT(none.json().at("fills"), 0);
}

TEST_F(LiquidationTest, AMissingTierIsSaidBeforeTheStart) {
  std::ofstream(folder_ / "tiers.json") << R"({"OTHER:THING": [
      {"notional_cap": 1, "maintenance_rate": 0.01}]})";
  const auto sut = run({"check", trading_config(
      R"("exec": {"margin": {"tiers": "tiers.json"}},)")});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("no tiers of SYNTHETIC:PINUSD"), std::string::npos) << sut.err;
}

TEST_F(MarketModelsTest, OrderAndResponseLatenciesAreDrawnFromTheirTables) {
  const std::string tables = R"("order_latency_table_ns": [1500000, 4000000, 9000000],
      "response_latency_table_ns": [2000000, 3000000, 7000000])";
  const std::string sut = taking_config(R"("journal": {"mode": "on"}, "exec": {)" + tables + "},");
  const auto done = backtest(sut);
  ASSERT_EQ(done.exit, 0) << done.err;
  std::set<std::int64_t> ways_there, ways_back;
  for (const auto& row : reference::read_csv(out() + "/orders.csv")) {
    if (row.at("arrived_ns") == "0") continue;
    ways_there.insert(std::stoll(row.at("arrived_ns")) - std::stoll(row.at("sent_ns")));
  }
  for (const auto& row : fills()) {
    ways_back.insert(std::stoll(row.at("taken_ns")) - std::stoll(row.at("venue_ns")));
  }
  for (const std::int64_t ns : {1'500'000, 4'000'000, 9'000'000}) {
    EXPECT_TRUE(ways_there.contains(ns)) << ns;
  }
  for (const std::int64_t ns : {2'000'000, 3'000'000, 7'000'000}) {
    EXPECT_TRUE(ways_back.contains(ns)) << ns;
  }
  EXPECT_GE(*ways_back.begin(), 2'000'000);
  EXPECT_GE(*ways_there.begin(), 1'500'000);
  expect_five_processes_agree(sut, done.json());
  const auto other_seed = run({"backtest", taking_config(R"("seed": 5, "exec": {)" + tables + "},",
                                                         "other"), "--json"});
  EXPECT_NE(other_seed.json().at("orders_digest"), done.json().at("orders_digest"));
}

TEST_F(MarketModelsTest, ASessionsJournalGivesTheTablesOfTheNext) {
  const std::string first = taking_config(R"("journal": {"mode": "on"}, "exec": {
      "order_latency_table_ns": [1500000, 4000000],
      "response_latency_table_ns": [2000000, 3000000]},)", "first");
  const auto up = run({"up", first, "--json", "--in-process"});
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto exported = run({"journal", "export", up.json().at("journal"), "--latencies", "--out",
                             out()});
  ASSERT_EQ(exported.exit, 0) << exported.err;
  std::ifstream file(out() + "/latencies.json");
  const auto tables = nlohmann::json::parse(file);
  for (const char* key : {"order_latency_table_ns", "response_latency_table_ns"}) {
    ASSERT_GT(tables.at(key).size(), 20U) << key;
  }
  EXPECT_EQ(tables.at("order_latency_table_ns").front(), 1'500'000);
  EXPECT_EQ(tables.at("response_latency_table_ns").front(), 2'000'000);
  const std::string second = taking_config(R"("exec": )" + tables.dump() + ",", "second");
  const auto sut = run({"backtest", second, "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("fills"), 0);
  const auto latency = sut.json().at("metrics").at("simulated_latency_ns").at("order_to_venue");
  EXPECT_GE(latency.at("max"), 4'000'000);
}

TEST_F(MarketModelsTest, ByStampsTheVenuesClockIsWhatTheVenueSaid) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  write_imbalance_model((folder_ / "model.json").string());
  const std::string rest = R"("models": {"threshold": 0.05, "decision_interval_ns": 500000000,
          "members": [{"file": "model.json"}]},
      "risk": {"policy": {"min_edge": 0, "entry_ttl_horizons": 2},
               "sizing": {"mode": "fixed_fraction"}},
      "exec": {"response_latency_ns": 25000000}})";
  const std::string sut = config(
      R"({"journal": {"mode": "on"}, "feed_latency": {"model": "stamps", "max_ns": 20000000},)" +
          rest, "stamps");
  const auto done = backtest(sut, {"--data", file});
  ASSERT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.json().at("lost"), 0);
  std::set<std::int64_t> leads;
  for (const auto& row : fills()) {
    if (row.at("liquidity") != "maker") continue;
    const std::int64_t lead = std::stoll(row.at("origin_ns")) - std::stoll(row.at("venue_ns"));
    EXPECT_GE(lead, 0);
    EXPECT_LE(lead, 20'000'000);
    leads.insert(lead);
  }
  EXPECT_GT(leads.size(), 2U) << "it varies";
  expect_five_processes_agree(sut, done.json(), {"--data", file});
  const auto constant = run({"backtest", config("{" + rest, "constant"), "--json", "--data", file});
  ASSERT_EQ(constant.exit, 0) << constant.err;
  EXPECT_NE(constant.json().at("orders_digest"), done.json().at("orders_digest"));
}

TEST_F(MarketModelsTest, ATableOfFeedLatenciesDecidesTheSameInOneThreadAndFiveProcesses) {
  const std::string sut = trading_config(R"("journal": {"mode": "on"},
      "feed_latency": {"model": "table", "table_ns": [500000, 1000000, 1800000]},)");
  const auto done = backtest(sut);
  ASSERT_EQ(done.exit, 0) << done.err;
  EXPECT_GT(done.json().at("fills"), 0);
  expect_five_processes_agree(sut, done.json());
}

TEST_F(MarketModelsTest, AnswersFasterThanTheSlowestMarketMessageAreRefused) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {R"("feed_latency": {"model": "stamps", "max_ns": 20000000},)",
       "exec.response_latency_ns: found 2000000, allowed is at least 20020000"},
      {R"("feed_latency": {"model": "table", "table_ns": [1, 3000000]},)",
       "exec.response_latency_ns: found 2000000, allowed is at least 3020000"},
      {R"("exec": {"response_latency_table_ns": [9000000, 1000000]},)",
       "exec.response_latency_table_ns: found 1000000, allowed is at least 1020000"},
      {R"("feed_latency": {"model": "stamps"},)", "feed_latency.max_ns"},
      {R"("feed_latency": {"model": "table"},)", "feed_latency.table_ns"},
      {R"("feed_latency": {"max_ns": 5000000},)", "feed_latency.max_ns"},
      {R"("exec": {"response_latency_ns": 5000000, "response_latency_table_ns": [5000000]},)",
       "one of the two"}};
  for (const auto& [keys, expected] : bad) {
    const auto sut = run({"check", trading_config(keys)});
    EXPECT_EQ(sut.exit, 2) << keys;
    EXPECT_NE(sut.err.find(expected), std::string::npos) << sut.err;
  }
}

}  // namespace
}  // namespace pinstripe
