// The runner of a live feed: its input is a source that shows frames as they come, and time.
//
// Nothing here waits for a reader. A market ring that has no room for a turn is left out from then
// on (`resync`): what would have gone there is counted and takes no sequence, and when half of the
// ring is free again the stage says there that messages were dropped, and a fresh book. That a ring
// is full, and that it has room again, are inputs: they depend on who ran when, so they are
// journaled as frames and timers are, before the stage acts on them.
//
// `now` of a turn is the session's clock at the take, never back, and never before the frame was
// received. A timer that is due comes before a frame that was received later than that; it is in
// the journal, not implied: a frame with an earlier stamp may come after it.
//
// The successor of a killed feed acts on the journal again, and then tells the stage that frames
// were lost (`In::lost`, journaled): gap counted, book invalid, until it has a fresh one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "shm/run/turn.h"

namespace pinstripe {

/// What a live feed knows of one of its output rings.
struct FeedLane {
  std::uint64_t room_again = 0;  // messages that must fit before the ring gets a fresh book
  bool resync = false;           // else the feed waits for room
  bool drops = false;            // it was full and has had no fresh book since
  std::uint64_t dropped = 0;     // messages, in all
  std::uint64_t told = 0;        // of these, those that the stage knows of
};

/// RunnerSink of a feed that leaves out lanes which are full.
template <class Out, unsigned kPorts, class P>
class DroppingSink {
 public:
  DroppingSink(RunnerSink<Out, kPorts, P>& sink, std::vector<FeedLane>& lanes) noexcept
      : sink_(sink), lanes_(lanes) {}

  Out& claim(unsigned port) noexcept {
    if (!lanes_[port].drops) [[likely]] return sink_.claim(port);
    unread_ = Out{};
    return unread_;
  }
  void commit(unsigned port) noexcept {
    if (!lanes_[port].drops) [[likely]] return sink_.commit(port);
    ++lanes_[port].dropped;
  }

 private:
  RunnerSink<Out, kPorts, P>& sink_;
  std::vector<FeedLane>& lanes_;
  Out unread_{};
};

/// `Source` has peek() -> const Frame* (null: nothing now), pop(), ended(), and frame_bytes(f),
/// write_frame(f, to), read_frame(span) -> const Frame&, which put a frame into the journal and get
/// it back; it may have due_ns() -> TimeNs: when the next frame will show (max: unknown).
/// `S::In` is built by S::In::frame(f), ::timer(), ::continued(), ::room_again(port, dropped) and
/// ::lost().
template <class S, class Source, class P = LivePolicy>
class LiveFeedRunner : public RunnerCore<S, P> {
 public:
  using Core = RunnerCore<S, P>;
  using Out = typename S::Out;
  using In = typename S::In;

  LiveFeedRunner(S& stage, Source& source, const RunnerSetup& setup, Probe& probe)
      : Core(stage, setup, probe), source_(source), batch_max_(setup.batch_max) {
    for (const RunnerOutput& out : setup.outputs) {
      const std::uint64_t half = out.ring.capacity / 2;
      lanes_.push_back({half > S::kMaxBurst ? half : S::kMaxBurst, out.resync});
    }
    this->journal_.expect(sizeof(JournalRoom));
    succeeds_ = this->journal_.records() != 0;
  }

  std::uint32_t run_batch() noexcept {
    std::uint32_t taken = 0;
    this->journal_.batch_began();
    while (taken < batch_max_ && take_one()) ++taken;
    drained_ = taken < batch_max_;
    if (!done_) {
      for (OutPort<Out>& p : this->ports_) p.template raise_watermark<P>(this->now_);
      P::at(Step::kWatermark);
    }
    this->journal_.batch_ended();
    return taken + (this->announce() ? 1 : 0);
  }
  /// True when the last batch stopped for want of a frame or room, not at its cap.
  bool drained() const noexcept { return drained_; }
  bool done() const noexcept { return done_; }
  /// Ends the stream behind the last frame taken: an orderly stop.
  void stop() noexcept { stopping_ = true; }
  /// Nanoseconds until a timer is due or a frame shows that the source knows of; 0: unknown.
  std::int64_t wait_ns() const noexcept {
    TimeNs due = this->stage_.next_due();
    if constexpr (requires { source_.due_ns(); }) due = std::min(due, source_.due_ns());
    if (due == TimeNs::max()) return 0;
    const TimeNs left = due - P::session_time(this->clock_);
    return left.value > 0 ? left.value : 0;
  }
  std::uint64_t frames() const noexcept { return frames_; }
  /// Messages that found no room on the ring of `port`.
  std::uint64_t dropped(std::size_t port) const noexcept { return lanes_[port].dropped; }

