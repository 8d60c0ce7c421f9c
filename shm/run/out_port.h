// One output of a stage, written in place: event time, digests, exec's queue of reports, and the
// comparison of what a successor says again with what its ring shows already.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/base/state_io.h"
#include "shm/msg/header.h"
#include "shm/ring/park.h"
#include "shm/ring/ring.h"
#include "shm/run/clock.h"
#include "shm/run/delay_model.h"
#include "shm/run/policy.h"

namespace pinstripe {

/// Orders, reports and signals are covered by digests; market events and vectors are not (their
/// bytes are inputs or can be rebuilt, and hashing them would cost the feed its figure).
template <class Out>
inline constexpr bool kDigested = requires { Out::kType; } && sizeof(Out) < 400;

/// Where a successor's output differs from the one that its ring holds.
struct OutputFault {
  std::uint64_t number = 0;  // of the message on its ring
  std::uint32_t offset = 0;  // of the first byte that differs, from the header on
  bool missing = false;      // the ring does not show it, though it should
};

/// One output ring with its modelled delay, digest and, on the reports ring, the queue of what does
/// not fit (protocol 5: exec never blocks on it).
template <class Out>
class OutPort {
 public:
  OutPort(RingView view, DelayModel delay, std::size_t queue_capacity)
      : ring_(view), delay_(std::move(delay)), queue_(queue_capacity) {}

