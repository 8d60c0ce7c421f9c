// One output of a stage, and the sink through which the stage writes in place.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/msg/header.h"
#include "shm/ring/park.h"
#include "shm/ring/ring.h"
#include "shm/run/clock.h"
#include "shm/run/delay_model.h"

namespace pinstripe {

/// Orders, reports and signals are covered by digests; market events and vectors are not (their
/// bytes are inputs or can be rebuilt, and hashing them would cost the feed its figure).
template <class Out>
inline constexpr bool kDigested = requires { Out::kType; } && sizeof(Out) < 400;

/// One output ring with its modelled delay, digest and, on the reports ring, the queue of what does
/// not fit (protocol 5: exec never blocks on it).
template <class Out>
class OutPort {
 public:
  OutPort(RingView view, DelayModel delay, std::size_t queue_capacity)
      : ring_(view), delay_(delay), queue_(queue_capacity) {}

  bool has_room(std::uint32_t n) noexcept {
    return queue_.empty() ? ring_.has_room(n) : tail_ - head_ + n <= queue_.size();
  }
  /// Event time of outputs of a turn at `now`, drawn once a turn.
  void begin_turn(TimeNs now) noexcept {
    const TimeNs at = saturating_add(now, delay_.delay_of(count_));
    turn_event_ns_ = at > last_event_ns_ ? at : last_event_ns_;
  }
  Out& claim(const MsgHeader& header) noexcept {
    claimed_in_queue_ = !queue_.empty() && (head_ != tail_ || !ring_.has_room(1));
    Out& out = claimed_in_queue_ ? queue_[tail_ % queue_.size()] : ring_.claim();
    auto* const bytes = reinterpret_cast<std::byte*>(&out);
    std::memset(bytes + sizeof(MsgHeader), 0, sizeof(Out) - sizeof(MsgHeader));
    // Everything but the slot word: the cause's even word there, even for an instant, would
    // publish.
    std::memcpy(bytes + kWordBytes, reinterpret_cast<const std::byte*>(&header) + kWordBytes,
                sizeof(MsgHeader) - kWordBytes);
    out.h.event_ns = turn_event_ns_;
    current_ = &out;
    return out;
  }
  void commit(std::uint32_t publish_ticks) noexcept {
    current_->h.publish_ticks = publish_ticks;
    if constexpr (kDigested<Out>) digest_message(digest_, current_, sizeof(Out));
    last_event_ns_ = turn_event_ns_;
    ++count_;
    if (claimed_in_queue_) {
      ++tail_;
    } else {
      ring_.commit();
    }
    touched_ = true;
  }
  /// Moves queued messages into the ring while there is room.
  void flush() noexcept {
    while (head_ != tail_ && ring_.has_room(1)) {
      const Out& from = queue_[head_ % queue_.size()];
      Out& to = ring_.claim();
      std::memcpy(reinterpret_cast<std::byte*>(&to) + kWordBytes,
                  reinterpret_cast<const std::byte*>(&from) + kWordBytes, sizeof(Out) - kWordBytes);
      ring_.commit();
      ++head_;
      touched_ = true;
    }
  }
  /// Event time of the first message that waits in the queue; max when none does.
  TimeNs first_queued() const noexcept {
    return head_ == tail_ ? TimeNs::max() : queue_[head_ % queue_.size()].h.event_ns;
  }
  bool queue_overflows(std::uint32_t burst) const noexcept {
    return !queue_.empty() && tail_ - head_ + burst > queue_.size();
  }
  /// "Nothing earlier than `bound` + least delay will follow."
  void raise_watermark(TimeNs bound) noexcept {
    TimeNs w = bound == TimeNs::max() ? bound : saturating_add(bound, delay_.least());
    if (w <= watermark_) return;
    watermark_ = w;
    ring_.raise_watermark(w, 0);
    touched_ = true;
  }
  /// The reports ring: w may go down when k goes up.
  void store_watermark(TimeNs w, std::uint64_t k) noexcept {
    if (w == watermark_ && k == k_) return;
    watermark_ = w;
    k_ = k;
    ring_.store_watermark(w, k);
    touched_ = true;
  }
  void store_end(TimeNs end) noexcept { ring_.store_end(end); }
  /// True once since the last call when something became visible to the consumer.
  bool take_touched() noexcept {
    const bool was = touched_;
    touched_ = false;
    return was;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t digest() const noexcept { return digest_.value(); }
  TimeNs last_event_ns() const noexcept { return last_event_ns_; }
  TimeNs least_delay() const noexcept { return delay_.least(); }
  ParkWord* consumer_park = nullptr;

 private:
  static constexpr std::size_t kWordBytes = sizeof(MsgHeader::word);

  RingProducer<Out> ring_;
  DelayModel delay_;
  std::vector<Out> queue_;  // empty where the port blocks instead
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t k_ = 0;
  Hasher digest_;
  Out* current_ = nullptr;
  TimeNs turn_event_ns_;
  TimeNs last_event_ns_{TimeNs::min()};
  TimeNs watermark_{TimeNs::min()};
  bool claimed_in_queue_ = false;
  bool touched_ = false;
};

}  // namespace pinstripe
