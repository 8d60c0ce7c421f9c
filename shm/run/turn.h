// One turn of a stage, and what a runner is made of: set-up, the sink, outputs and journal. Who
// decides which turn comes next stands in runner.h (rings) and feed_runner.h (frames); replay and
// rejoin (`act`, `settle`) drive the same turns from journal records.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "shm/msg/stage.h"
#include "shm/run/out_port.h"
#include "shm/run/policy.h"
#include "shm/run/probe.h"
#include "shm/run/turn_journal.h"

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
  bool resync = false;               // live market data: what does not fit is dropped, and told
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
  bool live = false;                 // inputs as they arrive, by the session's clock
  JournalWriter* journal = nullptr;          // null: nothing is journaled
  std::uint64_t checkpoint_lag_max = 0;      // records (feed: frames) past a checkpoint; 0: any
  // Replay: keeps the digests that a runner with a journal keeps; and, for risk, remembers as many
  // commands under way as in the session, whose orders ring had this capacity. A state saved with
  // fewer would let the successor take a report too early.
  bool digest_all = false;
  std::uint64_t orders_capacity = 0;         // 0: that of the ring given
};

/// Sink handed to the stage for one turn.
template <class Out, unsigned kPorts, class P = LivePolicy>
class RunnerSink {
 public:
  RunnerSink(std::vector<OutPort<Out>>& ports, const MsgHeader& header,
             const SessionClock& clock) noexcept
      : ports_(ports), header_(header), clock_(clock) {}

  Out& claim(unsigned port) noexcept {
    PINSTRIPE_CHECK(port < kPorts, "a stage wrote to a port it does not have");
    Out& out = ports_[port].claim(header_);
    P::at(Step::kClaimed);
    return out;
  }
  void commit(unsigned port) noexcept {
    if (written_++ == 0) {
      if constexpr (P::kMeasured) stamp_ = clock_.stamp();
    }
    P::at(Step::kWritten);
    ports_[port].commit(stamp_);
    P::at(Step::kPublished);
  }
  std::uint32_t written() const noexcept { return written_; }
  std::uint32_t stamp() const noexcept { return stamp_; }

 private:
  std::vector<OutPort<Out>>& ports_;
  const MsgHeader& header_;  // what outputs start from; copied by each claim alone
  const SessionClock& clock_;
  std::uint32_t written_ = 0;
  std::uint32_t stamp_ = 0;
};

/// State that every runner shares: outputs, the header outputs start from, the last event time.
template <class S, class P>
class RunnerCore {
 public:
  using Out = typename S::Out;

