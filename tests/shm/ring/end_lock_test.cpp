// Ownership of an end: one live holder, named in the refusal; a dead holder's end is taken over.
#include "shm/ring/end_lock.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::TempDir;

/// A child that holds the lock until it is killed.
pid_t holding_child(const std::string& path) {
  int ready[2];
  if (::pipe(ready) != 0) return -1;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto lock = EndLock::acquire(path, "the end");
    const char c = lock ? 'y' : 'n';
    if (::write(ready[1], &c, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char c = 0;
  const bool held = ::read(ready[0], &c, 1) == 1 && c == 'y';
  ::close(ready[0]);
  ::close(ready[1]);
  return held ? pid : -1;
}

TEST(EndLock, ASecondLiveClaimantIsRefusedWithTheHoldersName) {
  const TempDir dir;
  const std::string path = dir.file("r.producer.lock");
  const pid_t child = holding_child(path);
  ASSERT_GT(child, 0);
  const auto sut = EndLock::acquire(path, "the producer end of ring 'feed.risk'");
  ASSERT_FALSE(sut.has_value());
  const std::string& text = sut.error().message;
  EXPECT_NE(text.find("the producer end of ring 'feed.risk' is held by pid " +
                      std::to_string(child)), std::string::npos) << text;
  EXPECT_NE(text.find(program_invocation_short_name), std::string::npos) << text;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(EndLock, ADeadHoldersEndIsTakenOver) {
  const TempDir dir;
  const std::string path = dir.file("r.consumer.lock");
  const pid_t child = holding_child(path);
  ASSERT_GT(child, 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(EndLock::holder(path).has_value());
  EXPECT_TRUE(EndLock::acquire(path, "the end").has_value());
}

TEST(EndLock, AZombieHoldsNothing) {
  const TempDir dir;
  const std::string path = dir.file("r.consumer.lock");
  const pid_t child = holding_child(path);
  ASSERT_GT(child, 0);
  const auto token = EndLock::holder(path);
  ASSERT_TRUE(token.has_value());
  EXPECT_TRUE(token->alive());
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(token->alive());  // not reaped: state Z
  EXPECT_TRUE(EndLock::acquire(path, "the end").has_value());
  ::waitpid(child, nullptr, 0);
}

TEST(EndLock, AStoppedHolderIsNamedAndNotRobbed) {
  const TempDir dir;
  const std::string path = dir.file("r.producer.lock");
  const pid_t child = holding_child(path);
  ASSERT_GT(child, 0);
  ::kill(child, SIGSTOP);
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  const auto sut = EndLock::acquire(path, "the end");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("which is stopped"), std::string::npos)
      << sut.error().message;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(EndLock, LookingForTheHolderTakesNothingAndIsNotInheritedByPrograms) {
  const TempDir dir;
  const std::string path = dir.file("session.lock");
  EXPECT_FALSE(EndLock::holder(path).has_value());
  auto sut = EndLock::acquire(path, "the session");
  ASSERT_TRUE(sut.has_value());
  const auto holder = EndLock::holder(path);
  ASSERT_TRUE(holder.has_value());
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  {
    const EndLock moved = std::move(*sut);
    EXPECT_TRUE(EndLock::holder(path).has_value());
  }
  EXPECT_FALSE(EndLock::holder(path).has_value());
}

TEST(ProcessToken, AReusedPidIsNotTheSameProcess) {
  ProcessToken sut = ProcessToken::self();
  EXPECT_TRUE(sut.alive());
  ProcessToken earlier = sut;
  earlier.start_ticks -= 1;
  EXPECT_FALSE(earlier.alive());
  ProcessToken other_boot = sut;
  other_boot.boot_id = "another";
  EXPECT_FALSE(other_boot.alive());
}

}  // namespace
}  // namespace pinstripe
