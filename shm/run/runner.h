// The process runner: takes inputs in merge order, drives the stage, publishes, raises watermarks.
//
// The same class drives a stage in its own process (rings in shared memory) and in the one-thread
// pipeline (private rings); only who calls `run_batch` differs. After `start` nothing here
// allocates, locks, throws, logs or calls the system; waiting is the caller's (shm/run/idle.h).
//
// Flow control (protocol 5): an input is taken only when each blocking output has room for the
// stage's largest burst; what was taken is released and watermarks are raised before any wait, so
// every ring may be as small as one burst.
//
// Live (`RunnerSetup::live`) it takes what has come, the earliest first, and `now` is the session's
// clock at the take (never back), once for each input: the record says which input, and when.
//
// Journal: what is taken is appended before the stage acts on it, in the order taken. From such
// records `act` drives the same turns again, for replay and for the successor of a killed stage;
// continued turns are not journaled, `settle` makes them up.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/msg/control.h"
#include "shm/msg/exec_report.h"
#include "shm/run/merge.h"
#include "shm/run/turn.h"

namespace pinstripe {

/// Runner of features, models, risk and exec.
template <class S, class P = LivePolicy>
class Runner : public RunnerCore<S, P> {
 public:
  using Core = RunnerCore<S, P>;
  using Out = typename S::Out;
  using Sink = RunnerSink<Out, S::kPorts, P>;
  static constexpr bool kIsExec = requires(const S& s) { { s.resting() } noexcept; };
  static constexpr bool kIsRisk = std::is_same_v<Out, OrderCommand>;

  Runner(S& stage, const RunnerSetup& setup, Probe& probe)
      : Core(stage, setup, probe),
        sent_(kIsRisk ? commands_kept(setup) : 1),
        batch_max_(setup.batch_max), drain_(setup.drain_ns), least_response_(setup.least_response),
        live_(setup.live) {
    for (const RunnerInput& i : setup.inputs) {
      MergeInput& in = merge_.add(i.ring, i.ring_id, i.feedback);
      in.carries_reports = i.reports;
      in.least_response = setup.least_response;
      in.producer_park = i.producer_park;
      if (P::kMeasured && kIsExec && i.feedback) in.sight_clock = &this->clock_;
      this->journal_.expect(i.ring.message_bytes);
    }
    this->journal_.expect(sizeof(Control));
    if constexpr (kIsRisk) merge_.watch_commands(&sent_);
    if (this->journal_.records() == 0) start_fresh();
  }

  /// The first bounds of a stage that has done nothing yet. Said by a successor they would be
  /// wrong: "no report ever" while an order rests.
  void start_fresh() noexcept {
    if constexpr (kIsExec) this->ports_[0].store_watermark(TimeNs::max(), 0);
  }

  /// Takes up to batch_max inputs. Returns how much became visible elsewhere: 0 means wait.
  std::uint32_t run_batch() noexcept {
    std::uint32_t taken = 0;
    this->journal_.batch_began();
    if constexpr (kIsRisk) look_for_halt();
    while (taken < batch_max_ && take_one()) {
      ++taken;
      taken += take_on(batch_max_ - taken);
    }
    drained_ = taken < batch_max_;
    const bool visible = finish_batch();
    return taken + (visible ? 1 : 0);
  }
  /// Risk of a live session that lost a stage for good: Control(cancel all), between two batches.
  /// Journaled, for no ring shows it. False: it cannot be acted on now; ask again.
  bool cancel_all() noexcept
    requires(kIsRisk)
  {
    return may_control() && control(ControlKind::kCancelAll);
  }
  /// True when the last batch stopped for want of input or room, not at its cap.
  bool drained() const noexcept { return drained_; }
  /// Live, after a batch: nanoseconds until what is there already is due; 0: now, or nothing is
  /// there.
  std::int64_t wait_ns() const noexcept {
    if (!live_ || done_ || merge_.wanted() == TimeNs::max()) return 0;
    const TimeNs left = merge_.wanted() - P::session_time(this->clock_);
    return left.value > 0 ? left.value : 0;
  }
  /// Everything has ended, and every output has been published.
  bool done() const noexcept { return done_; }
  Merge& merge() noexcept { return merge_; }
  /// Number of the last order command taken (exec).
  std::uint64_t commands_taken() const noexcept { return commands_taken_; }

