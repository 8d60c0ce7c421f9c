// Which deaths of a stage are followed by a restart, and when a living one is as good as dead.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include <gtest/gtest.h>

#include "shm/base/units.h"
#include "tools/session/restart_policy.h"
#include "tools/session/stage_health.h"

namespace pinstripe {
namespace {

constexpr StageDeath killed(std::uint64_t records) { return {false, records}; }
constexpr StageDeath failed(std::uint64_t records) { return {true, records}; }

TEST(RestartPolicy, KillsInARowWithoutProgressAreLimited) {
  RestartPolicy sut(SupervisionPlan{.restarts_max = 2});
  EXPECT_EQ(sut.note(killed(10)), AfterDeath::kRestart);
  EXPECT_EQ(sut.note(killed(10)), AfterDeath::kRestart);
  EXPECT_EQ(sut.note(killed(10)), AfterDeath::kLimit);
}

TEST(RestartPolicy, AnyNewRecordForgivesTheKillsBefore) {
  RestartPolicy sut(SupervisionPlan{.restarts_max = 1});
  for (std::uint64_t records = 1; records < 100; ++records) {
    EXPECT_EQ(sut.note(killed(records)), AfterDeath::kRestart);
  }
  EXPECT_EQ(sut.note(killed(99)), AfterDeath::kLimit);
}

TEST(RestartPolicy, FailingTwiceAtOneRecordIsPoisonWhateverTheLimit) {
  RestartPolicy sut(SupervisionPlan{.restarts_max = 100, .lift_kill_limit = true});
  EXPECT_EQ(sut.note(failed(7)), AfterDeath::kRestart);
  EXPECT_EQ(sut.note(killed(7)), AfterDeath::kRestart) << "someone else's doing says nothing";
  EXPECT_EQ(sut.note(failed(7)), AfterDeath::kPoison);
}

TEST(RestartPolicy, FailingAtAnotherRecordIsNotPoison) {
  RestartPolicy sut(SupervisionPlan{});
  EXPECT_EQ(sut.note(failed(7)), AfterDeath::kRestart);
  EXPECT_EQ(sut.note(failed(8)), AfterDeath::kRestart);
}

TEST(RestartPolicy, WithTheLimitLiftedKillsNeverEndIt) {
  RestartPolicy sut(SupervisionPlan{.restarts_max = 1, .lift_kill_limit = true});
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(sut.note(killed(5)), AfterDeath::kRestart);
}

TEST(RestartPolicy, WaitsTwiceAsLongEachTimeUpToABound) {
  RestartPolicy sut(SupervisionPlan{
      .restarts_max = 50, .backoff_first_ms = 10, .backoff_most_ms = 100});
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 6; ++i) {
    (void)sut.note(killed(1));
    waits.push_back(sut.wait_ms());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{0, 10, 20, 40, 80, 100}));
}

/// A page that says "running" and beats as long ago as told.
StageSign sign_of(pid_t pid, std::int64_t silent_ms) { return {pid, true, silent_ms * kNsPerMs}; }

TEST(StageHealth, ASilentStageIsFoundWhereItsWatcherWasAwake) {
  StageHealth sut(SupervisionPlan{.heartbeat_limit_ms = 500});
  const pid_t self = getpid();
  std::string wrong;
  std::int64_t now_ms = 10'000;
  for (; wrong.empty() && now_ms < 20'000; now_ms += 100) {
    wrong = sut.look(self, sign_of(self, 9'999), now_ms);
  }
  EXPECT_NE(wrong.find("silent"), std::string::npos);
  EXPECT_EQ(now_ms, 10'700) << "silence before the first look proves nothing";
}

TEST(StageHealth, AWatcherThatSleptBlamesNobody) {
  StageHealth sut(SupervisionPlan{.heartbeat_limit_ms = 500});
  const pid_t self = getpid();
  for (std::int64_t now_ms = 0; now_ms < 100'000; now_ms += 5'000) {
    EXPECT_EQ(sut.look(self, sign_of(self, 4'999), now_ms), "");
  }
}

TEST(StageHealth, AStoppedProcessIsFoundAndAContinuedOneIsNot) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  StageHealth sut(SupervisionPlan{.stopped_limit_ms = 200});
  EXPECT_EQ(sut.look(child, sign_of(child, 0), 1'000), "");
  kill(child, SIGSTOP);
  waitpid(child, nullptr, WUNTRACED);
  EXPECT_EQ(sut.look(child, sign_of(child, 0), 1'100), "");
  EXPECT_EQ(sut.look(child, sign_of(child, 0), 1'250), "");
  EXPECT_NE(sut.look(child, sign_of(child, 0), 1'400).find("SIGSTOP"), std::string::npos);
  kill(child, SIGCONT);
  waitpid(child, nullptr, WCONTINUED);
  EXPECT_EQ(sut.look(child, sign_of(child, 0), 1'500), "");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(process_state(child), '\0');
}

}  // namespace
}  // namespace pinstripe
