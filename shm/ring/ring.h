// The single-producer single-consumer ring: the sequence lies in the slot.
//
// Verbs: producer has_room, claim, commit; consumer peek, advance, release. A message is written
// and read in place. Measured against index-based rings this moves one cache line a message
// instead of two (design 5).
//
// THE ARGUMENT. Slot word: 2n+1 = message n is being written, 2n+2 = message n is published.
//   claim    store word = 2n+1 (relaxed); release fence
//   caller   plain stores of the payload, in place
//   commit   store word = 2n+2 (release)                      SYNC POINT publish
//   peek     load word (acquire); 2n+2 means message n        SYNC POINT take
//   release  store cursor (release), after the last read      SYNC POINT free
//   has_room load cursor (acquire), only when it seems full   SYNC POINT reuse
// publish/take: the consumer that loads 2n+2 sees every store of the payload. free/reuse: the
// producer that loads a cursor past message n - capacity writes the slot only after the consumer's
// last read.
// Bad schedules that a weaker order allows:
//   - publish relaxed: the word passes the payload; the consumer acts on the previous lap's price.
//   - take relaxed: payload loads are satisfied before the word; the same, seen from the other
//     side.
//   - free relaxed or before the last read: the producer overwrites a message being read.
//   - no odd mark, or none before the payload (the release fence): a tap copies while the slot
//     still shows 2(n-capacity)+2 before and after, and takes a mixture of two messages for whole;
//     and a producer killed in mid-write leaves a slot that looks like an intact older message.
//   - cursor released before acting: a consumer killed in between loses the message. Here it is
//     released after the act, so a message may be seen again after a takeover, never lost.
//   - watermark stored before what it covers was published, or loaded after looking for a message:
//     7 is taken before 5 (tests/models/watermark_read.pml).
//   - consumer that releases in batches and waits without releasing: a blocked producer waits for
//     ever.
// Takeover: a new producer starts at the highest published n over all slots; a claimed slot (odd)
// is written again. A new consumer starts at the cursor. Ends are owned through EndLock
// (end_lock.h).
//
// One declared deviation from the C++ memory model: a tap's atomic loads overlap the producer's
// plain stores (tap.h argues it). Under PINSTRIPE_TSAN the payload is staged and stored word by
// word with release, so that ThreadSanitizer checks the protocol itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>

#include "shm/base/check.h"
#include "shm/ring/ring_layout.h"
#include "shm/ring/ring_word.h"

namespace pinstripe {

/// The writing end. One at a time (EndLock); not thread-safe. `Index` is narrower in tests only.
template <class T, class Index = std::uint64_t>
class RingProducer {
 public:
  /// Takes over where the last producer ended: after the highest published message.
  explicit RingProducer(RingView ring) noexcept
      : ring_(ring), position_(ring_word::newest_position<Index>(ring)) {
    static_assert(sizeof(T) % 8 == 0 && alignof(T) <= 8);
    PINSTRIPE_CHECK(ring.message_bytes == sizeof(T), "ring and producer differ in message size");
    PINSTRIPE_CHECK(ring.capacity <= std::numeric_limits<Index>::max() / 8 + 1,
                    "the index is too narrow for this capacity");
    reload_cursor();
  }

  /// True when `n` more messages fit. Reads the consumer's cursor only when the ring seems full.
  bool has_room(std::uint32_t n) noexcept {
    if (used() + n <= ring_.capacity) [[likely]] return true;
    reload_cursor();
    return used() + n <= ring_.capacity;
  }

  /// The next slot, marked as being written. The caller writes every byte but the slot word. Needs
  /// has_room(1).
  T& claim() noexcept {
    PINSTRIPE_CHECK(used() < ring_.capacity, "claim without room");
    MsgHeader* const slot = ring_.slot(position_ >> 1);
    // SYNC POINT mark: with the fence, no payload store passes it; pairs with the tap's word loads.
    ring_word::store_relaxed(&slot->word, word(1));
#ifdef PINSTRIPE_TSAN
    staged_.h.word = word(1);
    return staged_;
#else
    std::atomic_thread_fence(std::memory_order_release);
    return *reinterpret_cast<T*>(slot);
#endif
  }

