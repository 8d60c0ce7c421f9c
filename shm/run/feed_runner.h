// The runner of feed: its input is a source of frames and time, its outputs the rings of its
// readers.
//
// Before it publishes an event at time t it raises the watermark of every output to t, so that a
// reader of a silent ring is never held up by a busy one (protocol 4). After publishing it looks at
// the next frame and raises the watermarks to that frame's time, since nothing earlier can follow.
// Pacing delays only this publication: `speed` 0 is full speed, 1 real time, N N times real time.
//
// Journal: the source can be read again, so it is journaled by its position, every 4,096 frames;
// the successor of a killed feed reads it again and catches up with what its rings show. (A live
// source cannot: live_feed_runner.h.)
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "shm/run/turn.h"

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
/// `S::In` is built by S::In::frame(f), ::timer(), ::continued(). A source may also have
///   position() -> FeedPosition of the frame that peek shows, save and load.
template <class S, class Source, class P = LivePolicy>
class FeedRunner : public RunnerCore<S, P> {
 public:
  using Core = RunnerCore<S, P>;
  using Out = typename S::Out;
  using In = typename S::In;
  static constexpr std::uint64_t kFramesAPosition = 4096;

  FeedRunner(S& stage, Source& source, const RunnerSetup& setup, Probe& probe, double speed)
      : Core(stage, setup, probe), source_(source), pacer_(speed, setup.clock),
        batch_max_(setup.batch_max) {
    this->journal_.expect(sizeof(FeedPosition));
    if (this->journal_.on()) record_due_ = 0;
  }

