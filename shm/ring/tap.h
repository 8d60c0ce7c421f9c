// A tap: reads the messages of a ring as they pass, from a read-only mapping, and holds nothing up.
//
// THE ARGUMENT. Load the slot word (acquire); copy the payload by 8-byte atomic acquire loads into
// a private buffer; load the word again (relaxed). Equal and published: the copy is message n,
// whole.
//   - A payload word of a later lap was stored after that lap's odd mark (the producer's release
//     fence, or release stores under PINSTRIPE_TSAN). Whoever loads it with acquire then sees that
//     mark, or a later word, in the second load: the copy is discarded.
//   - The payload loads are acquire, so the second load of the word cannot be satisfied before
//     them.
// The producer's payload stores are plain and overlap these loads: a data race by the letter of
// C++. It is the one declared deviation. On x86-64 and AArch64 aligned 8-byte accesses are
// single-copy atomic, x86 keeps stores in order, and on AArch64 the fence is a dmb that orders the
// mark before the payload; compilers do not move plain stores over a release fence or below a
// release store. A compiler may split or repeat a plain store between the two: only the copy
// suffers, and it is discarded by the word. Nothing is interpreted before the second check.
#pragma once

#include <cstdint>
#include <cstring>

#include "shm/ring/ring_layout.h"
#include "shm/ring/ring_word.h"

namespace pinstripe {

enum class TapResult : std::uint8_t {
  kMessage,  // the buffer holds the next message
  kNothing,  // nothing new yet
};
enum class TapFrom : std::uint8_t { kOldest, kNow };

/// Reads along. `received() + missed()` counts every message since where the tap began. `Index` is
/// narrower in tests only, at least 16 bits.
template <class Index = std::uint64_t>
class RingTap {
 public:
  RingTap(RingView ring, TapFrom from) noexcept : ring_(ring) {
    static_assert(sizeof(Index) >= 2, "8 bits come round while the tap copies (ABA)");
    position_ = ring_word::newest_position<Index>(ring);
    if (from == TapFrom::kOldest) position_ = oldest();
  }

  /// Copies the next whole message into `buffer` (message_bytes, 8-byte aligned). Never waits.
  TapResult next(void* buffer) noexcept {
    while (true) {
      const MsgHeader* const slot = ring_.slot(position_ >> 1);
      const auto published = static_cast<Index>(position_ + 2);
      // SYNC POINT tap-first: acquire; pairs with RingProducer::commit (publish).
      const std::uint64_t first = ring_word::load_acquire(&slot->word);
      const auto word = static_cast<Index>(first);
      if (ring_word::before<Index>(word, published)) return TapResult::kNothing;
      if (word == published) {
        copy(buffer, slot);
        // SYNC POINT tap-second: relaxed, held behind the acquire loads of the payload.
        if (ring_word::load_relaxed(&slot->word) == first) {
          position_ = published;
          ++received_;
          return TapResult::kMessage;
        }
        continue;  // overwritten while it was copied: the next look finds itself lapped
      }
      skip_to(static_cast<Index>((word - 1) & ~1));
    }
  }

  std::uint64_t received() const noexcept { return received_; }
  /// Messages that the producer overwrote before this tap could read them.
  std::uint64_t missed() const noexcept { return missed_; }
  /// Number of the message that `next` will look for.
  std::uint64_t position() const noexcept { return position_ >> 1; }
  const RingView& view() const noexcept { return ring_; }

 private:
  void copy(void* buffer, const MsgHeader* slot) const noexcept {
    auto* const to = static_cast<std::byte*>(buffer);
    const auto* const from = reinterpret_cast<const std::uint64_t*>(slot);
    for (std::uint32_t i = 0; i < ring_.message_bytes / 8; ++i) {
      const std::uint64_t word = ring_word::load_acquire(from + i);
      std::memcpy(to + 8 * i, &word, 8);  // the caller reads it as a message: no aliasing by words
    }
  }
  /// The slot holds message `found` (its position) of a later lap: goes on half a ring behind it.
  void skip_to(Index found) noexcept {
    const auto resume = static_cast<Index>(found - (ring_.capacity & ~std::uint64_t{1}));
    missed_ += static_cast<Index>(resume - position_) >> 1;
    position_ = resume;
  }
  /// Position of the oldest message that still lies in the ring whole.
  Index oldest() const noexcept {
    Index best = position_;
    for (std::uint64_t s = 0; s < ring_.capacity; ++s) {
      const std::uint64_t word = ring_word::load_acquire(&ring_.slot(s)->word);
      if (word == 0 || (word & 1) != 0) continue;
      const auto at = static_cast<Index>(word - 2);
      if (ring_word::before<Index>(at, best)) best = at;
    }
    return best;
  }

  RingView ring_;
  Index position_ = 0;  // 2 x number of the next message
  std::uint64_t received_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace pinstripe