  /// Runner, then stage, as they are between two turns (never while `more()`). What waits in exec's
  /// queue must have been published by the time that a successor loads this.
  void save(StateWriter& w) const noexcept {
    this->save_core(w);
    w.u64(merge_.inputs().size());
    for (const MergeInput& in : merge_.inputs()) w.u64(in.ring.taken());
    sent_.save(w);
    w.u64(commands_taken_);
    w.boolean(halted_);
    this->stage_.save(w);
  }
  Result<void> load(StateReader& r) {
    if (auto core = this->load_core(r); !core) return core;
    const std::uint64_t inputs = r.u64();
    if (r.failed() || inputs != merge_.inputs().size()) {
      return fail("a checkpoint of " + std::to_string(inputs) + " inputs for a stage with " +
                  std::to_string(merge_.inputs().size()));
    }
    for (MergeInput& in : merge_.inputs()) in.ring.resume_at(r.u64());
    if (!sent_.load(r)) return fail("a checkpoint with more commands under way than fit the ring");
    commands_taken_ = r.u64();
    halted_ = r.boolean();
    return this->stage_.load(r);
  }

  /// One continued turn, if the stage has more to say. To be called until `owes_before` is false
  /// before each `act`; after the last record the live loop goes on with it.
  bool settle() noexcept {
    if (!this->stage_.more()) return false;
    look_for_room();
    turn(Input::continued(), this->now_);
    return true;
  }
  /// The turn of one record: no merge, no journal. The input's cursor moves on, not released.
  void act(const JournalEntry& e) noexcept {
    look_for_room();
    switch (e.kind) {
      case JournalKind::kMessage: {
        const MsgHeader& head = e.message();
        const std::uint64_t number = e.message_number();
        PINSTRIPE_CHECK(e.input < merge_.inputs().size(),
                        "a journal record of an input that the stage does not have");
        if (!live_ && head.event_ns < e.now) ++this->backward_;
        merge_.inputs()[e.input].ring.resume_at(number + 1);
        deliver(head, number, e.ring, e.now);
        return;
      }
      case JournalKind::kControl:
        note_halt(reinterpret_cast<const Control&>(e.message()).kind);
        deliver(e.message(), 0, kNoRing, e.now);
        return;
      case JournalKind::kTimer: deliver_timer(e.now); return;
      default: this->note(e); return;
    }
  }

 private:
  /// Commands that exec may have to answer: what its ring holds, and what it took of another lap
  /// and has not said so yet.
  static std::size_t commands_kept(const RunnerSetup& setup) {
    const std::uint64_t ring = setup.outputs.at(0).ring.capacity;
    return 2 * (setup.orders_capacity > 0 ? setup.orders_capacity : ring) + S::kMaxBurst;
  }

  bool take_one() noexcept {
    P::at(Step::kTake);
    goes_on_ = false;  // the bounds may be older than what was written since
    if (done_ || !this->outputs_have_room() ||
        !this->journal_ready(progress())) {
      if (!done_) merge_.refresh();  // bounds still move while an output is full
      return false;
    }
    if (this->stage_.more()) [[unlikely]] {
      turn(Input::continued(), this->now_);
      return true;
    }
    merge_.refresh();
    const Merge::Pick pick = takes_arrivals()
                                 ? merge_.pick_arrived(timer(), P::session_time(this->clock_))
                                 : merge_.pick(timer());
    if (pick.kind == Merge::Kind::kNothing) return false;
    if (pick.kind == Merge::Kind::kTimer) {
      timer_turn(pick.time);
      return true;
    }
    message_turn(pick);
    goes_on_ = !live_ && merge_.is_data(pick.input);  // live: the clock rules each input
    last_input_ = pick.input;
    return true;
  }

