// What people are told, and what they are not told wrongly: deaths of a session that nobody
// watched, a second claimant, a closed terminal, the orders file, rings that measured nothing.
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class ToldTest : public CliTest {
 protected:
  nlohmann::json stage(const std::string& name) {
    const auto status = run({"status", "session", "--json"}).json();
    for (const auto& one : status.at("stages")) {
      if (one.at("name") == name) return one;
    }
    return {};
  }
  static std::string text_of(const std::string& file) {
    std::ifstream in(file);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
};

TEST_F(ToldTest, ASecondClaimantIsRefusedAndTheLiveStagesPageStaysItsOwn) {
  const auto up = start({bin_ + "/pinstripe", "up", paced_config(), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto before = stage("risk");
  const auto sut = run_program({bin_ + "/pinstripe-risk", "--session", "session"});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find("pid " + std::to_string(before.at("pid").get<int>())), std::string::npos)
      << sut.err;
  const auto after = stage("risk");
  EXPECT_EQ(after.at("pid"), before.at("pid"));
  EXPECT_EQ(after.at("state"), "running");
  kill(up.pid, SIGINT);
  EXPECT_EQ(wait(up).exit, 0);
}

TEST_F(ToldTest, DownTellsTheDeathInADetachedSession) {
  ASSERT_EQ(run({"up", paced_config(), "--detach"}).exit, 0);
  ASSERT_TRUE(wait_until_running("session"));
  kill(stage("models").at("pid").get<pid_t>(), SIGKILL);
  for (int i = 0; i < 1'200 && stage("exec").at("state") == "running"; ++i) usleep(50'000);
  const auto sut = run({"down", "session", "--json"});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("stage 'models'"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("signal 9"), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(ToldTest, AClosedTerminalEndsTheSessionInOrder) {
  const auto up = start({bin_ + "/pinstripe", "up", paced_config(), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  kill(up.pid, SIGHUP);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("events"), 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(ToldTest, TwoRunsThatDecideTheSameWriteTheSameOrdersFile) {
  const std::string file = trading_config();
  const std::string one = (folder_ / "one.jsonl").string(), two = (folder_ / "two.jsonl").string();
  ASSERT_EQ(run({"up", file, "--json", "--orders", one, "--in-process"}).exit, 0);
  ASSERT_EQ(run({"up", file, "--json", "--orders", two}).exit, 0);
  EXPECT_GT(text_of(one).size(), 1'000U);
  EXPECT_EQ(text_of(one), text_of(two));
}

TEST_F(ToldTest, ARingThatCarriedNothingShowsNoLatencies) {
  const std::string file = config(R"({"for_ns": 2000000000, "market": {"rate_per_s": 500}})");
  ASSERT_EQ(run({"up", file, "--json", "--keep"}).exit, 0);
  const auto rings = run({"rings", "session", "--json"}).json().at("rings");
  int silent = 0;
  for (const auto& ring : rings) {
    if (ring.at("taken") != 0) continue;
    ++silent;
    EXPECT_TRUE(ring.at("queueing_ns").is_null()) << ring.at("name");
  }
  EXPECT_GT(silent, 0) << "without a model nothing is ordered";
  EXPECT_EQ(run({"down", "session"}).exit, 0);
}

TEST_F(ToldTest, StatusShowsEveryCounterAndWhatTheKernelCountedSinceTheStart) {
  const auto up = start({bin_ + "/pinstripe", "up", paced_config(), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto feed = stage("feed");
  ASSERT_TRUE(feed.contains("counters")) << feed.dump();
  for (const char* name : {"duplicates", "out_of_order", "crossed", "stale", "bad_lines"}) {
    EXPECT_EQ(feed.at("counters").at(name), 0) << name;
  }
  EXPECT_GT(feed.at("counters").at("events"), 0);
  EXPECT_LT(feed.at("minor_faults"), 500) << "thousands are those of starting";
  kill(up.pid, SIGINT);
  EXPECT_EQ(wait(up).exit, 0);
}

}  // namespace
}  // namespace pinstripe
