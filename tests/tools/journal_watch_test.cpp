// What `up` says of a disk that fills, of the halt that follows, and of their end: once each.
#include "tools/session/journal_watch.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tools/session/journal_marks.h"

namespace pinstripe {
namespace {

class JournalWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("pinstripe-journal-watch-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    plan_.name = "demo";
    plan_.directory = folder_;
    plan_.journal.on = true;
    for (const char* name : {"feed", "risk", "exec"}) {
      StageSpec spec;
      spec.name = name;
      plan_.topology.stages.push_back(spec);
      StageShot shot;
      shot.name = name;
      shot.journal = JournalShot{};
      shot.journal->state = "ok";
      shot_.stages.push_back(shot);
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void fill(std::size_t stage, const std::string& problem) {
    shot_.stages[stage].journal->state = problem.empty() ? "ok" : "full";
    shot_.stages[stage].journal->problem = problem;
  }

  std::filesystem::path folder_;
  SessionPlan plan_;
  SessionShot shot_;
};

using Lines = std::vector<std::string>;

TEST_F(JournalWatchTest, AFullDiskIsSaidOnceWithEveryStageAndItsEndToo) {
  JournalWatch sut(plan_);
  EXPECT_EQ(sut.look(shot_), Lines{});
  fill(0, "disk full at record 7");
  fill(2, "disk full at record 9");
  const Lines full = sut.look(shot_);
  ASSERT_EQ(full.size(), 1U);
  EXPECT_EQ(full[0], "the disk takes no journal of feed, exec: disk full at record 7; the stages "
                     "wait once their journals in shared memory are full");
  fill(1, "disk full at record 8");
  EXPECT_EQ(sut.look(shot_), Lines{}) << "it is the same disk";
  fill(0, "");
  EXPECT_EQ(sut.look(shot_), Lines{});
  fill(1, "");
  fill(2, "");
  EXPECT_EQ(sut.look(shot_), Lines{"the disk takes the journals again"});
  EXPECT_EQ(sut.look(shot_), Lines{});
}

TEST_F(JournalWatchTest, AHaltItsEndAndAHoleAreSaid) {
  plan_.journal.on_error = JournalOnError::kHalt;
  JournalWatch sut(plan_);
  for (StageShot& s : shot_.stages) s.journal->halted = true;
  const Lines halted = sut.look(shot_);
  ASSERT_EQ(halted.size(), 1U);
  EXPECT_EQ(halted[0].find("trading is halted"), 0U) << halted[0];
  EXPECT_NE(halted[0].find("pinstripe journal clear demo"), std::string::npos) << halted[0];
  ASSERT_TRUE(make_mark(hole_mark(folder_, "risk")));
  const Lines holed = sut.look(shot_);
  ASSERT_EQ(holed.size(), 1U);
  EXPECT_EQ(holed[0].find("records of risk were given up"), 0U) << holed[0];
  for (StageShot& s : shot_.stages) s.journal->halted = false;
  EXPECT_EQ(sut.look(shot_), Lines{"the halt has ended: orders are opened again"});
  EXPECT_EQ(sut.look(shot_), Lines{});
}

TEST_F(JournalWatchTest, CheckpointsThatCannotBeWrittenAreSaid) {
  JournalWatch sut(plan_);
  tell_checkpoint_problem(folder_, "exec", "cannot write 'x': No space left on device");
  EXPECT_EQ(sut.look(shot_), Lines{"the disk takes no checkpoint of exec: cannot write 'x': No "
                                   "space left on device; tried again"});
  EXPECT_EQ(sut.look(shot_), Lines{});
  tell_checkpoint_problem(folder_, "exec", "");
  EXPECT_EQ(sut.look(shot_), Lines{"the disk takes the checkpoints again"});
}

TEST_F(JournalWatchTest, WithoutJournalsThereIsNothingToSay) {
  plan_.journal.on = false;
  fill(0, "whatever lay there");
  EXPECT_EQ(JournalWatch(plan_).look(shot_), Lines{});
}

}  // namespace
}  // namespace pinstripe
