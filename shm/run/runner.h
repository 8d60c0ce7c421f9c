// The process runner: takes inputs in merge order, drives the stage, publishes, raises watermarks.
//
// The same class drives a stage in its own process (rings in shared memory) and in the one-thread
// pipeline (private rings); only who calls `run_batch` differs. After `start` nothing here
// allocates, locks, throws, logs or calls the system; waiting is the caller's (shm/run/idle.h).
//
// Flow control (protocol 5): an input is taken only when each blocking output has room for the
// stage's largest burst; what was taken is released and watermarks are raised before any wait, so
// every ring may be as small as one burst.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/msg/exec_report.h"
#include "shm/msg/stage.h"
#include "shm/run/merge.h"
#include "shm/run/out_port.h"
#include "shm/run/probe.h"

namespace pinstripe {

/// What a runner needs besides the stage: rings, clocks and limits.
struct RunnerInput {
  RingView ring;
  std::uint16_t ring_id = 0;
  bool feedback = false;
  bool reports = false;              // risk's reports ring: watermark pair
  ParkWord* producer_park = nullptr;
};
struct RunnerOutput {
  RingView ring;
  std::uint16_t ring_id = 0;
  DelayModel delay;
  std::size_t queue_capacity = 0;    // > 0: the reports ring, which never blocks
  ParkWord* consumer_park = nullptr;
};
struct RunnerSetup {
  std::vector<RunnerInput> inputs;   // tie order, data before feedback
  std::vector<RunnerOutput> outputs; // port order
  SessionClock clock;
  std::uint32_t batch_max = 64;
  TimeNs drain_ns{0};                // timers due up to end + drain still run
  // risk and exec: nothing that exec decides at t is seen by risk before t + this. Rings as small
  // as one burst cannot deadlock where it is at least the feed latency plus the feed's delay
  // (tools/decisions/look-ahead.md).
  TimeNs least_response{0};
  std::uint16_t lane = 0;
};

/// Sink handed to the stage for one turn.
template <class Out, unsigned kPorts>
class RunnerSink {
 public:
  RunnerSink(std::vector<OutPort<Out>>& ports, const MsgHeader& header,
             const SessionClock& clock) noexcept
      : ports_(ports), header_(header), clock_(clock) {}

  Out& claim(unsigned port) noexcept {
    PINSTRIPE_CHECK(port < kPorts, "a stage wrote to a port it does not have");
    return ports_[port].claim(header_);
  }
  void commit(unsigned port) noexcept {
    if (written_++ == 0) stamp_ = clock_.stamp();
    ports_[port].commit(stamp_);
  }
  std::uint32_t written() const noexcept { return written_; }
  std::uint32_t stamp() const noexcept { return stamp_; }

 private:
  std::vector<OutPort<Out>>& ports_;
  MsgHeader header_;
  const SessionClock& clock_;
  std::uint32_t written_ = 0;
  std::uint32_t stamp_ = 0;
};

/// State that every runner shares: outputs, the header outputs start from, the last event time.
template <class S>
class RunnerCore {
 public:
  using Out = typename S::Out;

  RunnerCore(S& stage, const RunnerSetup& setup, Probe& probe)
      : stage_(stage), clock_(setup.clock), probe_(probe), lane_(setup.lane) {
    PINSTRIPE_CHECK(setup.outputs.size() == S::kPorts, "outputs do not match the stage's ports");
    ports_.reserve(setup.outputs.size());
    for (const RunnerOutput& o : setup.outputs) {
      PINSTRIPE_CHECK(o.queue_capacity > 0 || o.ring.capacity >= S::kMaxBurst,
                      "an output ring is smaller than the stage's largest burst");
      ports_.emplace_back(o.ring, o.delay, o.queue_capacity);
      ports_.back().consumer_park = o.consumer_park;
    }
  }

  bool outputs_have_room() noexcept {
    for (OutPort<Out>& p : ports_) {
      if (!p.has_room(S::kMaxBurst)) return false;
    }
    return true;
  }
  void begin_turn(TimeNs now) noexcept {
    now_ = now;
    for (OutPort<Out>& p : ports_) p.begin_turn(now);
  }
  /// Wakes consumers that park and have something new to see.
  bool announce() noexcept {
    bool any = false;
    for (OutPort<Out>& p : ports_) {
      p.flush();
      if (!p.take_touched()) continue;
      any = true;
      if (p.consumer_park != nullptr) wake_if_parked(*p.consumer_park);
    }
    return any;
  }
  std::vector<OutPort<Out>>& ports() noexcept { return ports_; }
  TimeNs now() const noexcept { return now_; }

