// The atomic words of a ring: 64-bit loads and stores on shared memory, and slot word arithmetic.
//
// Plain integers in the structs plus these functions, rather than std::atomic members, because
// messages must stay trivially copyable and a tap maps the ring read-only (std::atomic_ref wants a
// non-const object).
#pragma once

#include <cstdint>
#include <type_traits>

#include "shm/ring/ring_layout.h"

namespace pinstripe::ring_word {

static_assert(__atomic_always_lock_free(8, nullptr),
              "a locked word would not work across processes");

template <class T>
T load_acquire(const T* word) noexcept { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
template <class T>
T load_relaxed(const T* word) noexcept { return __atomic_load_n(word, __ATOMIC_RELAXED); }
template <class T>
void store_release(T* word, T value) noexcept { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
template <class T>
void store_relaxed(T* word, T value) noexcept { __atomic_store_n(word, value, __ATOMIC_RELAXED); }

/// Slot words count in Index, so tests with an 8-bit index wrap after 128 messages. A position is
/// kept as the word 2n of message n: 2n+1 marks it as being written, 2n+2 as published.
template <class Index>
constexpr bool before(Index a, Index b) noexcept {
  static_assert(std::is_unsigned_v<Index>);
  return static_cast<std::make_signed_t<Index>>(static_cast<Index>(a - b)) < 0;
}

/// Position after the newest published message, from the slots alone. An odd word 2n+1 proves that
/// the messages before n were published; an even word 2n+2 that n was. All words lie within one
/// lap of each other, so with capacity <= index range / 8 the circular maximum is unambiguous.
template <class Index>
Index newest_position(const RingView& ring) noexcept {
  Index best = 0;
  for (std::uint64_t s = 0; s < ring.capacity; ++s) {
    // SYNC POINT takeover-scan: pairs with commit's release, so the messages counted are whole.
    const auto word = static_cast<Index>(load_acquire(&ring.slot(s)->word));
    const auto position = static_cast<Index>(word & static_cast<Index>(~Index{1}));
    if (s == 0 || before<Index>(best, position)) best = position;
  }
  return best;
}

}  // namespace pinstripe::ring_word
