// A disk that is full while a session trades, and while it is told to stop: nothing is lost, the
// session waits in shared memory for room.
#include <signal.h>
#include <unistd.h>

#include "tests/pipeline/kill_support.h"

namespace pinstripe {
namespace {

class FullDiskTest : public KillSessions {
 protected:
  void TearDown() override {
    if (mounted_) run_program({"umount", disk()});
    KillSessions::TearDown();
  }
  std::string disk() const { return (folder_ / "disk").string(); }
  /// A small disk of our own; false where this machine lets nobody make one.
  bool make_disk() {
    std::filesystem::create_directory(disk());
    mounted_ = run_program({"mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk()}).exit == 0;
    return mounted_;
  }
  std::string greedy_config() {
    return trading_config(R"("journal": {"mode": "on", "dir": ")" + disk() + R"(", "segments": 3,
                             "segment_bytes": 1048576},)");
  }
  /// Waits until `status` says that the disk is full.
  bool wait_until_full() {
    for (int i = 0; i < 1'200; ++i) {
      const auto status = run({"status", "session", "--json"});
      if (status.exit == 0 && status.json().at("journal").at("state") == "full") return true;
      usleep(50'000);
    }
    return false;
  }
  bool mounted_ = false;
};

TEST_F(FullDiskTest, ASessionToldToStopThenLeavesOffAndIsResumedWithoutLoss) {
  if (!make_disk()) GTEST_SKIP() << "this machine does not let the test mount a small disk";
  const auto calm = run({"up", trading_config("", "calm"), "--for", "200s", "--json",
                         "--in-process", "--session", "calm"});
  ASSERT_EQ(calm.exit, 0) << calm.err;
  const auto up = start({bin_ + "/pinstripe", "up", greedy_config(), "--for", "200s", "--json"});
  ASSERT_TRUE(wait_until_full());
  kill(up.pid, SIGTERM);
  const CommandResult left = wait(up);
  EXPECT_EQ(left.exit, 1);
  EXPECT_NE(left.err.find("--resume session"), std::string::npos) << left.err;
  EXPECT_EQ(left.err.find("was killed"), std::string::npos) << left.err;
  EXPECT_EQ(left.err.find("died of that record"), std::string::npos) << left.err;
  ASSERT_EQ(run_program({"mount", "-o", "remount,size=512m", disk()}).exit, 0);
  const CommandResult sut = run({"up", "--resume", "session", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("lost"), 0);
  EXPECT_EQ(run({"replay", sut.json().at("journal")}).exit, 0);
  if (sut.json().at("events") == calm.json().at("events")) {  // its feed had not ended its stream
    EXPECT_EQ(sut.json().at("orders_digest"), calm.json().at("orders_digest"));
  }
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(FullDiskTest, DownKeepsWhatIsInSharedMemoryAlone) {
  if (!make_disk()) GTEST_SKIP() << "this machine does not let the test mount a small disk";
  const auto up = start({bin_ + "/pinstripe", "up", greedy_config(), "--for", "200s", "--json"});
  ASSERT_TRUE(wait_until_full());
  const CommandResult down = run({"down", "session", "--json"});
  EXPECT_EQ(wait(up).exit, 1);
  EXPECT_EQ(down.exit, 1);
  EXPECT_TRUE(down.json().at("resumable").get<bool>());
  EXPECT_NE(down.err.find("in shared memory alone"), std::string::npos) << down.err;
  ASSERT_EQ(run_program({"mount", "-o", "remount,size=512m", disk()}).exit, 0);
  const CommandResult sut = run({"up", "--resume", "session", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("lost"), 0);
  EXPECT_EQ(run({"replay", sut.json().at("journal")}).exit, 0);
}

}  // namespace
}  // namespace pinstripe
