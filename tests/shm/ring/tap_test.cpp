// Taps: whole messages or a count of what was missed, and nothing that the ring's ends could
// notice.
#include "shm/ring/tap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::holds;
using ring_test::push;
using ring_test::shape;

TEST(Tap, ReadsAlongFromTheOldestOrFromNow) {
  PrivateRing ring(shape(8));
  RingProducer<MarketEvent> producer(ring.view());
  for (std::uint64_t n = 0; n < 3; ++n) push(producer, n);
  RingTap<> oldest(ring.view(), TapFrom::kOldest);
  RingTap<> now(ring.view(), TapFrom::kNow);
  MarketEvent e;
  EXPECT_EQ(now.next(&e), TapResult::kNothing);
  for (std::uint64_t n = 0; n < 3; ++n) {
    ASSERT_EQ(oldest.next(&e), TapResult::kMessage);
    EXPECT_TRUE(holds(e, n));
  }
  EXPECT_EQ(oldest.next(&e), TapResult::kNothing);
  push(producer, 3);
  ASSERT_EQ(now.next(&e), TapResult::kMessage);
  EXPECT_TRUE(holds(e, 3));
  EXPECT_EQ(now.missed() + oldest.missed(), 0U);
}

TEST(Tap, NeverShowsAMessageThatIsBeingWritten) {
  PrivateRing ring(shape(4));
  RingProducer<MarketEvent> producer(ring.view());
  RingTap<> sut(ring.view(), TapFrom::kNow);
  MarketEvent e;
  ring_test::fill(producer.claim(), 0);
  EXPECT_EQ(sut.next(&e), TapResult::kNothing);
  producer.commit();
  EXPECT_EQ(sut.next(&e), TapResult::kMessage);
}

/// With random pauses, received + missed equals what was published, and what is received is whole.
template <class Index>
void lap(std::uint64_t capacity, std::uint64_t seed, std::uint64_t longest_pause) {
  PrivateRing ring(shape(capacity));
  RingProducer<MarketEvent, Index> producer(ring.view());
  RingConsumer<Index> consumer(ring.view());
  RingTap<Index> sut(ring.view(), TapFrom::kOldest);
  std::mt19937_64 rng(seed);
  std::uint64_t sent = 0;
  for (int round = 0; round < 60; ++round) {
    for (std::uint64_t burst = rng() % longest_pause; burst > 0; --burst) {
      push(producer, sent++);
      consumer.advance();
      consumer.release();
    }
    const bool half_written = rng() % 2 == 0;
    if (half_written && producer.has_room(1)) producer.claim().b = -7;
    MarketEvent e;
    while (sut.next(&e) == TapResult::kMessage) {
      ASSERT_TRUE(holds(e, sut.received() + sut.missed() - 1));
    }
    ASSERT_EQ(sut.received() + sut.missed(), sent);
    if (half_written) {
      push(producer, sent++);
      consumer.advance();
      consumer.release();
    }
  }
  if (longest_pause > 2 * capacity) { EXPECT_GT(sut.missed(), 0U); }
  EXPECT_GT(sut.received(), 0U);
}

TEST(Tap, CountsWhatItMissedWhenLappedAlsoRoundASixteenBitIndex) {
  for (const std::uint64_t capacity : {1, 2, 16, 128}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      lap<std::uint16_t>(capacity, seed, 15'000);
      lap<std::uint64_t>(capacity, seed, 5'000);
      lap<std::uint64_t>(capacity, seed, capacity + 1);
      ASSERT_FALSE(HasFatalFailure()) << capacity << " " << seed;
    }
  }
}

TEST(Tap, OnAStoppedRingShowsItsNewestMessagesFromTheOldestOn) {
  PrivateRing ring(shape(16));
  RingProducer<MarketEvent> producer(ring.view());
  RingConsumer<> consumer(ring.view());
  for (std::uint64_t n = 0; n < 1000; ++n) {
    push(producer, n);
    consumer.advance();
    consumer.release();
  }
  RingTap<> sut(ring.view(), TapFrom::kOldest);
  MarketEvent e;
  for (std::uint64_t n = 984; n < 1000; ++n) {
    ASSERT_EQ(sut.next(&e), TapResult::kMessage);
    EXPECT_TRUE(holds(e, n));
  }
  EXPECT_EQ(sut.next(&e), TapResult::kNothing);
  EXPECT_EQ(sut.missed(), 0U);
}

}  // namespace
}  // namespace pinstripe
