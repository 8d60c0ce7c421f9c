// A session's life: deaths of any stage, Ctrl-C as a terminal sends it, a supervisor that is
// killed, observers at work, segments that stay; what is left behind and what is not.
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class LifecycleTest : public CliTest {
 protected:
  StartedCommand start_paced() {
    const auto up = start({"setsid", bin_ + "/pinstripe", "up", paced_config(),
                           "--json"});
    EXPECT_TRUE(wait_until_running("session"));
    return up;
  }
  /// Process ids of the session's stages, in pipeline order.
  std::vector<pid_t> stage_pids() {
    std::vector<pid_t> pids;
    const auto status = run({"status", "session", "--json"}).json();
    for (const auto& stage : status.at("stages")) pids.push_back(stage.at("pid"));
    return pids;
  }
  /// Waits until none of them lives; false after a minute.
  static bool all_gone(const std::vector<pid_t>& pids) {
    for (int i = 0; i < 6'000; ++i) {
      if (std::ranges::none_of(pids, [](pid_t p) { return kill(p, 0) == 0; })) return true;
      usleep(10'000);
    }
    return false;
  }
};

class DeathTest : public LifecycleTest, public testing::WithParamInterface<std::string> {};

TEST_P(DeathTest, IsReportedTheOthersStopAndNothingStays) {
  const auto up = start_paced();
  const auto status = run({"status", "session", "--json"}).json();
  pid_t victim = 0;
  for (const auto& stage : status.at("stages")) {
    if (stage.at("name") == GetParam()) victim = stage.at("pid");
  }
  const auto pids = stage_pids();
  ASSERT_GT(victim, 0);
  kill(victim, SIGKILL);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 1) << sut.err;
  EXPECT_NE(sut.err.find("stage '" + GetParam() + "' (pid " + std::to_string(victim) + ") died"),
            std::string::npos)
      << sut.err;
  EXPECT_NE(sut.err.find("signal 9"), std::string::npos) << sut.err;
  EXPECT_TRUE(sut.json().contains("orders_digest")) << "an account even so";
  EXPECT_TRUE(all_gone(pids));
  EXPECT_TRUE(leftovers().empty());
}

INSTANTIATE_TEST_SUITE_P(OfEachStage, DeathTest,
                         testing::Values("feed", "features", "models", "risk", "exec"),
                         [](const auto& one) { return one.param; });

