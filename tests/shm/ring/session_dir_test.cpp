// Session directories: who lives, what may be cleaned, and what is never touched.
#include "shm/ring/session_dir.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

class SessionDirs : public ::testing::Test {
 protected:
  SessionDirs() { ::setenv("PINSTRIPE_SHM_ROOT", root_.path().c_str(), 1); }
  ~SessionDirs() override { ::unsetenv("PINSTRIPE_SHM_ROOT"); }

  static SessionDir make(const std::string& name, SessionState state) {
    auto dir = SessionDir::create(name);
    EXPECT_TRUE(dir.has_value()) << dir.error().message;
    EXPECT_TRUE(dir->set_state(state).has_value());
    return *dir;
  }
  static bool exists(const std::string& name) {
    return ::access(session_path(name).c_str(), F_OK) == 0;
  }
  ring_test::TempDir root_;
};

TEST_F(SessionDirs, AreMadeForTheirOwnerAlone) {
  const auto sut = SessionDir::create("demo");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  struct stat info {};
  ASSERT_EQ(::stat(sut->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_EQ(sut->path(), root_.path() + "/pinstripe-demo");
  EXPECT_EQ(sut->ring_file("feed.risk"), sut->path() + "/feed.risk.ring");
  EXPECT_EQ(sut->state(), SessionState::kHalfMade);
}

TEST_F(SessionDirs, ASecondSessionOfALiveNameIsRefusedWithItsHolder) {
  const SessionDir dir = make("demo", SessionState::kRunning);
  const auto lock = EndLock::acquire(dir.session_lock(), "session 'demo'");
  ASSERT_TRUE(lock.has_value());
  const auto sut = SessionDir::create("demo");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("live, held by pid " + std::to_string(::getpid())),
            std::string::npos) << sut.error().message;
  EXPECT_FALSE(remove_session("demo").has_value());
  EXPECT_TRUE(exists("demo"));
}

TEST_F(SessionDirs, OneThatOnlyAStageStillHoldsIsLive) {
  const SessionDir dir = make("demo", SessionState::kRunning);
  const auto end = EndLock::acquire(dir.consumer_lock("feed.risk"), "an end");
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(session_info("demo")->live);
  EXPECT_TRUE(clean_ended_sessions().empty());
  EXPECT_EQ(newest_live_session(), "demo");
}

TEST_F(SessionDirs, CleaningRemovesTheEndedAndTheDeadAndNothingElse) {
  make("ended", SessionState::kEnded);
  make("died", SessionState::kRunning);
  make("kept", SessionState::kKept);
  make("prepared", SessionState::kPrepared);
  make("resumable", SessionState::kResumable);
  const SessionDir running = make("running", SessionState::kRunning);
  const auto lock = EndLock::acquire(running.session_lock(), "session");
  ::mkdir((root_.path() + "/pinstripe-half").c_str(), 0700);  // died before it wrote its state
  ::mkdir((root_.path() + "/other").c_str(), 0700);
  auto removed = clean_ended_sessions();
  std::sort(removed.begin(), removed.end());
  EXPECT_EQ(removed, (std::vector<std::string>{"died", "ended"}));
  for (const char* name : {"kept", "prepared", "resumable", "running", "half"}) {
    EXPECT_TRUE(exists(name)) << name;
  }
  EXPECT_EQ(::access((root_.path() + "/other").c_str(), F_OK), 0);
}

TEST_F(SessionDirs, AKilledHoldersSessionIsReplacedByANewOneOfItsName) {
  const SessionDir dir = make("demo", SessionState::kRunning);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = EndLock::acquire(dir.session_lock(), "session");
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(SessionDir::create("demo").has_value());
}

TEST_F(SessionDirs, OneWhoseMakerDiedIsReplacedByANewOneOfItsName) {
  const auto half = SessionDir::create("demo");
  ASSERT_TRUE(half.has_value());
  std::ofstream(half->file("feed.risk.ring")) << "half";
  EXPECT_TRUE(clean_ended_sessions().empty()) << "another maker may be about to lock it";
  {
    const auto lock = EndLock::acquire(half->session_lock(), "session");
    ASSERT_TRUE(lock.has_value());
    EXPECT_FALSE(SessionDir::create("demo").has_value()) << "its maker lives";
  }
  EXPECT_TRUE(SessionDir::create("demo").has_value());
  EXPECT_NE(::access(half->file("feed.risk.ring").c_str(), F_OK), 0);
  ::unlink(half->file("state").c_str());  // killed before it wrote that
  EXPECT_EQ(session_info("demo")->state, SessionState::kHalfMade);
  EXPECT_TRUE(SessionDir::create("demo").has_value());
}

TEST_F(SessionDirs, WhatWaitsOrCanBeResumedIsRefusedWithTheWayOut) {
  make("kept", SessionState::kKept);
  make("resumable", SessionState::kResumable);
  EXPECT_NE(SessionDir::create("kept").error().message.find("pinstripe down kept"),
            std::string::npos);
  EXPECT_NE(SessionDir::create("resumable").error().message.find("--resume"), std::string::npos);
  EXPECT_TRUE(remove_session("kept").has_value());
  EXPECT_FALSE(exists("kept"));
  EXPECT_TRUE(remove_session("kept").has_value()) << "missing is no error";
}

TEST_F(SessionDirs, ANameThatIsNotThereIsAnsweredWithThoseThatAre) {
  make("alpha", SessionState::kKept);
  const auto sut = SessionDir::open("beta");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("alpha"), std::string::npos);
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  EXPECT_TRUE(SessionDir::open("alpha").has_value());
}

TEST_F(SessionDirs, NamesThatCouldLeaveTheFolderAreRefused) {
  for (const char* name : {"", "a/b", "../x", "a b", "a\n"}) {
    EXPECT_FALSE(SessionDir::create(name).has_value()) << name;
  }
  EXPECT_FALSE(SessionDir::create(std::string(65, 'a')).has_value());
}

TEST_F(SessionDirs, AreListedNewestFirst) {
  make("one", SessionState::kKept);
  make("two", SessionState::kKept);
  const auto sut = list_sessions();
  ASSERT_EQ(sut.size(), 2U);
  EXPECT_GE(sut[0].created_ns, sut[1].created_ns);
  EXPECT_FALSE(newest_live_session().has_value());
}

}  // namespace
}  // namespace pinstripe
