// The limiter as processes use it: shared, remembered over restarts, refused where it must be.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <fcntl.h>

#include <cstring>
#include <fstream>

#include "shm/limits/limits_file.h"
#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using namespace limits_test;

constexpr std::int64_t kNow = kStart + 10 * kSec;
constexpr LimitScope kDayOrders{"A", LimitKind::kOrders, "main account"};

Limiter opened(const LimiterOptions& options, std::int64_t now_ns) {
  auto limiter = Limiter::open(options, now_ns);
  EXPECT_TRUE(limiter.has_value()) << limiter.error().message;
  return std::move(*limiter);
}

TEST(Limiter, TwoThatAreOpenShareOneCount) {
  const Folders folders;
  Limiter one = opened(folders.options(), kNow), two = opened(folders.options(), kNow);
  EXPECT_EQ(one.request(kB, 40, Priority::kCancel, kNow).verdict, Ruling::kGranted);
  EXPECT_EQ(two.request(kB, 30, Priority::kCancel, kNow).verdict, Ruling::kWait);
  EXPECT_EQ(two.request(kB, 20, Priority::kCancel, kNow).verdict, Ruling::kWait)
      << "30 wait ahead";
}

TEST(Limiter, ABanOutlivesTheProcessAndTheMachinesRestart) {
  const Folders folders;
  {
    Limiter first = opened(folders.options(), kNow);
    EXPECT_TRUE(first.answer({"A", AnswerKind::kBanned, kNow, 0, kNow + 3'600 * kSec, 418, {}},
                             kNow));
  }
  Limiter second = opened(folders.options(), kNow + kSec);
  EXPECT_EQ(second.request(kA, 1, Priority::kCancel, kNow + kSec).verdict, Ruling::kBanned);
  folders.lose_shared_memory();
  EXPECT_EQ(second.request(kA, 1, Priority::kCancel, kNow + kSec).verdict, Ruling::kUnavailable)
      << "its state was removed: it counts apart from whoever opens next";
  Limiter third = opened(folders.options(), kNow + 60 * kSec);
  const Grant g = third.request(kA, 1, Priority::kCancel, kNow + 60 * kSec);
  EXPECT_EQ(g.verdict, Ruling::kBanned);
  EXPECT_EQ(g.until_ns, kNow + 3'600 * kSec);
  ASSERT_TRUE(third.clear_ban("A").has_value());
  EXPECT_EQ(third.request(kA, 1, Priority::kCancel, kNow + 60 * kSec).verdict, Ruling::kGranted);
  folders.lose_shared_memory();
  Limiter fourth = opened(folders.options(), kNow + 120 * kSec);
  EXPECT_EQ(fourth.request(kA, 1, Priority::kCancel, kNow + 120 * kSec).verdict,
            Ruling::kGranted) << "the operator's word is remembered too";
}

TEST(Limiter, LongWindowsAreNeverForgottenWhateverWasUsedSinceTheLastWrite) {
  const Folders folders;
  std::uint32_t sent = 0;
  std::int64_t now = kNow;
  // Restarted after each grant: what is used between two writes must not add up.
  for (int i = 0; i < 400; ++i) {
    Limiter limiter = opened(folders.options(), now);
    sent += limiter.request(kDayOrders, 1, Priority::kOrder, now).count;
    folders.lose_shared_memory();
    now += 20 * kSec;
  }
  EXPECT_LE(sent, 50u);
  EXPECT_GE(sent, 10u) << "each restart may cost the rest of a lease, not all";
}

TEST(Limiter, WithoutRestartsTheWholeDaysLimitIsThere) {
  const Folders folders;
  Limiter limiter = opened(folders.options(), kNow);
  std::uint32_t sent = 0;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t now = kNow + i * 11 * kSec;
    const Grant g = limiter.request(kDayOrders, 1, Priority::kOrder, now);
    sent += g.count;
    if (g.ticket != 0) {
      EXPECT_TRUE(limiter.withdraw(g.ticket));
    }
  }
  EXPECT_EQ(sent, 50u);
}

TEST(Limiter, AfterLostSharedMemoryShortWindowsAreWaitedOut) {
  const Folders folders;
  {
    Limiter first = opened(folders.options(), kNow);
    EXPECT_EQ(first.request(kB, 60, Priority::kCancel, kNow).count, 1u);
  }
  folders.lose_shared_memory();
  Limiter second = opened(folders.options(), kNow + kSec);
  const Grant g = second.request(kB, 1, Priority::kCancel, kNow + kSec);
  EXPECT_EQ(g.verdict, Ruling::kWait);
  EXPECT_GE(g.until_ns, kNow + 5 * kSec);
  EXPECT_EQ(second.request(kB, 1, Priority::kCancel, g.until_ns, g.ticket).count, 1u);
}

TEST(Limiter, AFileThatIsNotUnderstoodIsRefusedWithItsLine) {
  const Folders folders;
  const std::string whole = "pinstripe-limits 1\nvenue A 1 2 3 4 5 6 7 8 0\nend 2\n";
  for (const char* bad : {"nonsense\n", "pinstripe-limits 1\n",
                          "pinstripe-limits 1\nvenue A 1 2 3\nend 2\n",
                          "pinstripe-limits 1\nvenue A 1 2 3 4 5 6 7 8 9\nend 2\n",
                          "pinstripe-limits 1\nbucket A 99 0 1 1 1 1 1 1 1 k\nend 2\n",
                          "pinstripe-limits 1\nbucket A 0 0 1 0 1 1 1 -9 1 k\nend 2\n",
                          "pinstripe-limits 1\nbucket A 0 0 9000000000000000000 0 1 1 1 9 1 k\n",
                          "pinstripe-limits 1\nvenue A 1 2 3 4 5 6 7 8 0\nend 3\n"}) {
    std::ofstream(folders.file()) << bad;
    const auto sut = Limiter::open(folders.options(), kNow);
    ASSERT_FALSE(sut.has_value()) << bad;
    EXPECT_NE(sut.error().message.find("line "), std::string::npos) << sut.error().message;
    EXPECT_FALSE(std::filesystem::exists(folders.segment())) << "nothing is left half made";
  }
  std::ofstream(folders.file()) << whole;
  EXPECT_TRUE(Limiter::open(folders.options(), kNow).has_value());
}

TEST(Limiter, AHalfMadeStateIsMadeAnewAndThatOfAnotherBuildInUseIsRefused) {
  const Folders folders;
  std::ofstream(folders.segment()) << "half";
  { Limiter made = opened(folders.options(), kNow); }
  Limiter user = opened(folders.options(), kNow);
  {
    std::fstream file(folders.segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offsetof(LimitHeader, layout_hash));
    const std::uint64_t other = 77;
    file.write(reinterpret_cast<const char*>(&other), sizeof(other));
  }
  const auto refused = Limiter::open(folders.options(), kNow);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("another build"), std::string::npos);
}

