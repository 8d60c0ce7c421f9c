// Two threads (and a tap) over one mapping: the tests that run under ThreadSanitizer as well.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "shm/ring/park.h"
#include "shm/ring/segment.h"
#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::event;
using ring_test::holds;
using ring_test::push;

#ifdef PINSTRIPE_TSAN
constexpr std::uint64_t kMessages = 30'000;
constexpr std::uint64_t kParkMessages = 2'000;
#else
constexpr std::uint64_t kMessages = 1'000'000;
constexpr std::uint64_t kParkMessages = 10'000;
#endif

/// A ring in a file, mapped once for the ends and once more, read-only, for the tap.
class SharedRing {
 public:
  explicit SharedRing(std::uint64_t capacity)
      : shape_(ring_test::shape(capacity)),
        segment_(Segment::create(dir_.file("r.ring"), ring_bytes(shape_)).value()) {
    format_ring(segment_.bytes(), shape_);
  }
  RingView view() const { return attach_ring(segment_.bytes(), shape_).value(); }
  const RingShape& shape() const { return shape_; }
  std::string path() const { return dir_.file("r.ring"); }

 private:
  ring_test::TempDir dir_;
  RingShape shape_;
  Segment segment_;
};

TEST(RingThreads, EveryMessageArrivesWholeAndInOrder) {
  for (const std::uint64_t capacity : {1, 8, 1024}) {
    const SharedRing ring(capacity);
    const std::uint64_t messages = capacity == 1 ? kMessages / 20 : kMessages;
    std::thread producer([&] {
      RingProducer<MarketEvent> sut(ring.view());
      for (std::uint64_t n = 0; n < messages;) {
        if (sut.has_room(1)) {
          push(sut, n++);
        } else {
          std::this_thread::yield();
        }
      }
    });
    RingConsumer<> sut(ring.view());
    std::uint64_t bad = 0;
    for (std::uint64_t n = 0; n < messages;) {
      const MsgHeader* head = sut.peek();
      if (head == nullptr) {
        sut.release();
        std::this_thread::yield();
        continue;
      }
      bad += holds(event(head), n) ? 0 : 1;
      sut.advance();
      if (++n % 16 == 0) sut.release();
    }
    producer.join();
    EXPECT_EQ(bad, 0U) << "capacity " << capacity;
  }
}