  std::uint32_t run_batch() noexcept {
    std::uint32_t taken = 0;
    this->journal_.batch_began();
    while (taken < batch_max_ && take_one<false>()) ++taken;
    drained_ = taken < batch_max_;
    for (OutPort<Out>& p : this->ports_) p.template raise_watermark<P>(bound_);
    P::at(Step::kWatermark);
    this->journal_.batch_ended();
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

  /// Runner, stage and source, as they are between two frames.
  void save(StateWriter& w) const noexcept {
    PINSTRIPE_CHECK(!busy(), "a feed is saved between frames");
    this->save_core(w);
    w.u64(frames_);
    this->stage_.save(w);
    if constexpr (requires { source_.save(w); }) source_.save(w);
  }
  Result<void> load(StateReader& r) {
    if (auto core = this->load_core(r); !core) return core;
    frames_ = r.u64();
    stopping_ = this->ended_;
    if (this->journal_.on()) record_due_ = frames_;
    if (auto stage = this->stage_.load(r); !stage) return stage;
    if constexpr (requires { source_.load(r); }) return source_.load(r);
    return {};
  }

  /// A record of the journal: a position only says what need not be journaled again; behind kEnd
  /// nothing is taken.
  void act(const JournalEntry& e) noexcept {
    if (e.kind == JournalKind::kPosition) record_due_ = stated_frames(e) + kFramesAPosition;
    if (e.kind == JournalKind::kEnd) stopping_ = true;
    this->note(e);
  }
  /// Turns come before the record `e`: what goes on, and the frames that were taken before `e` was
  /// written.
  bool owes_before(const JournalEntry& e) const noexcept {
    if (busy()) return e.kind != JournalKind::kSegmentEnd && !this->stated_in_midst(e);
    switch (e.kind) {
      case JournalKind::kDigest: return !this->has_said(e);
      case JournalKind::kPosition: return frames_ < stated_frames(e);
      // A timer may have run since the last frame, and may have said nothing.
      case JournalKind::kEnd:
        return frames_ < stated_frames(e) || this->now_ < e.now || !this->has_said(e);
      default: return false;
    }
  }
  /// One turn of those (as Runner::settle). False: the source has ended, or an output has no room.
  bool settle() noexcept { return take_one<true>(); }
  bool busy() const noexcept { return this->stage_.more(); }
  /// The source shows the frame that the record says, in the same file.
  bool stands_before(const JournalEntry& e) noexcept {
    const bool counts = e.kind == JournalKind::kPosition || e.kind == JournalKind::kEnd;
    if (!counts) return true;
    if (frames_ != stated_frames(e)) return false;
    if constexpr (requires { source_.position(); }) {
      if (e.kind == JournalKind::kEnd) return true;
      FeedPosition stated, here;
      std::memcpy(&stated, e.payload.data(), sizeof(stated));
      if (source_.peek() == nullptr) return false;
      here = source_.position();
      here.frames = frames_;
      return std::memcmp(&stated, &here, sizeof(stated)) == 0;
    }
    return true;
  }
  /// The next turn, unpaced and not journaled. False: the source has ended, or an output has no
  /// room.
  bool read_on() noexcept { return take_one<true>(); }

 private:
  /// kPosition and kEnd: frames taken before.
  static std::uint64_t stated_frames(const JournalEntry& e) noexcept {
    std::uint64_t frames = 0;
    const std::size_t at = e.kind == JournalKind::kEnd ? offsetof(JournalEnd, frames)
                                                       : offsetof(FeedPosition, frames);
    if (at + sizeof(frames) > e.payload.size()) return 0;
    std::memcpy(&frames, e.payload.data() + at, sizeof(frames));
    return frames;
  }

  template <bool kReplay>
  bool take_one() noexcept {
    P::at(Step::kTake);
    if (done_) return false;
    if (this->stage_.more()) {
      if (!room<kReplay>()) return false;
      turn(In::continued(), this->now_);
      pop_when_finished();
      return true;
    }
    if constexpr (requires { this->stage_.stopped(); }) stopping_ |= this->stage_.stopped();
    const auto* frame = stopping_ ? nullptr : source_.peek();
    if (frame == nullptr) {
      if constexpr (!kReplay) finish();
      return false;
    }
    const TimeNs at = frame->origin_ns < this->now_ ? this->now_ : frame->origin_ns;
    const TimeNs due = this->stage_.next_due();
    const bool timer_first = due < at;
    bound_ = timer_first ? (due < this->now_ ? this->now_ : due) : at;
    // Raised before it blocks on a full ring: the reader of another ring may be what frees that
    // one.
    for (OutPort<Out>& p : this->ports_) p.template raise_watermark<P>(bound_);
    if (!room<kReplay>()) return false;
    if constexpr (!kReplay) {
      if (frames_ >= record_due_) [[unlikely]] journal_position(at);
    }
    if (timer_first) {
      start_cause(bound_, this->stamp());
      turn(In::timer(), bound_);
      return true;
    }
    return frame_turn<kReplay>(*frame, at);
  }

  template <bool kReplay>
  bool room() noexcept {
    const bool room = this->outputs_have_room();
    if constexpr (!kReplay) return room && this->journal_ready(frames_);
    // An output that the ring shows and this feed has not said yet belongs to a turn that the feed
    // before it began: then there was room for the turn, and readers have only made more since.
    return room || this->catching_up();
  }

  /// Before anything that the frame causes, its timers included.
  [[gnu::noinline]] void journal_position(TimeNs at) noexcept {
    FeedPosition position;
    if constexpr (requires { source_.position(); }) position = source_.position();
    position.frames = frames_;
    this->journal_.append(JournalKind::kPosition, 0, kNoRing, at, &position, sizeof(position));
    record_due_ = frames_ + kFramesAPosition;
  }

  template <bool kReplay, class Frame>
  bool frame_turn(const Frame& frame, TimeNs at) noexcept {
    std::uint32_t intended = 0;
    const bool paced = !kReplay && pacer_.paced();
    if (paced) {
      const std::int64_t due = pacer_.due_monotonic(at);
      wait_ns_ = due - this->clock_.monotonic_ns();
      if (wait_ns_ > 0) return false;
      wait_ns_ = 0;
      intended = this->clock_.stamp_of_monotonic(due);  // open loop: latency counts from here
    }
    const std::uint32_t taken_at = this->stamp();
    if (!paced) intended = taken_at;
    if constexpr (P::kMeasured && !kReplay) this->probe_.taken(0, intended, taken_at);
    if (frame.origin_ns < at) [[unlikely]] ++this->backward_;
    start_cause(at, intended);
    this->cause_.instrument = frame.instrument;
    turn(In::frame(frame), at);
    frame_held_ = true;
    pop_when_finished();
    if constexpr (P::kMeasured && !kReplay) this->probe_.served(taken_at, this->stamp());
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
    this->begin_turn(now);
    RunnerSink<Out, S::kPorts, P> sink(this->ports_, this->cause_, this->clock_);
    this->stage_.on_event(now, in, sink);
    P::at(Step::kActed);
  }

  /// End of stream: watermark max with the end time. Timers of feed past the last frame do not run.
  void finish() noexcept {
    const JournalEndReason why =
        stopping_ ? JournalEndReason::kStopped : JournalEndReason::kEnded;
    if (!this->append_end(why, frames_)) return;
    for (OutPort<Out>& p : this->ports_) {
      p.template store_end<P>(this->now_);
      p.template raise_watermark<P>(TimeNs::max());
    }
    bound_ = TimeNs::max();
    done_ = true;
  }

  Source& source_;
  Pacer pacer_;
  std::uint32_t batch_max_;
  TimeNs bound_{TimeNs::min()};
  std::int64_t wait_ns_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t record_due_ = std::numeric_limits<std::uint64_t>::max();  // in frames
  bool frame_held_ = false;
  bool stopping_ = false;
  bool drained_ = false;
  bool done_ = false;
};

}  // namespace pinstripe
