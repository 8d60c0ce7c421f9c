// Runs with the replaced allocation functions linked in.
#include "shm/run/sealed_heap.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace pinstripe {
namespace {

/// Keeps the compiler from removing an allocation that nobody reads.
template <class T>
void used(T* p) noexcept {
  asm volatile("" : : "g"(p) : "memory");
}

class SealedHeap : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!heap_can_be_sealed()) GTEST_SKIP() << "a sanitizer brings its own malloc";
  }
};

TEST_F(SealedHeap, CountsEveryKindOfAllocationOfTheSealedThread) {
  const std::uint64_t before = allocations_after_seal();
  seal_heap();
  int* a = new int(1);
  used(a);
  void* b = std::malloc(10);
  used(b);
  void* c = std::calloc(2, 8);
  used(c);
  b = std::realloc(b, 4000);
  used(b);
  void* d = nullptr;
  const int rc = ::posix_memalign(&d, 64, 128);
  void* e = std::aligned_alloc(64, 128);
  used(e);
  unseal_heap();
  EXPECT_EQ(rc, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(d) % 64, 0U);
  EXPECT_EQ(allocations_after_seal() - before, 6U);
  delete a;
  for (void* p : {b, c, d, e}) std::free(p);
}

TEST_F(SealedHeap, LeavesOtherThreadsAndTheTimeAfterAlone) {
  const std::uint64_t before = allocations_after_seal();
  std::thread other;
  auto work = [] { used(std::make_unique<std::vector<int>>(100).get()); };
  other = std::thread(work);
  other.join();
  seal_heap();
  unseal_heap();
  work();
  EXPECT_EQ(allocations_after_seal(), before);
}

TEST_F(SealedHeap, StopsTheProcessWithAMessageWhenAskedTo) {
  EXPECT_DEATH(
      {
        ::setenv("PINSTRIPE_SEAL", "abort", 1);
        seal_heap();
        used(std::malloc(8));
      },
      "allocation on the hot path after start");
}

}  // namespace
}  // namespace pinstripe
