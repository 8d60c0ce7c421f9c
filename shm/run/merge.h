// Merging a stage's inputs by simulated time (protocol 4), after Chandy and Misra.
//
// A head at time t is taken when each input of lower order has bound > t and each of higher order
// has bound >= t, where bound is the time of the input's own head or, where it has none, its
// watermark. Order: upstream data rings as the topology lists them, then timers, then feedback
// rings (exec -> risk, risk -> exec). So the order taken depends on the messages alone and never on
// who ran when.
//
// A live session takes what has come instead (`pick_arrived`), in the same tie order; bounds are
// loaded all the same, for they tell that the data have ended, and then the rule above holds for
// what is left.
//
// Bad schedules this rules out (tests/models, tests/shm/run):
//   - looking for a message before loading the watermark takes 7 before 5: the producer publishes 5
//     and raises W to 10 in between. Here the watermark is loaded first, always.
//   - a plain min(market, orders) + latency on the reports ring never starts, creeps through
//     silence and never ends. Here its watermark is the pair (w, k): see SentCommands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "shm/base/bounded.h"
#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/base/units.h"
#include "shm/ring/park.h"
#include "shm/ring/ring.h"
#include "shm/run/clock.h"

namespace pinstripe {

inline constexpr std::size_t kInputsMax = 32;

/// Commands that risk has sent and exec has not taken yet, so that risk can bound their answers
/// itself. The runner of risk records each commit; the bound of the reports ring is
/// min(w, send time of the first command after k + least response latency). Not more: exec
/// refuses a stale command as soon as it takes it.
class SentCommands {
 public:
  explicit SentCommands(std::size_t capacity) : entries_(capacity) {}

  void sent(std::uint64_t number, TimeNs at) noexcept {
    PINSTRIPE_CHECK(tail_ - head_ < entries_.size(), "more commands in flight than the ring holds");
    entries_[tail_++ % entries_.size()] = {number, at};
  }
  /// Replay: drops the oldest, as far as needed for `n` more. As many as are kept can be under way:
  /// a ring full of commands that exec has not taken, one more that it has and not yet said so.
  void make_room(std::size_t n) noexcept {
    while (tail_ - head_ + n > entries_.size()) ++head_;
  }
  /// Drops commands that exec has taken.
  void forget_to(std::uint64_t k) noexcept { static_cast<void>(earliest_after(k)); }
  void save(StateWriter& w) const noexcept {
    w.u64(tail_ - head_);
    for (std::uint64_t i = head_; i != tail_; ++i) {
      w.u64(entries_[i % entries_.size()].number);
      w.unit(entries_[i % entries_.size()].at);
    }
  }
  /// False where there are more than fit.
  bool load(StateReader& r) noexcept {
    head_ = tail_ = 0;
    const std::uint64_t count = r.u64();
    if (r.failed() || count > entries_.size()) return false;
    for (; tail_ < count; ++tail_) {
      const std::uint64_t number = r.u64();
      entries_[tail_] = {number, r.unit<TimeNs>()};
    }
    return true;
  }
  /// Earliest send time among commands with a number > k; max when there is none.
  TimeNs earliest_after(std::uint64_t k) noexcept {
    while (head_ != tail_ && entries_[head_ % entries_.size()].number <= k) ++head_;
    return head_ == tail_ ? TimeNs::max() : entries_[head_ % entries_.size()].at;
  }

 private:
  struct Entry {
    std::uint64_t number = 0;
    TimeNs at;
  };
  std::vector<Entry> entries_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

/// One input ring of a stage.
struct MergeInput {
  explicit MergeInput(RingView view, std::uint16_t id, bool feedback_ring)
      : ring(view), ring_id(id), feedback(feedback_ring) {}

