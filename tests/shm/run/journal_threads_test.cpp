// A stage, its carrier and a reader that lags, over one journal of few small segments: three
// threads, run under ThreadSanitizer as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/shm/run/journal_support.h"

namespace pinstripe {
namespace {

using journal_test::append;
using journal_test::holds;
using journal_test::identity;

#ifdef PINSTRIPE_TSAN
constexpr std::uint64_t kRecords = 20'000;
#else
constexpr std::uint64_t kRecords = 200'000;
#endif
constexpr JournalShape kShape{4096, 4};

void write(const PrivateJournal& j, std::atomic<bool>& done) {
  JournalWriter w = JournalWriter::attach(j.memory(), identity()).value();
  while (w.records() < kRecords) {
    if (!w.has_room(journal_test::payload_bytes(w.records()))) {
      w.publish_progress();
      std::this_thread::yield();
      continue;
    }
    append(w);
    if (w.records() % 16 == 0) w.publish_progress();
  }
  w.publish_progress();
  done.store(true);
}

/// What lies behind `at`. The walk may be in the next segment before the writer has told of it.
void free_behind(const JournalView& journal, const JournalCursor& at) {
  const std::uint64_t told = __atomic_load_n(&journal.header()->segment, __ATOMIC_ACQUIRE);
  free_journal_segments(journal, std::min(at.position / kShape.segment_bytes, told));
}

TEST(JournalThreads, TheCarrierSeesEveryRecordWholeAndFreesOnlyWhatItSaw) {
  const PrivateJournal j(kShape, identity());
  std::atomic<bool> done{false};
  std::thread writer([&] { write(j, done); });
  JournalWalk sut(j.view());
  JournalEntry e;
  std::uint64_t bad = 0;
  while (true) {
    const bool last = done.load();
    const std::uint64_t before = sut.at().record;
    while (sut.next(e) == JournalLook::kRecord) bad += holds(j.view(), e, e.number) ? 0 : 1;
    free_behind(j.view(), sut.at());
    if (last && sut.at().record == before) break;
    if (sut.at().record == before) std::this_thread::yield();
  }
  writer.join();
  EXPECT_EQ(bad, 0u);
  EXPECT_GE(sut.at().record, kRecords);
  EXPECT_EQ(sut.at().record, j.view().header()->records);
}

TEST(JournalThreads, AReaderThatLagsGetsWholeRecordsOrLearnsThatTheyAreGone) {
  const PrivateJournal j(kShape, identity());
  std::atomic<bool> done{false};
  std::thread writer([&] { write(j, done); });
  std::thread carrier([&] {
    JournalWalk walk(j.view());
    JournalEntry e;
    while (!done.load()) {
      while (walk.next(e) == JournalLook::kRecord) continue;
      free_behind(j.view(), walk.at());
      std::this_thread::yield();
    }
  });
  JournalWalk sut(j.view());
  std::vector<std::byte> buffer;
  JournalEntry e;
  std::uint64_t bad = 0, seen = 0, gone = 0;
  while (!done.load() || gone == 0) {
    const JournalLook what = sut.next_copy(e, buffer);
    if (what == JournalLook::kRecord) {
      bad += holds(j.view(), e, e.number) ? 0 : 1;
      ++seen;
      continue;
    }
    bad += what == JournalLook::kDamaged ? 1 : 0;
    if (what != JournalLook::kGone) continue;
    ++gone;
    const auto start = journal_segment_start(
        j.view(), __atomic_load_n(&j.view().header()->segment, __ATOMIC_ACQUIRE));
    if (start) sut = JournalWalk(j.view(), *start);
  }
  writer.join();
  carrier.join();
  EXPECT_EQ(bad, 0u);
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace pinstripe