  RunnerCore(S& stage, const RunnerSetup& setup, Probe& probe)
      : stage_(stage), clock_(setup.clock), probe_(probe),
        journal_(setup.journal, setup.checkpoint_lag_max), lane_(setup.lane) {
    static_assert(std::is_trivially_destructible_v<RunnerSink<Out, S::kPorts, P>>,
                  "a turn owns nothing: a kill anywhere in it leaves nothing to undo");
    PINSTRIPE_CHECK(setup.outputs.size() == S::kPorts, "outputs do not match the stage's ports");
    ports_.reserve(setup.outputs.size());
    for (const RunnerOutput& o : setup.outputs) {
      PINSTRIPE_CHECK(o.queue_capacity > 0 || o.ring.capacity >= S::kMaxBurst,
                      "an output ring is smaller than the stage's largest burst");
      ports_.emplace_back(o.ring, o.delay, o.queue_capacity);
      ports_.back().consumer_park = o.consumer_park;
      if (journal_.on() || setup.digest_all) ports_.back().keep_digest(S::kMaxBurst);
    }
    journal_.expect(sizeof(JournalEnd) + ports_.size() * sizeof(JournalPort));
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
      p.template flush<P>();
      if (!p.take_touched()) continue;
      any = true;
      if (p.consumer_park != nullptr) wake_if_parked(*p.consumer_park);
      P::at(Step::kWoken);
    }
    return any;
  }
  std::vector<OutPort<Out>>& ports() noexcept { return ports_; }
  const std::vector<OutPort<Out>>& ports() const noexcept { return ports_; }
  TimeNs now() const noexcept { return now_; }
  std::uint64_t backward_stamps() const noexcept { return backward_; }
  /// The last batch stopped because the journal had no room or no checkpoint was near: sleep.
  bool waits_for_journal() const noexcept { return journal_.waits(); }

  /// Rejoin: outputs that the rings show already are compared instead of published.
  void catch_up() noexcept {
    for (OutPort<Out>& p : ports_) p.catch_up();
  }
  /// See OutPort::hold.
  void hold_outputs(bool on) noexcept {
    for (OutPort<Out>& p : ports_) p.hold(on);
  }
  bool catching_up() const noexcept {
    for (const OutPort<Out>& p : ports_) {
      if (p.catching_up()) return true;
    }
    return false;
  }
  /// A continued turn comes before the record `e`: the stage has more to say of an earlier record,
  /// and `e` is no digest taken in its midst. (A segment's end says nothing: such a digest may come
  /// after it.)
  bool owes_before(const JournalEntry& e) const noexcept {
    return stage_.more() && e.kind != JournalKind::kSegmentEnd && !stated_in_midst(e);
  }
  /// The stage has more to say of what it was given.
  bool busy() const noexcept { return stage_.more(); }
  /// Where the source of frames stands is what the record says; there is none here.
  bool stands_before(const JournalEntry&) const noexcept { return true; }
  /// kDigest and kEnd: the first port whose count or digest is not what the record states.
  std::optional<std::size_t> differing_port(const JournalEntry& e) const noexcept {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      const JournalPort stated = stated_port(e, i);
      if (e.input != ports_.size() || stated.count != ports_[i].count() ||
          stated.digest != ports_[i].journal_digest()) {
        return i;
      }
    }
    return std::nullopt;
  }

 protected:
  std::uint32_t stamp() const noexcept {
    if constexpr (P::kMeasured) return clock_.stamp();
    return 0;
  }

  /// `e` is a digest, and all outputs that it covers have been written.
  bool stated_in_midst(const JournalEntry& e) const noexcept {
    return e.kind == JournalKind::kDigest && has_said(e);
  }
  /// kDigest, kEnd: as many outputs have been written as it covers.
  bool has_said(const JournalEntry& e) const noexcept {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      if (ports_[i].count() < stated_port(e, i).count) return false;
    }
    return true;
  }
  /// Room for one more record, with the digest of outputs that the rings will overwrite written.
  bool journal_ready(std::uint64_t progress) noexcept {
    if (!journal_.ready(progress)) return false;
    if (!journal_.on() || !digest_due()) return true;
    append_ports(JournalKind::kDigest, nullptr);
    return journal_.ready(progress);
  }
  bool digest_due() const noexcept {
    for (const OutPort<Out>& p : ports_) {
      if (p.digest_due()) return true;
    }
    return false;
  }
  /// The last record of an ended stage; false: no room yet. A successor does not write it again.
  [[gnu::noinline, gnu::cold]] bool append_end(JournalEndReason reason,
                                               std::uint64_t frames) noexcept {
    if (!journal_.on() || ended_) return true;
    if (!journal_.ready(0)) return false;
    const JournalEnd end{reason, frames, stage_.state_hash()};
    append_ports(JournalKind::kEnd, &end);
    ended_ = true;
    return true;
  }
  /// `act` for the records that the runner has added itself: no turn, only what it remembers.
  void note(const JournalEntry& e) noexcept {
    if (e.kind == JournalKind::kEnd) ended_ = true;
    if (e.kind != JournalKind::kDigest) return;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      ports_[i].digest_stated(stated_port(e, i).count);
    }
  }

  void save_core(StateWriter& w) const noexcept {
    PINSTRIPE_CHECK(!stage_.more(), "a runner is saved between turns, when nothing goes on");
    w.unit(now_);
    w.u64(backward_);
    w.boolean(ended_);
    w.u64(ports_.size());
    for (const OutPort<Out>& p : ports_) p.save(w);
  }
  Result<void> load_core(StateReader& r) {
    now_ = r.template unit<TimeNs>();
    backward_ = r.u64();
    ended_ = r.boolean();
    const std::uint64_t ports = r.u64();
    if (r.failed() || ports != ports_.size()) {
      return fail("a checkpoint of " + std::to_string(ports) + " outputs for a stage with " +
                  std::to_string(ports_.size()));
    }
    for (OutPort<Out>& p : ports_) p.load(r);
    return {};
  }

  S& stage_;
  std::vector<OutPort<Out>> ports_;
  SessionClock clock_;
  Probe& probe_;
  TurnJournal<P> journal_;
  MsgHeader cause_;
  TimeNs now_{TimeNs::min()};
  std::uint64_t backward_ = 0;
  std::uint16_t lane_;
  bool ended_ = false;  // kEnd is in the journal

 private:
  static JournalPort stated_port(const JournalEntry& e, std::size_t port) noexcept {
    const std::size_t before = e.kind == JournalKind::kEnd ? sizeof(JournalEnd) : 0;
    JournalPort stated;
    if (before + (port + 1) * sizeof(stated) > e.payload.size()) return stated;
    std::memcpy(&stated, e.payload.data() + before + port * sizeof(stated), sizeof(stated));
    return stated;
  }
  [[gnu::noinline, gnu::cold]] void append_ports(JournalKind kind,
                                                 const JournalEnd* end) noexcept {
    const std::size_t before = end != nullptr ? sizeof(*end) : 0;
    std::byte* to =
        journal_.begin(kind, static_cast<std::uint8_t>(ports_.size()), kNoRing, now_,
                       before + ports_.size() * sizeof(JournalPort));
    if (end != nullptr) std::memcpy(to, end, sizeof(*end));
    to += before;
    for (OutPort<Out>& p : ports_) {
      const JournalPort port{p.count(), p.journal_digest()};
      std::memcpy(to, &port, sizeof(port));
      to += sizeof(port);
      p.digest_stated(p.count());
    }
    journal_.written();
  }
};

}  // namespace pinstripe