TEST(RingThreads, ATapOnARunningRingSeesWholeMessagesAndCountsTheRest) {
  const SharedRing ring(64);
  std::atomic<bool> done{false};
  std::thread producer([&] {
    RingProducer<MarketEvent> p(ring.view());
    for (std::uint64_t n = 0; n < kMessages;) {
      if (p.has_room(1)) {
        push(p, n++);
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::thread consumer([&] {
    RingConsumer<> c(ring.view());
    while (c.taken() < kMessages) {
      if (c.peek() != nullptr) {
        c.advance();
      } else {
        std::this_thread::yield();
      }
      c.release();
    }
    done.store(true);
  });
#ifdef PINSTRIPE_TSAN
  RingTap<> sut(ring.view(), TapFrom::kOldest);  // TSan knows addresses: it wants the same mapping
#else
  auto mapping = Segment::open(ring.path(), true).value();
  RingTap<> sut(attach_ring(mapping.bytes(), ring.shape()).value(), TapFrom::kOldest);
#endif
  std::uint64_t torn = 0;
  MarketEvent e;
  while (true) {
    const bool last = done.load();
    while (sut.next(&e) == TapResult::kMessage) {
      torn += holds(e, sut.position() - 1) ? 0 : 1;
    }
    if (last) break;
    std::this_thread::yield();
  }
  producer.join();
  consumer.join();
  EXPECT_EQ(torn, 0U);
  EXPECT_GT(sut.received(), 0U);
  // From the oldest on: what lay before the tap began cannot be more than was published.
  EXPECT_LE(sut.received() + sut.missed(), kMessages);
  EXPECT_EQ(sut.position(), kMessages);
}

TEST(RingThreads, AHeadIsNeverTakenBeforeAnEarlierOneThatItsWatermarkAllows) {
  const SharedRing ring(8);
  std::thread producer([&] {
    RingProducer<MarketEvent> p(ring.view());
    for (std::uint64_t n = 1; n <= kMessages / 10;) {
      if (!p.has_room(1)) {
        std::this_thread::yield();
        continue;
      }
      p.claim().h.event_ns = TimeNs(static_cast<std::int64_t>(n));
      p.commit();
      p.raise_watermark(TimeNs(static_cast<std::int64_t>(++n)), 0);
    }
    p.store_end(TimeNs(4242));
    p.raise_watermark(TimeNs::max(), 0);
  });
  RingConsumer<> sut(ring.view());
  std::int64_t next = 1;
  std::uint64_t early = 0;
  while (true) {
    const TimeNs w = sut.watermark();  // before peek, always
    const MsgHeader* head = sut.peek();
    if (head == nullptr) {
      early += w.value > next && w != TimeNs::max() ? 1 : 0;
      if (w == TimeNs::max()) break;
      std::this_thread::yield();
      continue;
    }
    EXPECT_EQ(head->event_ns.value, next);
    ++next;
    sut.advance();
    sut.release();
  }
  producer.join();
  EXPECT_EQ(early, 0U) << "the watermark promised more than had been published";
  EXPECT_EQ(sut.end_ns(), TimeNs(4242));
  EXPECT_EQ(next, static_cast<std::int64_t>(kMessages / 10) + 1);
}

/// Both ends park whenever they cannot go on. A lost wake-up shows as a time-out.
std::uint64_t time_outs_when_parking(std::uint64_t capacity) {
  const SharedRing ring(capacity);
  auto words = std::make_unique<ParkWord[]>(2);
  ParkWord& producer_word = words[0];
  ParkWord& consumer_word = words[1];
  std::atomic<std::uint64_t> time_outs{0};
  const TimeNs patience(60 * kNsPerSecond);
  std::thread producer([&] {
    RingProducer<MarketEvent> p(ring.view());
    for (std::uint64_t n = 0; n < kParkMessages;) {
      if (!p.has_room(1)) {
        if (!park(producer_word, [&] { return p.has_room(1); }, patience)) ++time_outs;
        continue;
      }
      push(p, n++);
      wake_if_parked(consumer_word);
    }
  });
  RingConsumer<> c(ring.view());
  while (c.taken() < kParkMessages) {
    if (c.peek() == nullptr) {
      if (!park(consumer_word, [&] { return c.peek() != nullptr; }, patience)) ++time_outs;
      continue;
    }
    c.advance();
    c.release();
    wake_if_parked(producer_word);
  }
  producer.join();
  return time_outs.load();
}

TEST(Park, LosesNoWakeUpWithMembarrier) {
  if (!register_membarrier()) GTEST_SKIP() << "the kernel has no membarrier";
  for (const std::uint64_t capacity : {1, 2, 8}) EXPECT_EQ(time_outs_when_parking(capacity), 0U);
}

TEST(Park, LosesNoWakeUpWithFencesWhereMembarrierIsMissing) {
  park_detail::uses_fences.store(true);
  EXPECT_TRUE(parking_uses_fences());
  for (const std::uint64_t capacity : {1, 2, 8}) EXPECT_EQ(time_outs_when_parking(capacity), 0U);
  register_membarrier();
}

TEST(Park, DoesNotSleepWhenTheSecondLookFindsWork) {
  ParkWord word;
  EXPECT_TRUE(park(word, [] { return true; }, TimeNs(60 * kNsPerSecond)));
  EXPECT_EQ(word.parked.load(), 0U);
}

TEST(Park, EndsByItselfAfterItsTime) {
  ParkWord word;
  EXPECT_FALSE(park(word, [] { return false; }, TimeNs(1 * kNsPerMs)));
  EXPECT_EQ(word.parked.load(), 0U);
}

TEST(Park, ATakeoverWakesEvenWhenTheFlagWasAlreadyCleared) {
  auto word = std::make_unique<ParkWord>();
  std::atomic<bool> woke{false};
  std::thread sleeper([&] {
    while (!park(*word, [] { return false; }, TimeNs(60 * kNsPerSecond))) {
    }
    woke.store(true);
  });
  while (word->parked.load() == 0) std::this_thread::yield();
  word->parked.store(0);  // the publisher was killed right here, before its futex wake
  while (!woke.load()) {
    wake_always(*word);
    std::this_thread::yield();
  }
  sleeper.join();
  EXPECT_TRUE(woke.load());
}

}  // namespace
}  // namespace pinstripe
