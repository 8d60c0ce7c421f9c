// The sealed heap: after start no allocation may happen on a stage's hot thread (design 1, rule 2).
//
// Programs that link the object library `pinstripe_sealed_heap` get malloc, calloc, realloc and the
// aligned forms (and through them operator new) replaced by versions that look at one thread-local
// flag and go on to the C library. Elsewhere these functions do nothing and count nothing; the
// same holds in sanitizer builds, which bring their own malloc.
#pragma once

#include <cstdint>

namespace pinstripe {

/// From now on every allocation of the calling thread is counted; with PINSTRIPE_SEAL=abort in the
/// environment, or built with PINSTRIPE_SEAL_ABORTS, it stops the process with a message instead.
void seal_heap() noexcept;
/// Ends the seal of the calling thread (shutdown allocates again).
void unseal_heap() noexcept;
/// Lifts the seal of the calling thread for a scope: what opens and ends connections allocates
/// (OpenSSL does), and is no part of the path of a message.
class HeapPass {
 public:
  HeapPass() noexcept;
  ~HeapPass();
  HeapPass(const HeapPass&) = delete;
  HeapPass& operator=(const HeapPass&) = delete;

 private:
  bool was_sealed_;
};
/// Allocations that a sealed thread of this process has made under a pass.
std::uint64_t allocations_let_pass() noexcept;
/// Allocations that a sealed thread of this process has made.
std::uint64_t allocations_after_seal() noexcept;
/// True in programs where the replaced functions are in force.
bool heap_can_be_sealed() noexcept;

}  // namespace pinstripe
