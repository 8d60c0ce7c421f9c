// The runner of feed: its input is a source of frames and time, its outputs the rings of its
// readers.
//
// Before it publishes an event at time t it raises the watermark of every output to t, so that a
// reader of a silent ring is never held up by a busy one (protocol 4). After publishing it looks at
// the next frame and raises the watermarks to that frame's time, since nothing earlier can follow.
// Pacing delays only this publication: `speed` 0 is full speed, 1 real time, N N times real time.
#pragma once

#include "shm/run/runner.h"

namespace pinstripe {

/// Maps event time to CLOCK_MONOTONIC for paced sessions.
class Pacer {
 public:
  Pacer(double speed, SessionClock clock) noexcept : speed_(speed), clock_(clock) {}
  bool paced() const noexcept { return speed_ > 0; }
  /// Intended publication of an event at `t`, CLOCK_MONOTONIC ns. The first call sets the origin.
  std::int64_t due_monotonic(TimeNs t) noexcept {
    if (!started_) {
      started_ = true;
      first_event_ = t;
      first_monotonic_ = clock_.monotonic_ns() + kLead;
    }
    const double span = static_cast<double>((t - first_event_).value) / speed_;
    return first_monotonic_ + static_cast<std::int64_t>(span);
  }

 private:
  static constexpr std::int64_t kLead = 50 * kNsPerMs;  // the others finish starting meanwhile
  double speed_;
  SessionClock clock_;
  TimeNs first_event_;
  std::int64_t first_monotonic_ = 0;
  bool started_ = false;
};

/// `Source` has peek() -> const Frame* (null: ended or failed) and pop(); a frame has origin_ns.
/// `S::In` is built by S::In::frame(f), ::timer(), ::continued().
template <class S, class Source>
class FeedRunner : public RunnerCore<S> {
 public:
  using Core = RunnerCore<S>;
  using Out = typename S::Out;
  using In = typename S::In;

  FeedRunner(S& stage, Source& source, const RunnerSetup& setup, Probe& probe, double speed)
      : Core(stage, setup, probe), source_(source), pacer_(speed, setup.clock),
        batch_max_(setup.batch_max) {}

  std::uint32_t run_batch() noexcept {
    std::uint32_t taken = 0;
    while (taken < batch_max_ && take_one()) ++taken;
    drained_ = taken < batch_max_;
    for (OutPort<Out>& p : this->ports_) p.raise_watermark(bound_);
    return taken + (this->announce() ? 1 : 0);
  }
  /// True when the last batch stopped for want of a due frame or room, not at its cap.
  bool drained() const noexcept { return drained_; }
  bool done() const noexcept { return done_; }
  /// Ends the stream at the last frame taken: an orderly stop.
  void stop() noexcept { stopping_ = true; }
  /// In a paced session, nanoseconds until the next frame is due (0: now or unknown).
  std::int64_t wait_ns() const noexcept { return wait_ns_; }
  std::uint64_t frames() const noexcept { return frames_; }
  std::uint64_t backward_stamps() const noexcept { return backward_; }

 private:
  bool take_one() noexcept {
    if (done_) return false;
    if (this->stage_.more()) {
      if (!this->outputs_have_room()) return false;
      turn(In::continued(), this->now_);
      pop_when_finished();
      return true;
    }
    if constexpr (requires { this->stage_.stopped(); }) stopping_ |= this->stage_.stopped();
    const auto* frame = stopping_ ? nullptr : source_.peek();
    if (frame == nullptr) {
      finish();
      return false;
    }
    TimeNs at = frame->origin_ns;
    if (at < this->now_) [[unlikely]] {
      at = this->now_;
      if (frame != counted_backward_) ++backward_;
      counted_backward_ = frame;
    }
    const TimeNs due = this->stage_.next_due();
    const bool timer_first = due < at;
    bound_ = timer_first ? (due < this->now_ ? this->now_ : due) : at;
    // Raised before it blocks on a full ring: the reader of another ring may be what frees that
    // one.
    for (OutPort<Out>& p : this->ports_) p.raise_watermark(bound_);
    if (!this->outputs_have_room()) return false;
    if (timer_first) {
      start_cause(bound_, this->clock_.stamp());
      turn(In::timer(), bound_);
      return true;
    }
    return frame_turn(*frame, at);
  }

  template <class Frame>
  bool frame_turn(const Frame& frame, TimeNs at) noexcept {
    std::uint32_t intended = 0;
    if (pacer_.paced()) {
      const std::int64_t due = pacer_.due_monotonic(at);
      wait_ns_ = due - this->clock_.monotonic_ns();
      if (wait_ns_ > 0) return false;
      wait_ns_ = 0;
      intended = this->clock_.stamp_of_monotonic(due);  // open loop: latency counts from here
    }
    const std::uint32_t taken_at = this->clock_.stamp();
    if (!pacer_.paced()) intended = taken_at;
    this->probe_.taken(0, intended, taken_at);
    start_cause(at, intended);
    this->cause_.instrument = frame.instrument;
    turn(In::frame(frame), at);
    frame_held_ = true;
    pop_when_finished();
    this->probe_.served(taken_at, this->clock_.stamp());
    return true;
  }

  /// A frame is a view: it stays in place until the stage has written all that follows from it.
  void pop_when_finished() noexcept {
    if (!frame_held_ || this->stage_.more()) return;
    frame_held_ = false;
    source_.pop();
    ++frames_;
  }

  void start_cause(TimeNs origin, std::uint32_t origin_ticks) noexcept {
    this->cause_ = MsgHeader{};
    this->cause_.origin_ns = origin;
    this->cause_.lane = this->lane_;
    this->cause_.cause_seq = static_cast<std::uint32_t>(frames_);
    this->cause_.origin_ticks = origin_ticks;
  }

  void turn(const In& in, TimeNs now) noexcept {
    MsgHeader header = this->cause_;
    this->begin_turn(now);
    RunnerSink<Out, S::kPorts> sink(this->ports_, header, this->clock_);
    this->stage_.on_event(now, in, sink);
  }

  /// End of stream: watermark max with the end time. Timers of feed past the last frame do not run.
  void finish() noexcept {
    for (OutPort<Out>& p : this->ports_) {
      p.store_end(this->now_);
      p.raise_watermark(TimeNs::max());
    }
    bound_ = TimeNs::max();
    done_ = true;
  }

  Source& source_;
  Pacer pacer_;
  std::uint32_t batch_max_;
  TimeNs bound_{TimeNs::min()};
  const void* counted_backward_ = nullptr;
  std::int64_t wait_ns_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t backward_ = 0;
  bool frame_held_ = false;
  bool stopping_ = false;
  bool drained_ = false;
  bool done_ = false;
};

}  // namespace pinstripe
