// A helper that dies is started again: one that its session needs until it is given up, the watch
// over the instruments for as long as the session runs.
#include "tools/session/helper_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/session/watch_process.h"
#include "tools/session/watch_text.h"

namespace pinstripe {
namespace {

class HelperProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("helper-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    plan_.name = "no_such_session";  // the helper dies of that
    plan_.directory = folder_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Waits until the process has died, and takes no notice of it.
  static void await_death(pid_t pid) {
    siginfo_t info{};
    (void)waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  }
  HelperProcess start(HelperLoss loss) {
    return HelperProcess::start(plan_, "watch", "the watch", loss).value();
  }

  std::filesystem::path folder_;
  SessionPlan plan_;
};

TEST_F(HelperProcessTest, OneThatItsSessionNeedsIsLostAfterFiveRestarts) {
  HelperProcess sut = start(HelperLoss::kFinal);
  std::string line;
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(sut.lost());
    await_death(sut.child().pid());
    line = sut.mind(1);
  }
  EXPECT_TRUE(sut.lost());
  EXPECT_NE(line.find("not started again"), std::string::npos) << line;
  EXPECT_EQ(sut.mind(1'000'000), "");
}

TEST_F(HelperProcessTest, OneThatIsRetriedIsTriedEverLaterButAtLeastEachMinute) {
  HelperProcess sut = start(HelperLoss::kRetried);
  std::int64_t now_ms = 1;
  for (int i = 0; i < 5; ++i) {
    await_death(sut.child().pid());
    EXPECT_NE(sut.mind(now_ms).find("started again"), std::string::npos);
    EXPECT_EQ(sut.again_in_ms(now_ms), 0);
  }
  for (const std::int64_t pause_ms : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
    await_death(sut.child().pid());
    const std::string line = sut.mind(now_ms);
    EXPECT_NE(line.find("does not run"), std::string::npos) << line;
    EXPECT_EQ(sut.again_in_ms(now_ms), pause_ms);
    EXPECT_EQ(sut.mind(now_ms + pause_ms - 1), "") << "once is enough";
    now_ms += pause_ms;
    EXPECT_NE(sut.mind(now_ms).find("tried again"), std::string::npos);
    EXPECT_EQ(sut.again_in_ms(now_ms), 0);
  }
  EXPECT_FALSE(sut.lost());
  EXPECT_EQ(sut.deaths_ever(), 13);
  await_death(sut.child().pid());
  EXPECT_NE(sut.mind(now_ms + 60'001).find("started again"), std::string::npos)
      << "it has lived for more than a minute: that is no death in a row";
}

TEST_F(HelperProcessTest, HowTheWatchFaresIsToldInTheSessionsDirectory) {
  WatchProcess sut = WatchProcess::start(plan_).value();
  WatchLife life = read_watch(plan_).life;
  ASSERT_GT(life.pid, 0);
  EXPECT_TRUE(runs(life));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(life.restarts, i);
    await_death(life.pid);
    EXPECT_NE(sut.mind(1), "");
    life = read_watch(plan_).life;
  }
  EXPECT_EQ(life.restarts, 6);
  EXPECT_EQ(life.pid, 0);
  EXPECT_GT(life.next_ns, 0);
  EXPECT_FALSE(life.last.empty());
  sut.stop(10);
}

TEST(WatchText, SaysWhetherItRunsAndWhatEachVenueLastAnswered) {
  WatchShot shot;
  shot.life = {0, 6, 40 * kNsPerSecond, "exit status 1"};
  shot.venues = {{"OKX", 5, 2, 7 * kNsPerSecond, "no route"}, {"BYBIT", 1, 1, 0, "7 is no list"}};
  const auto down = watch_json(shot, 10 * kNsPerSecond);
  EXPECT_EQ(down.at("running"), false);
  EXPECT_EQ(down.at("given_up"), true);
  EXPECT_EQ(down.at("restarts"), 6);
  EXPECT_EQ(down.at("next_try_in_ns"), 30 * kNsPerSecond);
  EXPECT_EQ(down.at("venues").at(0).at("last_good_age_ns"), 3 * kNsPerSecond);
  EXPECT_EQ(down.at("venues").at(0).at("problem"), "no route");
  EXPECT_TRUE(down.at("venues").at(1).at("last_good_ns").is_null());
  const std::string text = watch_text(shot, 10 * kNsPerSecond);
  EXPECT_NE(text.find("DOES NOT RUN"), std::string::npos) << text;
  EXPECT_NE(text.find("OKX: last good answer 3"), std::string::npos) << text;
  EXPECT_NE(watch_account_text(shot).find("did NOT run at the end"), std::string::npos);
  shot.life = {getpid(), 0, 0, ""};
  EXPECT_EQ(watch_json(shot, 1).at("running"), true);
  EXPECT_NE(watch_text(shot, 1).find("running"), std::string::npos);
  shot.venues.clear();
  EXPECT_EQ(watch_account_text(shot), "");
}

TEST_F(HelperProcessTest, WhatTheWatchHasSeenIsReadBackAndRubbishIsNothing) {
  tell_watch_seen(plan_, {{"OKX", 5, 2, 7, "\xff is no text"}});
  const WatchShot sut = read_watch(plan_);
  ASSERT_EQ(sut.venues.size(), 1u);
  EXPECT_EQ(sut.venues[0].venue, "OKX");
  EXPECT_EQ(sut.venues[0].asked, 5u);
  EXPECT_EQ(sut.venues[0].bad, 2u);
  EXPECT_EQ(sut.venues[0].good_ns, 7);
  EXPECT_NE(sut.venues[0].problem.find("is no text"), std::string::npos);
  std::filesystem::resize_file(folder_ / "watch.seen", 5);
  EXPECT_TRUE(read_watch(plan_).venues.empty());
}

}  // namespace
}  // namespace pinstripe
