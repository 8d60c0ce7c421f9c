// The ring in one thread: order, fullness, wrap-around with an 8-bit index, takeover of either end.
#include "shm/ring/ring.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::event;
using ring_test::holds;
using ring_test::push;
using ring_test::shape;

TEST(Ring, GivesMessagesOnceInOrderAndInPlace) {
  PrivateRing memory(shape(8));
  RingProducer<MarketEvent> producer(memory.view());
  RingConsumer<> sut(memory.view());
  EXPECT_EQ(sut.peek(), nullptr);
  for (std::uint64_t n = 0; n < 5; ++n) push(producer, n);
  for (std::uint64_t n = 0; n < 5; ++n) {
    ASSERT_NE(sut.peek(), nullptr);
    EXPECT_EQ(sut.peek(), memory.view().slot(n));
    EXPECT_TRUE(holds(event(sut.peek()), n));
    sut.advance();
  }
  EXPECT_EQ(sut.peek(), nullptr);
  EXPECT_EQ(sut.taken(), 5U);
  EXPECT_EQ(producer.published(), 5U);
}

TEST(Ring, AClaimedMessageIsNotSeenBeforeItsCommit) {
  PrivateRing memory(shape(2));
  RingProducer<MarketEvent> producer(memory.view());
  RingConsumer<> sut(memory.view());
  for (std::uint64_t n = 0; n < 5; ++n) {
    ASSERT_TRUE(producer.has_room(1));
    ring_test::fill(producer.claim(), n);
    EXPECT_EQ(sut.peek(), nullptr);
    producer.commit();
    ASSERT_NE(sut.peek(), nullptr);
    sut.advance();
    sut.release();
  }
}

TEST(Ring, HasRoomForExactlyItsCapacityUntilTheConsumerReleases) {
  PrivateRing memory(shape(4));
  RingProducer<MarketEvent> sut(memory.view());
  RingConsumer<> consumer(memory.view());
  EXPECT_TRUE(sut.has_room(4));
  EXPECT_FALSE(sut.has_room(5));
  for (std::uint64_t n = 0; n < 4; ++n) push(sut, n);
  EXPECT_FALSE(sut.has_room(1));
  consumer.advance();
  EXPECT_FALSE(sut.has_room(1)) << "taken, but not released";
  consumer.release();
  EXPECT_TRUE(sut.has_room(1));
  EXPECT_FALSE(sut.has_room(2));
}

TEST(Ring, WatermarkOnlyRisesButTheReportsPairMovesBothWays) {
  PrivateRing memory(shape(4));
  RingProducer<MarketEvent> producer(memory.view());
  RingConsumer<> sut(memory.view());
  EXPECT_EQ(sut.watermark(), TimeNs::min());
  producer.raise_watermark(TimeNs(10), 1);
  producer.raise_watermark(TimeNs(5), 2);
  EXPECT_EQ(sut.watermark(), TimeNs(10));
  EXPECT_EQ(sut.watermark_k(), 1U);
  producer.store_watermark(TimeNs(5), 2);
  EXPECT_EQ(sut.watermark(), TimeNs(5));
  EXPECT_EQ(sut.watermark_k(), 2U);
  producer.store_end(TimeNs(99));
  EXPECT_EQ(sut.end_ns(), TimeNs(99));
}

/// Random interleaving against a plain count, with takeovers of both ends, many times round the
/// index.
template <class Index>
void run_against_model(std::uint64_t capacity, std::uint64_t seed, std::uint64_t messages) {
  PrivateRing memory(shape(capacity));
  RingProducer<MarketEvent, Index> producer(memory.view());
  RingConsumer<Index> consumer(memory.view());
  std::mt19937_64 rng(seed);
  std::uint64_t sent = 0, taken = 0, released = 0;
  while (released < messages) {
    switch (rng() % 8) {
      case 0:
      case 1:
      case 2:
        ASSERT_EQ(producer.has_room(1), sent - released < capacity);
        if (producer.has_room(1)) push(producer, sent++);
        break;
      case 3:
      case 4:
      case 5: {
        const MsgHeader* head = consumer.peek();
        ASSERT_EQ(head != nullptr, taken < sent);
        if (head == nullptr) break;
        ASSERT_TRUE(holds(event(head), taken)) << "message " << taken;
        consumer.advance();
        ++taken;
        break;
      }
      case 6:
        consumer.release();
        released = taken;
        break;
      default:
        if (rng() % 8 != 0) break;
        // The producer may die in mid-write, the consumer with messages taken and not released.
        if (producer.has_room(1) && rng() % 2 == 0) producer.claim().b = 12345;
        producer = RingProducer<MarketEvent, Index>(memory.view());
        consumer = RingConsumer<Index>(memory.view());
        taken = released;  // what was taken and not released comes again
        break;
    }
  }
}

TEST(Ring, WrapsAroundWithAnEightBitIndexAtEveryCapacityItAllows) {
  for (const std::uint64_t capacity : {1, 2, 4, 8, 16, 32}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      run_against_model<std::uint8_t>(capacity, seed, 3000);
      ASSERT_FALSE(HasFatalFailure()) << "capacity " << capacity << " seed " << seed;
    }
  }
}

TEST(Ring, BehavesAlikeWithTheFullIndex) {
  for (const std::uint64_t capacity : {1, 4, 64}) {
    run_against_model<std::uint64_t>(capacity, 5, 5000);
  }
}

TEST(Ring, AProducerThatDiedInMidWriteIsFollowedByOneThatWritesTheSameMessageAgain) {
  PrivateRing memory(shape(4));
  {
    RingProducer<MarketEvent> dying(memory.view());
    for (std::uint64_t n = 0; n < 3; ++n) push(dying, n);
    dying.claim().a = -1;
  }
  EXPECT_EQ(ring_published(memory.view()), 3U);
  RingProducer<MarketEvent> sut(memory.view());
  EXPECT_EQ(sut.published(), 3U);
  push(sut, 3);
  RingConsumer<> consumer(memory.view());
  for (std::uint64_t n = 0; n < 4; ++n) {
    ASSERT_NE(consumer.peek(), nullptr);
    EXPECT_TRUE(holds(event(consumer.peek()), n));
    consumer.advance();
  }
}

TEST(RingDeathTest, AConsumerThatWasOverrunStopsInsteadOfSkipping) {
  PrivateRing memory(shape(2));
  RingProducer<MarketEvent> producer(memory.view());
  RingConsumer<> sut(memory.view());
  RingConsumer<> impostor(memory.view());
  for (std::uint64_t n = 0; n < 4; ++n) {
    push(producer, n);  // asks for room
    impostor.advance();
    impostor.release();
  }
  EXPECT_DEATH(sut.peek(), "overrun");
}

TEST(RingDeathTest, AClaimWithoutRoomStops) {
  PrivateRing memory(shape(1));
  RingProducer<MarketEvent> sut(memory.view());
  push(sut, 0);
  EXPECT_DEATH(sut.claim(), "claim without room");
}

TEST(RingDeathTest, AnIndexTooNarrowForTheCapacityIsRefused) {
  PrivateRing memory(shape(64));
  EXPECT_DEATH((RingProducer<MarketEvent, std::uint8_t>(memory.view())), "too narrow");
}

}  // namespace
}  // namespace pinstripe
