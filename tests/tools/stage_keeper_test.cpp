// A stage's process is known to have ended only once its end has been judged: until then there may
// be a successor, and the session is not over.
#include "tools/session/stage_keeper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

class StageKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("keeper-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    plan_.name = "kept";
    plan_.directory = folder_;
    plan_.lanes.push_back({"", {0}});
    plan_.topology = build_topology(plan_.lanes);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Starts exec of a session that does not exist, and waits until it has died of that.
  StageKeeper with_a_dead_child() {
    StageKeeper keeper(plan_, *plan_.stage("exec"), program_);
    EXPECT_TRUE(keeper.spawn());
    siginfo_t info{};
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(keeper.child().pid()), &info, WEXITED | WNOWAIT), 0);
    return keeper;
  }

  std::filesystem::path folder_;
  SessionPlan plan_;
  Program program_ = Program::open("pinstripe-exec").value();
};

TEST_F(StageKeeperTest, ADeathThatNobodyHasJudgedYetIsNoEnd) {
  plan_.journal.on = true;
  StageKeeper sut = with_a_dead_child();
  EXPECT_FALSE(sut.running());
  EXPECT_TRUE(sut.lives()) << "the supervisor would leave a stage without its successor";
  ASSERT_EQ(sut.look(0, true), StageKeeper::Fate::kDied);
  EXPECT_TRUE(sut.lives());
  const pid_t first = sut.child().pid();
  ASSERT_TRUE(sut.restart_if_due(0));
  EXPECT_NE(sut.child().pid(), first);
  EXPECT_TRUE(sut.lives());
}

TEST_F(StageKeeperTest, AJudgedDeathWithoutSuccessorIsAnEnd) {
  StageKeeper sut = with_a_dead_child();
  EXPECT_TRUE(sut.lives());
  EXPECT_EQ(sut.look(0, true), StageKeeper::Fate::kGone) << "nothing rejoins without a journal";
  EXPECT_FALSE(sut.lives());
  EXPECT_EQ(sut.look(0, true), StageKeeper::Fate::kSame) << "told once";
}

TEST_F(StageKeeperTest, ASuccessorThatCannotBeStartedIsAnEnd) {
  plan_.journal.on = true;
  StageKeeper sut = with_a_dead_child();
  ASSERT_EQ(sut.look(0, true), StageKeeper::Fate::kDied);
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit none{0, files.rlim_max};  // no pipe can be made
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_FALSE(sut.restart_if_due(0));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_FALSE(sut.lives());
  EXPECT_TRUE(sut.restart_if_due(1'000)) << "it is not tried for ever";
  EXPECT_FALSE(sut.lives());
}

}  // namespace
}  // namespace pinstripe