  RingConsumer<> ring;
  std::uint16_t ring_id;
  bool feedback;                      // ordered after timers
  bool carries_reports = false;       // watermark is the pair (w, k)
  TimeNs least_response{};            // reports ring: least response latency
  ParkWord* producer_park = nullptr;  // set where the producer parks
  const MsgHeader* head = nullptr;    // next message, or null
  TimeNs bound{TimeNs::min()};        // nothing earlier will follow
  std::uint64_t unreleased = 0;
  const SessionClock* sight_clock = nullptr;  // set where the first sight of a head is stamped
  std::uint32_t seen_ticks = 0;               // measurement: when the head was first seen
};

/// The inputs of one stage, in tie order.
class Merge {
 public:
  enum class Kind : std::uint8_t { kNothing, kRing, kTimer };
  struct Pick {
    Kind kind = Kind::kNothing;
    std::size_t input = 0;
    TimeNs time;
  };

  /// Adds an input; data inputs first, then feedback inputs.
  MergeInput& add(RingView view, std::uint16_t ring_id, bool feedback) {
    PINSTRIPE_CHECK(inputs_.size() < kInputsMax, "too many input rings");
    PINSTRIPE_CHECK(feedback || data_count_ == inputs_.size(), "data inputs come before feedback");
    inputs_.emplace_back(view, ring_id, feedback);
    if (!feedback) ++data_count_;
    return inputs_.back();
  }
  void watch_commands(SentCommands* sent) noexcept { sent_ = sent; }

  /// Loads bounds and heads. To be followed by `pick`, whose `timer` may depend on what was loaded.
  void refresh() noexcept {
    for (MergeInput& in : inputs_) {
      if (in.carries_reports) {
        refresh_reports(in);
      } else if (in.head == nullptr) {
        const TimeNs bound = in.ring.watermark();
        adopt_head(in, bound);
      }
    }
  }

  /// Decides what may be taken now. `timer` is the stage's next_due, max for none. The picked
  /// ring's head stays in place until `consumed`.
  Pick pick(TimeNs timer) noexcept {
    if (inputs_.size() == 1 && data_count_ == 1 && inputs_.front().head != nullptr) {
      // One data ring, as features and models have it: its head, unless a timer comes before.
      const MergeInput& only = inputs_.front();
      if (only.bound <= timer) [[likely]] {
        wanted_ = only.bound;
        return {Kind::kRing, 0, only.bound};
      }
    }
    Pick best{Kind::kNothing, 0, TimeNs::max()};
    std::size_t best_order = 0;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const MergeInput& in = inputs_[i];
      if (i == data_count_ && timer < best.time) {
        best = {Kind::kTimer, 0, timer};
        best_order = order_of_timer();
      }
      if (in.head != nullptr && (best.kind == Kind::kNothing || in.bound < best.time)) {
        best = {Kind::kRing, i, in.bound};
        best_order = order_of(i);
      }
    }
    if (data_count_ == inputs_.size() && timer < best.time) {
      best = {Kind::kTimer, 0, timer};
      best_order = order_of_timer();
    }
    wanted_ = best.time;
    if (best.kind == Kind::kNothing) return best;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const MergeInput& in = inputs_[i];
      if (in.head != nullptr) continue;  // its head was a candidate and lost
      const bool lower = order_of(i) < best_order;
      if (lower ? in.bound <= best.time : in.bound < best.time) return {};
    }
    return best;
  }