TEST(Limiter, AProcessThatStandsStillWithTheLockHoldsNobodyUpForEver) {
  const Folders folders;
  Limiter sut = opened(folders.options(), kNow);
  const int fd = ::open((folders.segment() + ".lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  EXPECT_EQ(sut.request(kB, 1, Priority::kCancel, kNow).verdict, Ruling::kUnavailable);
  EXPECT_FALSE(sut.answer({"B", AnswerKind::kGood, kNow, 0, 0, 200, {}}, kNow));
  ::close(fd);
  EXPECT_EQ(sut.request(kB, 1, Priority::kCancel, kNow).verdict, Ruling::kGranted);
}

TEST(Limiter, PlacesOfTheDeadAreFreedWhenTheQueueIsFull) {
  const Folders folders;
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = Limiter::open(folders.options(), kNow);
    if (!own) ::_exit(1);
    own->request(kB, 60, Priority::kCancel, kNow);
    for (std::size_t i = 0; i < kLimitWaiters; ++i) own->request(kB, 1, Priority::kOrder, kNow);
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  Limiter sut = opened(folders.options(), kNow);
  EXPECT_EQ(sut.request(kB, 1, Priority::kResync, kNow).verdict, Ruling::kWait);
  const auto state = read_limit_state(folders.options(), kNow);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ((*state)->head.waiters, 1u);
}

TEST(Limiter, ADiskThatFailsIsCountedAndHoldsNoCancelUp) {
  const Folders folders;
  Limiter sut = opened(folders.options(), kNow);
  std::filesystem::remove_all(folders.disk);
  EXPECT_EQ(sut.request(kA, 1, Priority::kCancel, kNow).verdict, Ruling::kGranted);
  const auto state = read_limit_state(folders.options(), kNow);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ((*state)->head.save_errors, 1u);
}

TEST(Limiter, WhatLooksOnReadsSharedMemoryElseTheDiskElseNothing) {
  const Folders folders;
  auto none = read_limit_state(folders.options(), kNow);
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ((*none)->gates[0].name[0], '\0');
  {
    Limiter used = opened(folders.options(), kNow);
    used.request(kA, 30, Priority::kCancel, kNow);
  }
  for (const bool lost : {false, true}) {
    if (lost) folders.lose_shared_memory();
    const auto state = read_limit_state(folders.options(), kNow + kSec);
    ASSERT_TRUE(state.has_value());
    LimitBucket& bucket = (*state)->buckets[0];
    EXPECT_EQ(name_of(bucket.venue), "A");
    const std::uint64_t seen = WindowCount(bucket.window, bucket.shape()).used(kNow + kSec);
    EXPECT_EQ(seen, lost ? 36u : 30u) << "the disk knows the lease";
  }
}

TEST(VenueRules, EveryRuleIsSoundAndEveryVenueHasItsOwn) {
  for (const LimitRule& rule : venue_limit_rules()) {
    EXPECT_GT(rule.limit, 0u);
    EXPECT_LE(rule.reserve, rule.limit / 4) << rule.venue;
    EXPECT_LT(rule.guard_ns * 2, rule.window_ns) << rule.venue;
    EXPECT_FALSE(limit_pool(venue_limit_rules(), rule.pool).empty()) << rule.pool;
    EXPECT_LE(rule.key.size(), kLimitKeyMax);
    const bool is_saved = rule.window_ns >= LimitLedger::kSavedWindowNs;
    if (!is_saved) {
      EXPECT_LE(rule.window_ns + rule.guard_ns, LimitLedger::kUnsavedWindowNs);
    }
  }
  for (const char* venue :
       {"BINANCE", "BINANCE_USDM", "BYBIT", "BYBIT_LINEAR", "OKX", "OKX_SWAP"}) {
    EXPECT_FALSE(limit_pool(venue_limit_rules(), venue).empty()) << venue;
  }
  EXPECT_EQ(limit_pool(venue_limit_rules(), "BYBIT_LINEAR"), "BYBIT");
  EXPECT_EQ(limit_pool(venue_limit_rules(), "BINANCE_USDM"), "BINANCE_USDM");
}

}  // namespace
}  // namespace pinstripe