 protected:
  S& stage_;
  std::vector<OutPort<Out>> ports_;
  SessionClock clock_;
  Probe& probe_;
  MsgHeader cause_;
  TimeNs now_{TimeNs::min()};
  std::uint16_t lane_;
};

/// Runner of features, models, risk and exec.
template <class S>
class Runner : public RunnerCore<S> {
 public:
  using Core = RunnerCore<S>;
  using Out = typename S::Out;
  static constexpr bool kIsExec = requires(const S& s) { { s.resting() } noexcept; };
  static constexpr bool kIsRisk = std::is_same_v<Out, OrderCommand>;

  Runner(S& stage, const RunnerSetup& setup, Probe& probe)
      : Core(stage, setup, probe),
        sent_(kIsRisk ? 2 * setup.outputs.at(0).ring.capacity + S::kMaxBurst : 1),
        batch_max_(setup.batch_max), drain_(setup.drain_ns), least_response_(setup.least_response) {
    for (const RunnerInput& i : setup.inputs) {
      MergeInput& in = merge_.add(i.ring, i.ring_id, i.feedback);
      in.carries_reports = i.reports;
      in.least_response = setup.least_response;
      in.producer_park = i.producer_park;
      if (kIsExec && i.feedback) in.sight_clock = &this->clock_;
    }
    if constexpr (kIsRisk) merge_.watch_commands(&sent_);
    if constexpr (kIsExec) this->ports_[0].store_watermark(TimeNs::max(), 0);
  }

  /// Takes up to batch_max inputs. Returns how much became visible elsewhere: 0 means wait.
  std::uint32_t run_batch() noexcept {
    std::uint32_t taken = 0;
    while (taken < batch_max_ && take_one()) ++taken;
    drained_ = taken < batch_max_;
    const bool visible = finish_batch();
    return taken + (visible ? 1 : 0);
  }
  /// True when the last batch stopped for want of input or room, not at its cap.
  bool drained() const noexcept { return drained_; }
  /// Everything has ended, and every output has been published.
  bool done() const noexcept { return done_; }
  Merge& merge() noexcept { return merge_; }
  std::uint64_t backward_stamps() const noexcept { return backward_; }
  /// Number of the last order command taken (exec).
  std::uint64_t commands_taken() const noexcept { return commands_taken_; }

 private:
  bool take_one() noexcept {
    if (done_ || !this->outputs_have_room()) {
      if (!done_) merge_.refresh();  // bounds still move while an output is full
      return false;
    }
    if (this->stage_.more()) [[unlikely]] {
      turn(Input::continued(), this->now_);
      return true;
    }
    merge_.refresh();
    const Merge::Pick pick = merge_.pick(timer());
    if (pick.kind == Merge::Kind::kNothing) return false;
    if (pick.kind == Merge::Kind::kTimer) {
      timer_turn(pick.time);
      return true;
    }
    message_turn(pick);
    return true;
  }

  void message_turn(const Merge::Pick& pick) noexcept {
    const MergeInput& in = merge_.inputs()[pick.input];
    const MsgHeader& head = *in.head;
    this->cause_ = head;
    this->cause_.cause_seq = static_cast<std::uint32_t>(in.ring.taken());
    this->cause_.cause_ring = in.ring_id;
    TimeNs now = pick.time;
    if (now < this->now_) [[unlikely]] {
      now = this->now_;
      ++backward_;
    }
    if constexpr (kIsExec) {
      if (head.type == MsgType::kOrderCommand) {
        commands_taken_ = reinterpret_cast<const OrderCommand&>(head).number;
      }
    }
    const std::uint32_t taken_at = this->clock_.stamp();
    this->probe_.taken(pick.input, head.publish_ticks, taken_at);
    if (in.sight_clock != nullptr) this->probe_.order_seen(head.origin_ticks, in.seen_ticks);
    turn(Input::message(&head), now);
    merge_.consumed(pick.input);
    this->probe_.served(taken_at, this->clock_.stamp());
  }

