// The lane hash: every bit, the order of words and the order of messages count; a state that was
// saved goes on to the same value.
#include <gtest/gtest.h>

#include <array>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

using Words = std::array<std::uint64_t, 11>;

Words sample() {
  Words w{};
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = random_draw(1, 2, 3, i);
  return w;
}

std::uint64_t hash_of(const Words& w, std::size_t words) {
  LaneHasher h;
  h.bytes(w.data(), 8 * words);
  return h.value();
}

TEST(LaneHasher, EveryBitOfEveryWordCounts) {
  const Words w = sample();
  for (std::size_t words = 1; words <= w.size(); ++words) {
    const std::uint64_t whole = hash_of(w, words);
    for (std::size_t bit = 0; bit < 64 * words; ++bit) {
      Words flipped = w;
      flipped[bit / 64] ^= std::uint64_t{1} << bit % 64;
      EXPECT_NE(hash_of(flipped, words), whole) << "words " << words << " bit " << bit;
    }
  }
}

TEST(LaneHasher, TheOrderOfWordsAndOfMessagesCounts) {
  const Words w = sample();
  for (std::size_t a = 0; a < w.size(); ++a) {
    for (std::size_t b = a + 1; b < w.size(); ++b) {
      Words swapped = w;
      std::swap(swapped[a], swapped[b]);
      EXPECT_NE(hash_of(swapped, w.size()), hash_of(w, w.size())) << a << " and " << b;
    }
  }
  LaneHasher forth, back;
  forth.bytes(w.data(), 48);
  forth.bytes(w.data() + 5, 48);
  back.bytes(w.data() + 5, 48);
  back.bytes(w.data(), 48);
  EXPECT_NE(forth.value(), back.value());
}

TEST(LaneHasher, ASavedStateGoesOnToTheSameValue) {
  const Words w = sample();
  LaneHasher straight, first, second;
  for (int i = 0; i < 10; ++i) straight.bytes(w.data(), 8 * w.size());
  for (int i = 0; i < 4; ++i) first.bytes(w.data(), 8 * w.size());
  second.restore(first.state());
  for (int i = 0; i < 6; ++i) second.bytes(w.data(), 8 * w.size());
  EXPECT_EQ(second.value(), straight.value());
  EXPECT_NE(first.value(), straight.value());
}

}  // namespace
}  // namespace pinstripe