  /// Live, as long as data come; what is left when they have ended is merged as in a recorded
  /// session: its timers run up to the end and the drain, and nobody waits for them.
  bool takes_arrivals() const noexcept { return live_ && !merge_.data_ended(); }

  /// PERF NOTE: after a message of a data ring, more of the same ring, as long as nothing was
  /// written (so the outputs have room still) and no other input or timer can come between. Most
  /// messages are taken here, with one look at their slot and one at the timer.
  std::uint32_t take_on(std::uint32_t most) noexcept {
    if (!goes_on_ || wrote_) return 0;
    MergeInput& in = merge_.inputs()[last_input_];
    const TimeNs until = merge_.alone_until(last_input_);
    std::uint32_t taken = 0;
    for (; taken < most && !wrote_ && !this->stage_.more(); ++taken) {
      P::at(Step::kTake);
      const MsgHeader* const head = in.ring.peek();
      if (head == nullptr || head->event_ns > until) break;
      if (this->stage_.next_due() < head->event_ns) break;
      if (this->journal_.on() && !this->journal_ready(progress())) break;
      in.head = head;
      in.bound = head->event_ns;
      message_turn({Merge::Kind::kRing, last_input_, head->event_ns});
    }
    return taken;
  }

  void message_turn(const Merge::Pick& pick) noexcept {
    const MergeInput& in = merge_.inputs()[pick.input];
    const MsgHeader& head = *in.head;
    TimeNs now = pick.time;
    if (now < this->now_) [[unlikely]] {
      now = this->now_;
      this->backward_ += live_ ? 0 : 1;
    }
    const std::uint32_t taken_at = this->stamp();
    if constexpr (P::kMeasured) {
      this->probe_.taken(pick.input, head.publish_ticks, taken_at);
      if (in.sight_clock != nullptr) this->probe_.order_seen(head.origin_ticks, in.seen_ticks);
    }
    if (this->journal_.on()) {
      this->journal_.append(JournalKind::kMessage, static_cast<std::uint8_t>(pick.input),
                            in.ring_id, now, &head, in.ring.view().message_bytes);
    }
    deliver(head, in.ring.taken(), in.ring_id, now);
    P::at(Step::kActed);
    merge_.consumed(pick.input);
    P::at(Step::kConsumed);
    if constexpr (P::kMeasured) this->probe_.served(taken_at, this->stamp());
  }

  [[gnu::noinline]] void timer_turn(TimeNs at) noexcept {
    const TimeNs now = at < this->now_ ? this->now_ : at;
    if (this->journal_.on()) {
      this->journal_.begin(JournalKind::kTimer, 0, kNoRing, now, 0);
      this->journal_.written();
    }
    deliver_timer(now);
    P::at(Step::kActed);
    if constexpr (P::kMeasured) this->probe_.timer();
  }

  /// The turn of message `number` of a ring.
  void deliver(const MsgHeader& head, std::uint64_t number, std::uint16_t ring,
               TimeNs now) noexcept {
    this->cause_ = head;
    this->cause_.cause_seq = static_cast<std::uint32_t>(number);
    this->cause_.cause_ring = ring;
    if constexpr (kIsExec) {
      if (head.type == MsgType::kOrderCommand) {
        commands_taken_ = reinterpret_cast<const OrderCommand&>(head).number;
      }
    }
    turn(Input::message(&head), now);
  }
  void deliver_timer(TimeNs now) noexcept {
    this->cause_ = MsgHeader{};
    this->cause_.origin_ns = now;
    this->cause_.lane = this->lane_;
    this->cause_.origin_ticks = this->stamp();
    turn(Input::timer(), now);
  }