TEST_F(LifecycleTest, CtrlCReachesTheWholeGroupAndStillEndsInOrder) {
  const auto up = start_paced();
  const auto pids = stage_pids();
  kill(-up.pid, SIGINT);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  const auto account = sut.json();
  EXPECT_GT(account.at("events"), 0);
  EXPECT_EQ(account.at("lost"), 0) << "what was published was worked through";
  EXPECT_TRUE(all_gone(pids));
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, CtrlCInAQuietMomentOfTheMarketEndsInOrderToo) {
  const auto up = start({"setsid", bin_ + "/pinstripe", "up", paced_config(), "--json", "--speed",
                         "0.001"});
  ASSERT_TRUE(wait_until_running("session"));
  usleep(1'500'000);  // an event every two seconds: every stage has had nothing to do for long
  kill(-up.pid, SIGINT);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("events"), 0);
  EXPECT_EQ(sut.json().at("lost"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, CtrlCEndsTheOneThreadPipelineWithItsAccount) {
  const auto up = start({bin_ + "/pinstripe", "up", paced_config(), "--json",
                         "--in-process"});
  ASSERT_TRUE(wait_until_running("session"));
  kill(up.pid, SIGINT);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("events"), 0);
  EXPECT_EQ(sut.json().at("lost"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, StagesDieWithAKilledSupervisorAndTheNextUpCleansWhatItLeft) {
  const auto up = start_paced();
  const auto pids = stage_pids();
  kill(up.pid, SIGKILL);
  EXPECT_EQ(wait(up).exit, 128 + SIGKILL);
  EXPECT_TRUE(all_gone(pids)) << "a stage outlived its supervisor";
  const CommandResult sut = run({"up", trading_config(), "--json", "--for", "2s"});
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("events"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, ObserversSeeAndNeverChangeWhatIsDecided) {
  const std::string file = trading_config();
  const auto alone = run({"up", file, "--json", "--in-process"});
  ASSERT_EQ(alone.exit, 0) << alone.err;
  const auto up = start({bin_ + "/pinstripe", "up", file, "--json", "--speed", "2"});
  ASSERT_TRUE(wait_until_running("session"));
  int seen = 0;
  while (!has_ended(up)) {
    for (const char* ring : {"feed.features", "features.models", "models.risk", "risk.exec"}) {
      const auto tap = run({"tap", "session", ring, "--count", "200", "--from", "oldest", "--json"});
      if (tap.exit == 0) seen += static_cast<int>(tap.json().at("messages").size());
    }
    run({"rings", "session"});
    run({"status", "session"});
  }
  const CommandResult sut = wait(up);
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(seen, 200) << "observers were at work";
  EXPECT_EQ(sut.json().at("orders_digest"), alone.json().at("orders_digest"));
  EXPECT_EQ(sut.json().at("signals_digest"), alone.json().at("signals_digest"));
  EXPECT_EQ(sut.json().at("lost"), 0);
}

TEST_F(LifecycleTest, WithoutASupervisorAStageWhoseNeighbourIsGoneFailsAndSaysSo) {
  const std::string file = paced_config();
  ASSERT_EQ(run({"up", file, "--prepare"}).exit, 0);
  const auto launch = start({"tools/launch.sh", file, "--bin", bin_});
  ASSERT_TRUE(wait_until_running("session"));
  const auto pids = stage_pids();
  kill(pids.at(2), SIGKILL);
  for (const pid_t pid : pids) kill(pid, SIGTERM);
  EXPECT_EQ(wait(launch).exit, 128 + SIGKILL);
  const auto status = run({"status", "session", "--json"}).json();
  EXPECT_EQ(status.at("stages").at(2).at("state"), "dead");
  const auto& risk = status.at("stages").at(3);
  EXPECT_EQ(risk.at("state"), "failed");
  EXPECT_NE(risk.at("errors").dump().find("a neighbour is gone"), std::string::npos);
  EXPECT_EQ(run({"down", "session"}).exit, 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, AKeptSessionCanBeLookedAtUntilDownRemovesIt) {
  const std::string file = trading_config(R"("rings": {"models.risk": {"capacity": 1024}},)");
  const auto up = run({"up", file, "--json", "--keep"});
  ASSERT_EQ(up.exit, 0) << up.err;
  EXPECT_EQ(leftovers().size(), 1U);
  const auto rings = run({"rings", "session", "--json"});
  ASSERT_EQ(rings.exit, 0) << rings.err;
  const auto listed = rings.json();
  for (const auto& ring : listed.at("rings")) {
    EXPECT_EQ(ring.at("published"), ring.at("taken")) << ring.at("name");
    EXPECT_EQ(ring.at("lost"), 0) << ring.at("name");
  }
  const auto tap = run({"tap", "session", "models.risk", "--from", "oldest", "--json", "--count",
                        "100000"});
  ASSERT_EQ(tap.exit, 0) << tap.err;
  EXPECT_EQ(tap.json().at("messages").size() + tap.json().at("missed").get<std::size_t>(),
            up.json().at("signals").get<std::size_t>());
  EXPECT_EQ(run({"status", "session"}).exit, 0);
  const auto down = run({"down", "session", "--json"});
  EXPECT_EQ(down.exit, 0) << down.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(LifecycleTest, TwoSessionsBesideEachOtherDoNotTouch) {
  const std::string file = trading_config();
  const auto alone = run({"up", file, "--json", "--in-process"});
  const auto first = start({bin_ + "/pinstripe", "up", file, "--json", "--session", "one"});
  const auto second = start({bin_ + "/pinstripe", "up", file, "--json", "--session", "two"});
  for (const auto& started : {first, second}) {
    const CommandResult sut = wait(started);
    ASSERT_EQ(sut.exit, 0) << sut.err;
    EXPECT_EQ(sut.json().at("orders_digest"), alone.json().at("orders_digest"));
  }
  EXPECT_TRUE(leftovers().empty());
}

}  // namespace
}  // namespace pinstripe