  [[gnu::noinline]] void timer_turn(TimeNs at) noexcept {
    const TimeNs now = at < this->now_ ? this->now_ : at;
    this->cause_ = MsgHeader{};
    this->cause_.origin_ns = now;
    this->cause_.lane = this->lane_;
    this->cause_.origin_ticks = this->clock_.stamp();
    turn(Input::timer(), now);
    this->probe_.timer();
  }

  void turn(const Input& input, TimeNs now) noexcept {
    MsgHeader header = this->cause_;
    header.flags = 0;
    if constexpr (requires { Out::kType; }) header.type = Out::kType;
    this->begin_turn(now);
    RunnerSink<Out, S::kPorts> sink(this->ports_, header, this->clock_);
    if constexpr (kIsRisk) {
      // The stage numbers its commands; the runner needs number and send time to bound the answers.
      RecordingSink recording{sink, *this};
      this->stage_.on_event(now, input, recording);
    } else {
      this->stage_.on_event(now, input, sink);
    }
    if constexpr (kIsExec) {
      PINSTRIPE_CHECK(!this->ports_[0].queue_overflows(S::kMaxBurst),
                      "the queue of execution reports is full; raise exec.report_queue");
    }
  }

  struct RecordingSink {
    RunnerSink<Out, S::kPorts>& sink;
    Runner& runner;
    Out* last = nullptr;
    Out& claim(unsigned port) noexcept {
      last = &sink.claim(port);
      return *last;
    }
    void commit(unsigned port) noexcept {
      if constexpr (kIsRisk) runner.sent_.sent(last->number, last->h.event_ns);
      sink.commit(port);
    }
  };

  /// The stage's next timer; none after the end of the data plus the drain (protocol 4).
  TimeNs timer() const noexcept {
    const TimeNs due = this->stage_.next_due();
    if (due == TimeNs::max() || !merge_.data_ended()) return due;
    const TimeNs last = saturating_add(merge_.end_time(), drain_);
    return due > last ? TimeNs::max() : due;
  }

  bool finish_batch() noexcept {
    for (MergeInput& in : merge_.inputs()) {
      if (in.unreleased == 0) continue;
      in.ring.release();
      in.unreleased = 0;
      if (in.producer_park != nullptr) wake_if_parked(*in.producer_park);
    }
    for (OutPort<Out>& p : this->ports_) p.flush();
    raise_watermarks();
    return this->announce();
  }

  void raise_watermarks() noexcept {
    if (done_) return;
    // Commands sent since the last look bound their answers: the old bound of the reports ring
    // would end risk before the answer to its last order.
    if constexpr (kIsRisk) merge_.refresh();
    const TimeNs due = timer();
    if constexpr (kIsExec) {
      raise_reports_watermark(due);
    } else {
      TimeNs bound = merge_.lower_bound();
      bound = due < bound ? due : bound;
      if (this->stage_.more() && this->now_ < bound) bound = this->now_;
      if (bound == TimeNs::max()) {
        for (OutPort<Out>& p : this->ports_) p.store_end(merge_.end_time());
        done_ = true;
      }
      for (OutPort<Out>& p : this->ports_) p.raise_watermark(bound);
    }
  }

  /// (w, k): "no report earlier than w, except answers to commands after number k" (protocol 4).
  void raise_reports_watermark(TimeNs due) noexcept {
    OutPort<Out>& port = this->ports_[0];
    TimeNs w = due == TimeNs::max() ? due : saturating_add(due, least_response_);
    const TimeNs queued = port.first_queued();
    w = queued < w ? queued : w;
    if constexpr (kIsExec) {
      if (this->stage_.resting()) {
        const TimeNs market = merge_.data_bound();
        const TimeNs at =
            market == TimeNs::max() ? market : saturating_add(market, least_response_);
        w = at < w ? at : w;
      }
    }
    if (this->stage_.more()) {
      const TimeNs at = saturating_add(this->now_, least_response_);
      w = at < w ? at : w;
    }
    port.store_watermark(w, commands_taken_);
    if (merge_.all_ended() && due == TimeNs::max() && queued == TimeNs::max() &&
        !this->stage_.more()) {
      done_ = true;
    }
  }

  Merge merge_;
  SentCommands sent_;
  std::uint32_t batch_max_;
  TimeNs drain_;
  TimeNs least_response_;
  std::uint64_t backward_ = 0;
  std::uint64_t commands_taken_ = 0;
  bool drained_ = false;
  bool done_ = false;
};

}  // namespace pinstripe
