// `up` end to end: five processes and one thread, accounts, deaths, Ctrl-C, everything cleaned up.
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

using UpTest = CliTest;

TEST_F(UpTest, RunsTheSyntheticMarketToItsEndAndLeavesNothing) {
  const CommandResult sut = run({"up", trading_config(), "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto account = sut.json();
  EXPECT_EQ(account.at("session"), "session");
  EXPECT_GT(account.at("events"), 5'000);
  EXPECT_GT(account.at("signals"), 100);
  EXPECT_GT(account.at("orders"), 0);
  EXPECT_EQ(account.at("lost"), 0);
  EXPECT_EQ(account.at("gaps"), 1);
  EXPECT_EQ(account.at("dropped_by_policy"), 0);
  EXPECT_EQ(account.at("in_sample"), false);
  EXPECT_TRUE(account.at("tick_to_order_ns").is_null());
  EXPECT_EQ(account.at("hops").size(), 5U);
  EXPECT_TRUE(account.at("journal").is_null());
  EXPECT_EQ(account.at("state_hash").get<std::string>().size(), 18U);
  EXPECT_EQ(account.at("instruments").at(0).at("id"), "SYNTHETIC:PINUSD");
  for (const auto& hop : account.at("hops")) {
    EXPECT_EQ(hop.at("allocations_after_seal"), 0) << hop.at("stage");
  }
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(UpTest, FiveProcessesAtAnySpeedDecideAsOneThreadDoes) {
  const std::string file = trading_config();
  const auto one = run({"up", file, "--json", "--in-process"});
  const auto five = run({"up", file, "--json"});
  const auto paced = run({"up", file, "--json", "--speed", "20"});
  ASSERT_EQ(one.exit, 0) << one.err;
  ASSERT_EQ(five.exit, 0) << five.err;
  ASSERT_EQ(paced.exit, 0) << paced.err;
  EXPECT_GT(one.json().at("fills"), 0);
  for (const char* key : {"orders_digest", "signals_digest", "events", "signals", "orders", "fills",
                          "denials", "instruments"}) {
    EXPECT_EQ(one.json().at(key), five.json().at(key)) << key;
    EXPECT_EQ(one.json().at(key), paced.json().at(key)) << key;
  }
  EXPECT_TRUE(paced.json().at("tick_to_order_ns").is_object());
}

TEST_F(UpTest, TwoLanesDecideTheSameInFiveProcessesAndInOneThread) {
  const std::string file = trading_config(R"("lanes": [
      {"name": "a", "instruments": ["SYNTHETIC:AAAUSD"]},
      {"name": "b", "instruments": ["SYNTHETIC:BBBUSD", "SYNTHETIC:CCCUSD"]}],)");
  const auto one = run({"up", file, "--json", "--in-process", "--for", "8s"});
  const auto many = run({"up", file, "--json", "--for", "8s"});
  ASSERT_EQ(one.exit, 0) << one.err;
  ASSERT_EQ(many.exit, 0) << many.err;
  EXPECT_EQ(one.json().at("instruments").size(), 3U);
  EXPECT_EQ(one.json().at("hops").size(), 8U);
  EXPECT_EQ(one.json().at("orders_digest"), many.json().at("orders_digest"));
  EXPECT_EQ(one.json().at("signals_digest"), many.json().at("signals_digest"));
  EXPECT_EQ(many.json().at("lost"), 0);
}

TEST_F(UpTest, NetIsGrossLessFeesPlusFundingToTheLastUnit) {
  const auto sut = run({"up", trading_config(), "--json", "--in-process"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto i = sut.json().at("instruments").at(0);
  EXPECT_EQ(i.at("net_pnl_e8").get<std::int64_t>(),
            i.at("gross_pnl_e8").get<std::int64_t>() - i.at("fees_e8").get<std::int64_t>());
}

TEST_F(UpTest, OrdersFileHoldsEveryOrderAndReportInEventTime) {
  const std::string file = trading_config();
  const std::string orders = (folder_ / "orders.jsonl").string();
  const auto sut = run({"up", file, "--json", "--orders", orders});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  std::ifstream in(orders);
  std::string line;
  std::int64_t last_ns = 0, commands = 0, fills = 0, opens = 0;
  while (std::getline(in, line)) {
    const auto j = nlohmann::json::parse(line);
    EXPECT_GE(j.at("event_ns").get<std::int64_t>(), last_ns);
    last_ns = j.at("event_ns");
    if (j.at("message") == "order_command") {
      EXPECT_EQ(j.at("seq"), commands++);
      opens += j.at("kind") == "new" ? 1 : 0;
    } else {
      fills += j.at("kind") == "fill" ? 1 : 0;
    }
  }
  EXPECT_EQ(opens, sut.json().at("orders"));
  EXPECT_EQ(fills, sut.json().at("fills"));
}

TEST_F(UpTest, EventsLimitsTheVenueMessages) {
  const auto sut = run({"up", trading_config(), "--json", "--events", "777", "--in-process"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("events"), 777);
}

TEST_F(UpTest, AKilledStageIsReportedAndTheOthersStop) {
  const std::string file = paced_config();
  const auto up = start({bin_ + "/pinstripe", "up", file, "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto status = run({"status", "session", "--json"}).json();
  for (const auto& stage : status.at("stages")) {
    if (stage.at("name") == "models") kill(stage.at("pid").get<int>(), SIGKILL);
  }
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("stage 'models'"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("signal 9"), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(UpTest, CtrlCStopsInOrderWithAnAccountAndLeavesNothing) {
  const std::string file = paced_config();
  const auto up = start({bin_ + "/pinstripe", "up", file, "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  kill(up.pid, SIGINT);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("lost"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(UpTest, ASecondUpOfALiveSessionIsRefusedNamingTheHolder) {
  const std::string file = paced_config();
  const auto first = start({bin_ + "/pinstripe", "up", file, "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const CommandResult sut = run({"up", file});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find(std::to_string(first.pid)), std::string::npos) << sut.err;
  kill(first.pid, SIGINT);
  EXPECT_EQ(wait(first).exit, 0);
}

TEST_F(UpTest, ADetachedSessionGivesItsAccountToDown) {
  const std::string file = paced_config();
  const auto up = run({"up", file, "--detach", "--json"});
  ASSERT_EQ(up.exit, 0) << up.err;
  ASSERT_TRUE(wait_until_running("session"));
  EXPECT_EQ(run({"status", "--json"}).json().at("session"), "session");
  const CommandResult sut = run({"down", "session", "--json"});
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("account").at("events"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(UpTest, LaunchScriptRunsAPreparedSessionWithoutASupervisor) {
  const std::string file = trading_config();
  const auto one = run({"up", file, "--json", "--in-process"});
  const auto prepared = run({"up", file, "--prepare"});
  ASSERT_EQ(prepared.exit, 0) << prepared.err;
  const auto launched = run_program({"tools/launch.sh", file, "--bin", bin_});
  ASSERT_EQ(launched.exit, 0) << launched.err;
  const nlohmann::json rings = run({"rings", "session", "--json"}).json().at("rings");
  EXPECT_EQ(rings.size(), 7U);
  for (const auto& ring : rings) EXPECT_EQ(ring.at("lost"), 0) << ring.at("name");
  EXPECT_EQ(run({"status", "session"}).exit, 0);
  const auto down = run({"down", "session", "--json"});
  ASSERT_EQ(down.exit, 0) << down.err;
  EXPECT_EQ(down.json().at("account").at("orders_digest"), one.json().at("orders_digest"));
  EXPECT_TRUE(leftovers().empty());
}

}  // namespace
}  // namespace pinstripe