  /// Runner, stage and source, as they are between two inputs.
  void save(StateWriter& w) const noexcept {
    this->save_core(w);
    w.u64(frames_);
    w.u64(turns_);
    for (const FeedLane& lane : lanes_) {
      w.boolean(lane.drops);
      w.u64(lane.dropped);
      w.u64(lane.told);
    }
    this->stage_.save(w);
    if constexpr (requires { source_.save(w); }) source_.save(w);
  }
  Result<void> load(StateReader& r) {
    if (auto core = this->load_core(r); !core) return core;
    frames_ = r.u64();
    turns_ = r.u64();
    for (FeedLane& lane : lanes_) {
      lane.drops = r.boolean();
      lane.dropped = r.u64();
      lane.told = r.u64();
    }
    if (auto stage = this->stage_.load(r); !stage) return stage;
    if constexpr (requires { source_.load(r); }) return source_.load(r);
    return {};
  }

  /// The turn of one record: no source, no clock, no journal.
  void act(const JournalEntry& e) noexcept {
    static_cast<void>(this->outputs_have_room());  // there was; the ports must learn of it
    switch (e.kind) {
      case JournalKind::kFrame: frame_turn(source_.read_frame(e.payload), e.now); return;
      case JournalKind::kTimer: timer_turn(e.now); return;
      case JournalKind::kLost: lost_turn(e.now); return;
      case JournalKind::kRoom:
        if (e.input >= lanes_.size()) return;
        if (stated_room(e).room == 0) {
          lanes_[e.input].drops = true;
        } else {
          room_turn(e.input, e.now);
        }
        return;
      default: this->note(e); return;
    }
  }
  /// A continued turn comes before `e`, unless `e` was written in the midst of long output.
  bool owes_before(const JournalEntry& e) const noexcept {
    if (e.kind == JournalKind::kRoom) return busy() && turns_ < stated_room(e).turns;
    return Core::owes_before(e);
  }
  bool settle() noexcept {
    if (!busy()) return false;
    static_cast<void>(this->outputs_have_room());
    continued_turn();
    return true;
  }
  bool busy() const noexcept { return this->stage_.more(); }

 private:
  static JournalRoom stated_room(const JournalEntry& e) noexcept {
    JournalRoom room;
    if (e.payload.size() >= sizeof(room)) std::memcpy(&room, e.payload.data(), sizeof(room));
    return room;
  }

  bool take_one() noexcept {
    P::at(Step::kTake);
    if (done_) return false;
    if (this->ended_ && !busy()) {
      finish();
      return false;
    }
    if (!may_take()) return false;
    if (busy()) {
      continued_turn();
      if (!busy()) pop_held();
      return true;
    }
    if constexpr (requires { this->stage_.stopped(); }) stopping_ |= this->stage_.stopped();
    const TimeNs clock = P::session_time(this->clock_);
    const TimeNs now = clock < this->now_ ? this->now_ : clock;
    if (succeeds_) [[unlikely]] return tell_loss(now);
    // In turns: fresh books alone would be all that a feed of small rings ever does.
    const bool is_rooms_turn = !std::exchange(told_room_, false);
    if (is_rooms_turn && tell_room(now)) return true;
    if (take_frame_or_timer(now)) return true;
    return !is_rooms_turn && !done_ && tell_room(now);
  }
  bool take_frame_or_timer(TimeNs now) noexcept {
    const auto* const frame = stopping_ ? nullptr : source_.peek();
    if (frame == nullptr && (stopping_ || source_.ended())) {
      finish();
      return false;
    }
    const TimeNs due = this->stage_.next_due();
    if (due <= now && (frame == nullptr || due < frame->origin_ns)) {
      this->journal(JournalKind::kTimer, now);
      timer_turn(now);
      if constexpr (P::kMeasured) this->probe_.timer();
      return true;
    }
    if (frame == nullptr) return false;
    return take_frame(*frame, frame->origin_ns < now ? now : frame->origin_ns);
  }

  template <class Frame>
  bool take_frame(const Frame& frame, TimeNs now) noexcept {
    if (this->journal_.on()) {
      const std::size_t bytes = source_.frame_bytes(frame);
      this->journal_.expect(bytes);
      if (!this->journal_.ready(0)) return false;
      source_.write_frame(frame,
                          this->journal_.begin(JournalKind::kFrame, 0, kNoRing, now, bytes));
      this->journal_.written();
    }
    const std::uint32_t taken_at = this->stamp();
    if constexpr (P::kMeasured) {
      this->probe_.taken(0, this->clock_.stamp_of(frame.origin_ns), taken_at);
    }
    frame_held_ = true;
    frame_turn(frame, now);
    if (!busy()) pop_held();
    if constexpr (P::kMeasured) this->probe_.served(taken_at, this->stamp());
    return true;
  }
  /// A frame stays in place until the stage has written all that follows from it.
  void pop_held() noexcept {
    if (frame_held_) source_.pop();
    frame_held_ = false;
  }

