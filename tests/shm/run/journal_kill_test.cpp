// A stage that journals before it acts, killed thousands of times: between any two stores of a
// record, and between any two instructions (it is stepped there). What it leaves is a gapless run
// of whole records, nothing after it, and no act that no record explains.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "tests/shm/run/journal_support.h"

namespace pinstripe {
namespace {

using journal_test::append;
using journal_test::empty_after;
using journal_test::holds;
using journal_test::identity;

constexpr JournalShape kShape{512, 4};

/// Memory that children share: the journal, and what the stage has acted on.
class SharedJournal {
 public:
  SharedJournal() {
    memory_ = static_cast<std::byte*>(::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    acted_ = new (memory_ + journal_bytes(kShape)) std::atomic<std::uint64_t>(0);
    format_journal(memory(), kShape, identity());
  }
  ~SharedJournal() { ::munmap(memory_, bytes()); }
  SharedJournal(const SharedJournal&) = delete;
  SharedJournal& operator=(const SharedJournal&) = delete;

  std::span<std::byte> memory() const { return {memory_, journal_bytes(kShape)}; }
  JournalView view() const { return attach_journal(memory(), nullptr).value(); }
  std::atomic<std::uint64_t>& acted() const { return *acted_; }

 private:
  static std::size_t bytes() { return journal_bytes(kShape) + 4096; }
  std::byte* memory_;
  std::atomic<std::uint64_t>* acted_;  // records acted on
};

/// Runs until it is killed or finds no room. `step` is where it may die.
template <class Step>
[[noreturn]] void journal_and_act(const SharedJournal& shared, Step&& step) {
  auto writer = JournalWriter::attach(shared.memory(), identity());
  if (!writer) ::_exit(3);
  step();
  while (writer->has_room(journal_test::payload_bytes(writer->records()))) {
    append(*writer, step);
    shared.acted().store(writer->records());
    step();
  }
  ::_exit(0);
}

/// The parent as carrier: reads on where it was, frees what it has read, and judges.
class Judge {
 public:
  explicit Judge(const SharedJournal& shared) : shared_(shared), walk_(shared.view()) {}

  void look(bool successor) {
    JournalEntry e;
    const JournalView journal = shared_.view();
    while (true) {
      const JournalLook what = walk_.next(e);
      ASSERT_TRUE(what == JournalLook::kRecord || what == JournalLook::kNone)
          << "record " << walk_.at().record;
      if (what == JournalLook::kNone) break;
      ASSERT_TRUE(holds(journal, e, e.number)) << "record " << e.number << " is not whole";
    }
    ASSERT_LE(shared_.acted().load(), walk_.at().record) << "an act that no record explains";
    if (!empty_after(journal, walk_.at())) ++torn;
    if (!successor) return;
    const auto next = JournalWriter::attach(shared_.memory(), identity());
    ASSERT_TRUE(next.has_value()) << next.error().message;
    ASSERT_EQ(next->records(), walk_.at().record);
    ASSERT_EQ(next->position(), walk_.at().position);
    ASSERT_TRUE(empty_after(journal, walk_.at()));
  }
  void free() {
    // A writer killed as it went on may not have told of the next segment.
    free_journal_segments(shared_.view(), std::min(walk_.at().position / kShape.segment_bytes,
                                                   shared_.view().header()->segment));
  }
  std::uint64_t records() const { return walk_.at().record; }
  int torn = 0;  // times that something lay behind the last record

 private:
  const SharedJournal& shared_;
  JournalWalk walk_;
};

TEST(JournalKill, BetweenAnyTwoStoresLeavesAGaplessPrefixAndNothingBehindIt) {
#ifdef PINSTRIPE_TSAN
  GTEST_SKIP() << "forks and kills; under TSan the record is staged elsewhere";
#endif
  const SharedJournal shared;
  Judge judge(shared);
  std::mt19937_64 rng(20240607);
  for (int kill = 0; kill < 3000; ++kill) {
    const auto steps = static_cast<std::int64_t>(rng() % 80);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      std::int64_t left = steps;
      journal_and_act(shared, [&] {
        if (left-- == 0) ::kill(::getpid(), SIGKILL);
      });
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "status " << status;
    judge.look(rng() % 2 == 0);
    ASSERT_FALSE(HasFatalFailure());
    if (rng() % 3 != 0) judge.free();
  }
  EXPECT_GT(judge.torn, 1000) << "the kills must hit records being written";
  EXPECT_GT(judge.records(), 10'000u);
}

/// Lets the child go on for `count` instructions and kills it there; false when it ended before.
bool step_and_kill(pid_t pid, std::uint64_t count) {
  int status = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (::ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr) != 0) break;
    if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return false;
  }
  ::kill(pid, SIGKILL);
  return ::waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

TEST(JournalKill, BetweenAnyTwoInstructionsLeavesTheSame) {
#if defined(PINSTRIPE_TSAN) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the instructions of a sanitizer are not those that ship";
#endif
  const SharedJournal shared;
  Judge judge(shared);
  std::mt19937_64 rng(7);
  int killed = 0;
  for (int kill = 0; kill < 300; ++kill) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(4);
      ::raise(SIGSTOP);
      journal_and_act(shared, [] {});
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) GTEST_SKIP() << "this machine does not let a process trace its child";
    killed += step_and_kill(pid, rng() % 2500) ? 1 : 0;
    judge.look(rng() % 2 == 0);
    ASSERT_FALSE(HasFatalFailure());
    if (rng() % 3 != 0) judge.free();
  }
  EXPECT_GT(killed, 200);
  EXPECT_GT(judge.torn, 20) << "the kills must hit records being written";
}

}  // namespace
}  // namespace pinstripe