  /// Live: of what has come, and of the stage's timer, the earliest, once it is due at `now`; ties
  /// in tie order, a timer behind all heads of its moment. No bound holds it up: what still travels
  /// is taken when it comes, and the order taken stands in the journal. The pick's time is `now`.
  Pick pick_arrived(TimeNs timer, TimeNs now) noexcept {
    Pick best{Kind::kNothing, 0, TimeNs::max()};
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const MergeInput& in = inputs_[i];
      if (in.head != nullptr && in.bound < best.time) best = {Kind::kRing, i, in.bound};
    }
    if (timer < best.time) best = {Kind::kTimer, 0, timer};
    wanted_ = best.time;
    if (best.time > now) return {};
    best.time = now;
    return best;
  }

  /// After a pick of data ring `input`: its heads up to this time may be taken with no look at the
  /// others, timers apart. The bounds of the others only rise, so this stays true until the stage
  /// has sent something (a command brings its answer's bound with it).
  TimeNs alone_until(std::size_t input) const noexcept {
    TimeNs until = TimeNs::max();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (i == input) continue;
      const TimeNs bound = inputs_[i].bound;
      const bool lower = i < input && bound != TimeNs::min();
      until = std::min(until, lower ? bound - TimeNs(1) : bound);
    }
    return until;
  }
  bool is_data(std::size_t input) const noexcept { return input < data_count_; }

  /// The stage has acted on the head of `input`.
  void consumed(std::size_t input) noexcept {
    MergeInput& in = inputs_[input];
    in.ring.advance();
    in.head = nullptr;
    ++in.unreleased;
  }
  /// Publishes the cursors; true where any moved.
  bool release() noexcept {
    bool any = false;
    for (MergeInput& in : inputs_) {
      if (in.unreleased == 0) continue;
      in.ring.release();
      in.unreleased = 0;
      any = true;
    }
    return any;
  }
  /// Nothing earlier than this will be taken from any ring (timers apart). Valid after `pick`.
  TimeNs lower_bound() const noexcept {
    TimeNs least = TimeNs::max();
    for (const MergeInput& in : inputs_) least = in.bound < least ? in.bound : least;
    return least;
  }
  /// The same over data inputs only (exec's market bound).
  TimeNs data_bound() const noexcept {
    TimeNs least = TimeNs::max();
    for (std::size_t i = 0; i < data_count_; ++i) {
      least = inputs_[i].bound < least ? inputs_[i].bound : least;
    }
    return least;
  }
  /// True when every data input has ended and been drained.
  bool data_ended() const noexcept {
    for (std::size_t i = 0; i < data_count_; ++i) {
      if (inputs_[i].head != nullptr || inputs_[i].bound != TimeNs::max()) return false;
    }
    return true;
  }
  bool all_ended() const noexcept {
    for (const MergeInput& in : inputs_) {
      if (in.head != nullptr || in.bound != TimeNs::max()) return false;
    }
    return true;
  }
  /// End of the recorded data: the largest end time of the data inputs.
  TimeNs end_time() const noexcept {
    TimeNs end = TimeNs::min();
    for (std::size_t i = 0; i < data_count_; ++i) {
      const TimeNs t = inputs_[i].ring.end_ns();
      end = t > end ? t : end;
    }
    return end;
  }
  /// Time of the candidate that the last pick waited for (max: none).
  TimeNs wanted() const noexcept { return wanted_; }
  std::vector<MergeInput>& inputs() noexcept { return inputs_; }
  const std::vector<MergeInput>& inputs() const noexcept { return inputs_; }

 private:
  std::size_t order_of(std::size_t input) const noexcept {
    return input < data_count_ ? input : input + 1;
  }
  std::size_t order_of_timer() const noexcept { return data_count_; }

  static void adopt_head(MergeInput& in, TimeNs bound) noexcept {
    in.head = in.ring.peek();
    in.bound = in.head != nullptr ? in.head->event_ns : bound;
    if (in.head != nullptr && in.sight_clock != nullptr) in.seen_ticks = in.sight_clock->stamp();
  }

  /// k before w before the ring, the reverse of exec's stores (protocol 4).
  void refresh_reports(MergeInput& in) noexcept {
    const std::uint64_t k = in.ring.watermark_k();
    const TimeNs first_own = sent_ != nullptr ? sent_->earliest_after(k) : TimeNs::max();
    if (in.head != nullptr) return;
    const TimeNs own =
        first_own == TimeNs::max() ? first_own : saturating_add(first_own, in.least_response);
    const TimeNs w = in.ring.watermark();
    adopt_head(in, own < w ? own : w);
  }

  std::vector<MergeInput> inputs_;
  std::size_t data_count_ = 0;
  SentCommands* sent_ = nullptr;
  TimeNs wanted_{TimeNs::max()};
};

}  // namespace pinstripe