  void turn(const Input& input, TimeNs now) noexcept {
    this->cause_.flags = 0;
    if constexpr (requires { Out::kType; }) this->cause_.type = Out::kType;
    this->begin_turn(now);
    Sink sink(this->ports_, this->cause_, this->clock_);
    if constexpr (kIsRisk) {
      // The stage numbers its commands; the runner needs number and send time to bound the answers.
      RecordingSink recording{sink, *this};
      this->stage_.on_event(now, input, recording);
    } else {
      this->stage_.on_event(now, input, sink);
    }
    wrote_ = sink.written() != 0;
    if constexpr (kIsExec) {
      PINSTRIPE_CHECK(!wrote_ || !this->ports_[0].queue_overflows(S::kMaxBurst),
                      "the queue of execution reports is full; raise exec.report_queue");
    }
  }

  /// What the distance to the newest checkpoint counts. While reports wait in the queue no
  /// checkpoint that covers them counts, and an exec that waited for one would wait for ever: risk
  /// takes reports only as far as the market has come, and the market stands behind exec.
  std::uint64_t progress() const noexcept {
    if constexpr (kIsExec) {
      if (this->ports_[0].queues()) return 0;
    }
    return this->journal_.records();
  }

  /// Replay: there is room, for there was when the record was written; the ports must learn of it.
  void look_for_room() noexcept {
    static_cast<void>(this->outputs_have_room());
    if constexpr (kIsRisk) sent_.make_room(S::kMaxBurst);
  }

  struct RecordingSink {
    Sink& sink;
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
      P::at(Step::kReleased);
      in.unreleased = 0;
      if (in.producer_park != nullptr) wake_if_parked(*in.producer_park);
    }
    for (OutPort<Out>& p : this->ports_) p.template flush<P>();
    raise_watermarks();
    P::at(Step::kWatermark);
    this->journal_.batch_ended();
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
        if (!this->append_end(JournalEndReason::kEnded, 0)) return;
        for (OutPort<Out>& p : this->ports_) p.template store_end<P>(merge_.end_time());
        done_ = true;
      }
      for (OutPort<Out>& p : this->ports_) p.template raise_watermark<P>(bound);
    }
  }

  /// The carrier has nowhere to write (live policy `halt`): no opens, until it has. Journaled, for
  /// no ring shows it.
  void look_for_halt() noexcept {
    if (this->journal_.halted() == halted_) [[likely]] return;
    if (!may_control()) return;
    control(halted_ ? ControlKind::kResume : ControlKind::kHalt);
  }
  /// A control message may be acted on between two turns, as an input may be taken.
  bool may_control() noexcept {
    return !done_ && this->now_ != TimeNs::min() && !this->stage_.more() &&
           this->outputs_have_room() && this->journal_ready(progress());
  }
  void note_halt(ControlKind kind) noexcept {
    if (kind == ControlKind::kHalt) halted_ = true;
    if (kind == ControlKind::kResume) halted_ = false;
  }
  /// False: all has been said already.
  [[gnu::noinline, gnu::cold]] bool control(ControlKind kind) noexcept {
    // Not before what the watermark has promised: cancels would come earlier than exec was told.
    const TimeNs promised = this->ports_[0].promised();
    if (promised == TimeNs::max()) return false;
    if (promised > this->now_) this->now_ = promised;
    if (const TimeNs at = P::session_time(this->clock_); takes_arrivals() && at > this->now_) {
      this->now_ = at;
    }
    Control message;
    message.h.type = Control::kType;
    message.h.event_ns = message.h.origin_ns = this->now_;
    message.kind = kind;
    if (this->journal_.on()) {
      this->journal_.append(JournalKind::kControl, 0, kNoRing, this->now_, &message,
                            sizeof(message));
    }
    deliver(message.h, 0, kNoRing, this->now_);
    note_halt(kind);
    return true;
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
      done_ = this->append_end(JournalEndReason::kEnded, 0);
    }
  }

  Merge merge_;
  SentCommands sent_;
  std::uint32_t batch_max_;
  TimeNs drain_;
  TimeNs least_response_;
  bool live_;
  std::uint64_t commands_taken_ = 0;
  std::size_t last_input_ = 0;
  bool goes_on_ = false;  // the last turn was of the data ring last_input_
  bool wrote_ = false;    // in the last turn
  bool halted_ = false;
  bool drained_ = false;
  bool done_ = false;
};

}  // namespace pinstripe