  /// Room in every ring that is waited for, and for records; rings that are full and not waited for
  /// are left out from here on.
  bool may_take() noexcept {
    for (std::size_t port = 0; port < lanes_.size(); ++port) {
      if (!lanes_[port].resync && !this->ports_[port].has_room(S::kMaxBurst)) return false;
    }
    if (!this->journal_ready(0)) return false;
    for (std::size_t port = 0; port < lanes_.size(); ++port) {
      const FeedLane& lane = lanes_[port];
      if (!lane.resync || lane.drops || this->ports_[port].has_room(S::kMaxBurst)) continue;
      // What the ring shows already was said by the feed before this one: then there was room.
      if (this->ports_[port].catching_up()) continue;
      if (may_wait()) return false;
      journal_room(port, 0, this->now_);
      lanes_[port].drops = true;
      if (!this->journal_ready(0)) return false;
    }
    return true;
  }
  /// A fresh book may be longer than its ring: its reader gets time while no frame does.
  bool may_wait() noexcept {
    return busy() && !frame_held_ && source_.peek() == nullptr;
  }
  bool has_room_again(std::size_t port) noexcept {
    return this->ports_[port].has_room(static_cast<std::uint32_t>(lanes_[port].room_again));
  }
  /// The first ring that has room again gets a fresh book.
  bool tell_room(TimeNs now) noexcept {
    for (std::size_t port = 0; port < lanes_.size(); ++port) {
      if (!lanes_[port].drops || !has_room_again(port)) [[likely]] continue;
      journal_room(port, 1, now);
      room_turn(port, now);
      told_room_ = true;
      return true;
    }
    return false;
  }
  [[gnu::noinline, gnu::cold]] bool tell_loss(TimeNs now) noexcept {
    succeeds_ = false;
    this->journal(JournalKind::kLost, now);
    lost_turn(now);
    return true;
  }

  template <class Frame>
  void frame_turn(const Frame& frame, TimeNs now) noexcept {
    start_cause(frame.origin_ns, this->clock_.stamp_of(frame.origin_ns));
    this->cause_.instrument = frame.instrument;
    ++frames_;
    turn(In::frame(frame), now);
  }
  void timer_turn(TimeNs now) noexcept {
    start_cause(now, this->stamp());
    turn(In::timer(), now);
  }
  void room_turn(std::size_t port, TimeNs now) noexcept {
    FeedLane& lane = lanes_[port];
    lane.drops = false;
    start_cause(now, this->stamp());
    const std::uint64_t dropped = lane.dropped - std::exchange(lane.told, lane.dropped);
    turn(In::room_again(static_cast<unsigned>(port), dropped), now);
  }
  void lost_turn(TimeNs now) noexcept {
    start_cause(now, this->stamp());
    turn(In::lost(), now);
  }
  void continued_turn() noexcept { turn(In::continued(), this->now_); }

  void start_cause(TimeNs origin, std::uint32_t origin_ticks) noexcept {
    this->cause_ = MsgHeader{};
    this->cause_.origin_ns = origin;
    this->cause_.lane = this->lane_;
    this->cause_.cause_seq = static_cast<std::uint32_t>(frames_);
    this->cause_.origin_ticks = origin_ticks;
  }
  void turn(const In& in, TimeNs now) noexcept {
    ++turns_;
    this->begin_turn(now);
    RunnerSink<Out, S::kPorts, P> inner(this->ports_, this->cause_, this->clock_);
    DroppingSink<Out, S::kPorts, P> sink(inner, lanes_);
    this->stage_.on_event(now, in, sink);
    P::at(Step::kActed);
  }

  void journal(JournalKind kind, TimeNs now) noexcept {
    if (!this->journal_.on()) return;
    this->journal_.begin(kind, 0, kNoRing, now, 0);
    this->journal_.written();
  }
  void journal_room(std::size_t port, std::uint64_t room, TimeNs now) noexcept {
    if (!this->journal_.on()) return;
    const JournalRoom record{room, turns_};
    this->journal_.append(JournalKind::kRoom, static_cast<std::uint8_t>(port), kNoRing, now,
                          &record, sizeof(record));
  }

  /// End of stream: watermark max with the end time. Timers of feed past the last input do not run.
  void finish() noexcept {
    const JournalEndReason why =
        stopping_ ? JournalEndReason::kStopped : JournalEndReason::kEnded;
    if (!this->append_end(why, frames_)) return;
    for (OutPort<Out>& p : this->ports_) {
      p.template store_end<P>(this->now_);
      p.template raise_watermark<P>(TimeNs::max());
    }
    done_ = true;
  }

  Source& source_;
  std::uint32_t batch_max_;
  std::vector<FeedLane> lanes_;  // by port
  std::uint64_t frames_ = 0;
  std::uint64_t turns_ = 0;
  bool succeeds_ = false;    // another process was at work before; the stage has not been told
  bool told_room_ = false;   // the last input was a ring that had room again
  bool frame_held_ = false;  // the source's, shown and taken, with output still to come
  bool stopping_ = false;
  bool drained_ = false;
  bool done_ = false;
};

}  // namespace pinstripe
