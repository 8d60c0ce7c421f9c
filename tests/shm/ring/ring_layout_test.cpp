// Attaching to rings: each field that can differ is refused by name.
#include "shm/ring/ring_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "shm/msg/signal.h"
#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::shape;

TEST(RingLayout, ARingThatMatchesIsAttachedWithPrivateCopiesOfItsShape) {
  PrivateRing ring(shape(16));
  const auto sut = attach_ring(ring.memory(), shape(16));
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  ring.view().header()->capacity = 1U << 20;  // a peer gone mad
  EXPECT_EQ(sut->capacity, 16U);
  EXPECT_EQ(sut->mask, 15U);
  EXPECT_EQ(sut->slot_bytes, 64U);
  EXPECT_EQ(sut->message_bytes, sizeof(MarketEvent));
}

TEST(RingLayout, EachFieldThatDiffersIsRefusedByName) {
  struct Case {
    const char* named;
    std::function<void(RingHeader&)> damage;
  };
  const Case cases[] = {
      {"magic", [](RingHeader& h) { h.magic ^= 1; }},
      {"version is 2", [](RingHeader& h) { h.version = 2; }},
      {"not been formatted", [](RingHeader& h) { h.version = 0; }},
      {"capacity", [](RingHeader& h) { h.capacity = 32; }},
      {"capacity", [](RingHeader& h) { h.capacity = 0; }},
      {"slot size", [](RingHeader& h) { h.slot_bytes = 128; }},
      {"message size", [](RingHeader& h) { h.message_bytes = 72; }},
      {"layout hash", [](RingHeader& h) { h.layout_hash ^= 1; }},
      {"id", [](RingHeader& h) { h.ring_id = 3; }},
      {"full policy", [](RingHeader& h) { h.full_policy = 1; }},
  };
  for (const Case& c : cases) {
    PrivateRing ring(shape(16));
    c.damage(*ring.view().header());
    const auto sut = attach_ring(ring.memory(), shape(16));
    ASSERT_FALSE(sut.has_value()) << c.named;
    EXPECT_NE(sut.error().message.find(c.named), std::string::npos) << sut.error().message;
  }
}

TEST(RingLayout, AFileThatWasCutOffIsRefusedWithBothSizes) {
  PrivateRing ring(shape(16));
  const auto sut = attach_ring(ring.memory().first(ring.memory().size() - 1), shape(16));
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find(std::to_string(ring.memory().size())), std::string::npos);
  EXPECT_FALSE(attach_ring(ring.memory().first(10), shape(16)).has_value());
  EXPECT_FALSE(attach_ring(ring.memory().first(0), shape(16)).has_value());
}

TEST(RingLayout, ToolsReadTheShapeThatARingStatesAndRefuseADamagedOne) {
  PrivateRing ring(ring_shape<Signal>(8, 3, FullPolicy::kWait));
  const auto sut = read_ring_shape(ring.memory());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->type_name, Signal::kRingType);
  EXPECT_EQ(sut->capacity, 8U);
  EXPECT_EQ(sut->ring_id, 3U);
  EXPECT_TRUE(attach_ring(ring.memory(), *sut).has_value());
  for (const std::uint64_t capacity : {0ULL, 7ULL, 16ULL, 1ULL << 62}) {
    ring.view().header()->capacity = capacity;
    EXPECT_FALSE(read_ring_shape(ring.memory()).has_value()) << capacity;
  }
}

TEST(RingLayout, LargeMessagesTakeWholeCacheLines) {
  EXPECT_EQ(ring_slot_bytes(64), 64U);
  EXPECT_EQ(ring_slot_bytes(72), 128U);
  EXPECT_EQ(ring_bytes(shape(4)), sizeof(RingHeader) + 4 * 64);
}

TEST(RingLayoutDeathTest, ACapacityThatIsNoPowerOfTwoIsAProgrammersError) {
  EXPECT_DEATH(PrivateRing(shape(12)), "power of two");
}

}  // namespace
}  // namespace pinstripe