  bool has_room(std::uint32_t n) noexcept {
    if (live_from_ >= count_ + n) [[unlikely]] return true;  // all of them are there already
    return queue_.empty() ? ring_.has_room(n) : tail_ - head_ + n <= queue_.size();
  }
  /// Event time of outputs of a turn at `now`, drawn once a turn, by the first of them (most turns
  /// have none); by stamps: said by each output.
  void begin_turn(TimeNs now) noexcept {
    turn_now_ = now;
    is_dated_ = false;
  }
  Out& claim(const MsgHeader& header) noexcept {
    if (!is_dated_) date_turn();
    Out& out = catching_up() ? scratch_ : claim_live();
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
    if (delay_.by_stamps()) [[unlikely]] date_by_stamp();
    current_->h.publish_ticks = publish_ticks;
    if constexpr (kDigested<Out>) {
      digest_message(digest_, current_, sizeof(Out));
    } else if (keeps_lanes_) {
      lanes_.bytes(reinterpret_cast<const std::byte*>(current_) + kWordBytes, kStampsAt - 8);
      lanes_.bytes(payload_of(*current_), sizeof(Out) - sizeof(MsgHeader));
    }
    last_event_ns_ = turn_event_ns_;
    if (catching_up()) [[unlikely]] {
      compare_and_drop();
      return;
    }
    ++count_;
    if (claimed_in_queue_) {
      ++tail_;
    } else {
      ring_.commit();
    }
    touched_ = true;
  }
  /// Moves queued messages into the ring while there is room.
  template <class P = LivePolicy>
  void flush() noexcept {
    while (head_ != tail_ && ring_.has_room(1)) {
      const Out& from = queue_[head_ % queue_.size()];
      Out& to = ring_.claim();
      P::at(Step::kClaimed);
      std::memcpy(reinterpret_cast<std::byte*>(&to) + kWordBytes,
                  reinterpret_cast<const std::byte*>(&from) + kWordBytes, sizeof(Out) - kWordBytes);
      P::at(Step::kQueueTaken);
      ring_.commit();
      ++head_;
      touched_ = true;
      P::at(Step::kPublished);
    }
  }
  /// Event time of the first message that waits in the queue; max when none does.
  TimeNs first_queued() const noexcept {
    return head_ == tail_ ? TimeNs::max() : queue_[head_ % queue_.size()].h.event_ns;
  }
  /// Messages wait in the queue.
  bool queues() const noexcept { return head_ != tail_; }
  bool queue_overflows(std::uint32_t burst) const noexcept {
    return !queue_.empty() && tail_ - head_ + burst > queue_.size();
  }
  /// "Nothing earlier than `bound` + least delay will follow."
  template <class P = LivePolicy>
  void raise_watermark(TimeNs bound) noexcept {
    TimeNs w = bound == TimeNs::max() ? bound : saturating_add(bound, delay_.least());
    if (w <= watermark_) return;
    watermark_ = w;
    ring_.raise_watermark(w, 0);
    touched_ = true;
    P::at(Step::kWatermark);
  }
  /// The reports ring: w may go down when k goes up.
  void store_watermark(TimeNs w, std::uint64_t k) noexcept {
    if (w == watermark_ && k == k_) return;
    watermark_ = w;
    k_ = k;
    ring_.store_watermark(w, k);
    touched_ = true;
  }
  /// The latest bound that the ring's readers were told, of this process or one before it.
  TimeNs promised() const noexcept {
    const TimeNs w(ring_word::load_relaxed(&ring_.view().header()->watermark_ns));
    return w == TimeNs::min() || w == TimeNs::max() ? w : w - delay_.least();
  }
  template <class P = LivePolicy>
  void store_end(TimeNs end) noexcept {
    ring_.store_end(end);
    P::at(Step::kEndStored);
  }
  /// True once since the last call when something became visible to the consumer.
  bool take_touched() noexcept {
    const bool was = touched_;
    touched_ = false;
    return was;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t digest() const noexcept { return digest_.value(); }
  /// Digest of all outputs, whatever their type; needs keep_digest.
  std::uint64_t journal_digest() const noexcept {
    return kDigested<Out> ? digest_.value() : lanes_.value();
  }
  TimeNs last_event_ns() const noexcept { return last_event_ns_; }
  TimeNs least_delay() const noexcept { return delay_.least(); }
  ParkWord* consumer_park = nullptr;

  /// For a stage with a journal: keeps the digest of types that have none otherwise, and says when
  /// it is to be stated. So often that all outputs since the last statement still lie in the ring,
  /// at least every half lap: whatever the ring has overwritten is covered by a digest.
  void keep_digest(std::uint32_t burst_max) noexcept {
    keeps_lanes_ = !kDigested<Out>;
    const std::uint64_t capacity = ring_.view().capacity;
    const std::uint64_t spare = capacity > burst_max ? capacity - burst_max + 1 : 1;
    digest_window_ = std::max<std::uint64_t>(1, std::min(capacity / 2, spare));
    digest_due_at_ = digest_window_;
  }
  bool digest_due() const noexcept { return count_ >= digest_due_at_; }
  void digest_stated(std::uint64_t count) noexcept {
    if (digest_window_ != 0) digest_due_at_ = count + digest_window_;
  }

  /// The queue is not saved: what waits in it must have been published, or be said again.
  void save(StateWriter& w) const noexcept {
    w.u64(count_);
    w.u64(digest_due_at_);
    w.u64(digest_.state());
    for (const std::uint64_t lane : lanes_.state()) w.u64(lane);
    w.unit(last_event_ns_);
  }
  void load(StateReader& r) noexcept {
    count_ = r.u64();
    const std::uint64_t due_at = r.u64();
    if (digest_window_ != 0) digest_due_at_ = due_at;
    digest_.restore(r.u64());
    LaneHasher::State lanes;
    for (std::uint64_t& lane : lanes) lane = r.u64();
    lanes_.restore(lanes);
    last_event_ns_ = r.template unit<TimeNs>();
  }

  /// Outputs below what the ring has published are not published again, but compared with the slot
  /// where it still holds them. (Older ones are covered by digests in the journal.)
  void catch_up() noexcept { live_from_ = ring_.published(); }
  /// While held, an output that the ring does not show yet is a fault and not published: it belongs
  /// to a record before the last one. What waits in exec's queue is exempt.
  void hold(bool on) noexcept {
    if (queue_.empty()) live_from_ = on ? kHeld : ring_.published();
  }
  bool catching_up() const noexcept { return count_ < live_from_; }
  std::uint64_t published() const noexcept { return ring_.published(); }
  /// The first output that differs from the ring's, and what it is here; null where none does.
  const OutputFault* fault() const noexcept { return faulty_ ? &fault_ : nullptr; }
  const Out& faulty_output() const noexcept { return fault_output_; }

 private:
  static constexpr std::size_t kWordBytes = sizeof(MsgHeader::word);
  static constexpr std::uint64_t kHeld = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kStampsAt = offsetof(MsgHeader, publish_ticks);

  static const std::byte* payload_of(const Out& out) noexcept {
    return reinterpret_cast<const std::byte*>(&out) + sizeof(MsgHeader);
  }
  Out& claim_live() noexcept {
    claimed_in_queue_ = !queue_.empty() && (head_ != tail_ || !ring_.has_room(1));
    return claimed_in_queue_ ? queue_[tail_ % queue_.size()] : ring_.claim();
  }
  void date_turn() noexcept {
    is_dated_ = true;
    const TimeNs at = saturating_add(turn_now_, delay_.delay_of(count_));
    turn_event_ns_ = at > last_event_ns_ ? at : last_event_ns_;
  }
  /// The stage has written the venue's stamp by now.
  void date_by_stamp() noexcept {
    const TimeNs at =
        saturating_add(turn_now_, delay_.delay_of_stamp(current_->h.venue_offset_us));
    turn_event_ns_ = at > last_event_ns_ ? at : last_event_ns_;
    current_->h.event_ns = turn_event_ns_;
  }
  [[gnu::noinline, gnu::cold]] void compare_and_drop() noexcept {
    if (live_from_ == kHeld && count_ >= ring_.published()) {
      note_fault({count_, 0, true});
      ++count_;
      return;
    }
    const MsgHeader* const slot = ring_.view().slot(count_);
    const auto* const there = reinterpret_cast<const std::byte*>(slot);
    const auto* const here = reinterpret_cast<const std::byte*>(&scratch_);
    const bool kept = ring_word::load_acquire(&slot->word) == 2 * count_ + 2;
    for (std::size_t i = kWordBytes; kept && !faulty_ && i < sizeof(Out); ++i) {
      if (there[i] == here[i] || (i >= kStampsAt && i < sizeof(MsgHeader))) continue;
      note_fault({count_, static_cast<std::uint32_t>(i)});
    }
    ++count_;
  }
  void note_fault(const OutputFault& fault) noexcept {
    if (faulty_) return;
    fault_ = fault;
    fault_output_ = scratch_;
    faulty_ = true;
  }

  RingProducer<Out> ring_;
  DelayModel delay_;
  std::vector<Out> queue_;  // empty where the port blocks instead
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t k_ = 0;
  std::uint64_t live_from_ = 0;      // outputs below are in the ring already
  std::uint64_t digest_due_at_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t digest_window_ = 0;  // outputs between two statements; 0: no journal
  Hasher digest_;
  LaneHasher lanes_;                 // of types without a digest, where there is a journal
  Out* current_ = nullptr;
  TimeNs turn_now_;
  TimeNs turn_event_ns_;
  bool is_dated_ = false;  // turn_event_ns_ is this turn's
  TimeNs last_event_ns_{TimeNs::min()};
  TimeNs watermark_{TimeNs::min()};
  bool claimed_in_queue_ = false;
  bool touched_ = false;
  bool keeps_lanes_ = false;
  bool faulty_ = false;
  OutputFault fault_;
  Out scratch_{};
  Out fault_output_{};
};

}  // namespace pinstripe