  /// Publishes the claimed slot.
  void commit() noexcept {
    MsgHeader* const slot = ring_.slot(position_ >> 1);
#ifdef PINSTRIPE_TSAN
    const auto* const from = reinterpret_cast<const std::byte*>(&staged_);
    auto* const to = reinterpret_cast<std::uint64_t*>(slot);
    for (std::size_t i = 1; i < sizeof(T) / 8; ++i) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, from + 8 * i, 8);
      ring_word::store_release(to + i, bytes);
    }
#endif
    // SYNC POINT publish: pairs with RingConsumer::peek (take) and the tap's first load.
    ring_word::store_release(&slot->word, word(2));
    position_ = static_cast<Index>(position_ + 2);
    fetch_ahead();
  }

  /// Messages published on this ring since it was made.
  std::uint64_t published() const noexcept { return position_ >> 1; }

  /// "Nothing earlier than `w` will follow"; monotone: an earlier `w` is ignored. To be called
  /// after publishing everything earlier.
  void raise_watermark(TimeNs w, std::uint64_t k) noexcept {
    if (w.value < ring_word::load_relaxed(&ring_.header()->watermark_ns)) return;
    store_watermark(w, k);
  }
  /// The reports ring's pair, where w may go down when k goes up (protocol 4): w first, then k.
  void store_watermark(TimeNs w, std::uint64_t k) noexcept {
    // SYNC POINT watermark: release, after the messages it covers; pairs with
    // RingConsumer::watermark.
    ring_word::store_release(&ring_.header()->watermark_ns, w.value);
    // SYNC POINT watermark-k: after w; a consumer that loads this k then sees this w or a later
    // one.
    ring_word::store_release(&ring_.header()->watermark_k, k);
  }
  /// End of the recorded data; store it before the watermark becomes max.
  void store_end(TimeNs end) noexcept {
    // SYNC POINT end: ordered before the watermark's release that follows.
    ring_word::store_release(&ring_.header()->end_ns, end.value);
  }

  const RingView& view() const noexcept { return ring_; }

 private:
  std::uint64_t used() const noexcept {
    return static_cast<Index>(position_ - cursor_) >> 1;
  }
  std::uint64_t word(unsigned step) const noexcept {
    return static_cast<Index>(position_ + step);
  }
  /// PERF NOTE: the consumer read the next slots a lap ago, so the first store to each waits for
  /// its line to come back. Asking for it a few messages early takes that wait out of the way. Only
  /// for slots known to be free: the line of an unread message must not be taken from its reader.
  void fetch_ahead() noexcept {
    if (used() + kFetchAhead >= ring_.capacity) return;
    const MsgHeader* const slot = ring_.slot((position_ >> 1) + kFetchAhead);
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*reinterpret_cast<const char*>(slot)));
#else
    __builtin_prefetch(slot, 1);
#endif
  }
  void reload_cursor() noexcept {
    // SYNC POINT reuse: acquire; pairs with RingConsumer::release (free).
    cursor_ = static_cast<Index>(ring_word::load_acquire(&ring_.header()->cursor));
  }

  static constexpr std::uint64_t kFetchAhead = 8;  // messages

  RingView ring_;
  Index position_;    // 2 x number of the next message
  Index cursor_ = 0;  // the consumer's cursor as last seen
#ifdef PINSTRIPE_TSAN
  T staged_{};
#endif
};

/// The reading end. One at a time (EndLock); not thread-safe. Untyped: the header says what it is.
template <class Index = std::uint64_t>
class RingConsumer {
 public:
  /// Goes on at the released cursor.
  explicit RingConsumer(RingView ring) noexcept
      : ring_(ring),
        // SYNC POINT takeover-cursor: pairs with the last consumer's release (free).
        position_(static_cast<Index>(ring_word::load_acquire(&ring.header()->cursor))) {}

  /// The message at the local cursor, in place, or null when it is not published yet. It stays
  /// valid until `release`.
  const MsgHeader* peek() const noexcept {
    const MsgHeader* const slot = ring_.slot(position_ >> 1);
    const auto published = static_cast<Index>(position_ + 2);
    // SYNC POINT take: acquire; pairs with RingProducer::commit (publish).
    const auto word = static_cast<Index>(ring_word::load_acquire(&slot->word));
    if (word == published) return slot;
    PINSTRIPE_CHECK(ring_word::before<Index>(word, published),
                    "a slot holds a later message than the next: the consumer was overrun");
    return nullptr;
  }
  /// Moves the local cursor past the peeked message; the slot is not given back yet.
  void advance() noexcept { position_ = static_cast<Index>(position_ + 2); }
  /// Gives back all slots advanced past. Call after acting on them, in batches, and before any
  /// wait.
  void release() noexcept {
    // SYNC POINT free: release, after the last read; pairs with RingProducer::has_room (reuse).
    ring_word::store_release(&ring_.header()->cursor, static_cast<std::uint64_t>(position_));
  }
  /// Goes on at message `n`: for a successor that knows from its journal what was acted on. Nothing
  /// is released before `release`.
  void resume_at(std::uint64_t n) noexcept { position_ = static_cast<Index>(2 * n); }
  /// Messages given back; after a takeover fewer than were acted on, never more.
  std::uint64_t released() const noexcept {
    return static_cast<Index>(ring_word::load_acquire(&ring_.header()->cursor)) >> 1;
  }
  /// Messages taken since the ring was made.
  std::uint64_t taken() const noexcept { return position_ >> 1; }

  /// The producer's watermark. Load it before `peek`, always (see the argument).
  TimeNs watermark() const noexcept {
    // SYNC POINT watermark: acquire; pairs with RingProducer::store_watermark.
    return TimeNs(ring_word::load_acquire(&ring_.header()->watermark_ns));
  }
  /// Number of the last command that the watermark covers; load it before `watermark`.
  std::uint64_t watermark_k() const noexcept {
    // SYNC POINT watermark-k: acquire; pairs with RingProducer::store_watermark.
    return ring_word::load_acquire(&ring_.header()->watermark_k);
  }
  /// End of the data; valid once the watermark is max.
  TimeNs end_ns() const noexcept {
    // SYNC POINT end: pairs with RingProducer::store_end.
    return TimeNs(ring_word::load_acquire(&ring_.header()->end_ns));
  }

  const RingView& view() const noexcept { return ring_; }

 private:
  RingView ring_;
  Index position_;  // 2 x number of the next message
};

}  // namespace pinstripe
