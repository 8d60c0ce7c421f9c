// Four tiny stages with every hard property of the real ones: timers, delayed answers, several
// reports an order, orders that reports cause, a limit on unanswered commands. Used to test runner
// and merge.
#pragma once

#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/msg/signal.h"
#include "shm/msg/stage.h"
#include "shm/run/journal_layout.h"

namespace pinstripe::toy {

struct Frame {
  TimeNs origin_ns;
  std::uint16_t instrument = 0;
  std::uint64_t number = 0;
};

/// Can be read again, as a file can.
class Source {
 public:
  explicit Source(const std::vector<Frame>& frames) : frames_(frames) {}
  const Frame* peek() { return at_ < frames_.size() ? &frames_[at_] : nullptr; }
  void pop() { ++at_; }
  FeedPosition position() const noexcept { return {.offset = at_}; }
  void save(StateWriter& w) const noexcept { w.u64(at_); }
  Result<void> load(StateReader& r) {
    at_ = r.u64();
    return {};
  }

 protected:
  const std::vector<Frame>& frames_;
  std::size_t at_ = 0;
};

/// Cannot be read again: its frames are kept in the journal. It shows a frame once the hand of the
/// test's clock has passed the frame's time. A new object goes on where the world is by then, which
/// the test sets.
class LiveSource : public Source {
 public:
  using Source::Source;
  const Frame* peek() {
    const Frame* next = Source::peek();
    return next == nullptr || next->origin_ns > hand ? nullptr : next;
  }
  bool ended() const noexcept { return at_ >= frames_.size(); }
  TimeNs due_ns() const noexcept { return ended() ? TimeNs::max() : frames_[at_].origin_ns; }
  void skip_to(std::uint64_t frame) noexcept { at_ = frame; }
  std::uint64_t at() const noexcept { return at_; }
  std::size_t frame_bytes(const Frame&) const noexcept { return sizeof(Frame); }
  void write_frame(const Frame& f, std::byte* to) const noexcept { std::memcpy(to, &f, sizeof(f)); }
  const Frame& read_frame(std::span<const std::byte> bytes) const noexcept {
    std::memcpy(&kept_, bytes.data(), sizeof(kept_));
    return kept_;
  }
  static thread_local TimeNs hand;  // max: everything has come

 private:
  mutable Frame kept_;
};
inline thread_local TimeNs LiveSource::hand = TimeNs::max();

/// State, counters and checkpoint of a toy: one running hash of everything it has seen.
class Base {
 public:
  bool more() const noexcept { return false; }
  std::uint64_t state_hash() const noexcept { return hash_.value(); }
  void save(StateWriter& w) const noexcept { w.u64(hash_.state()); }
  Result<void> load(StateReader& r) {
    hash_.restore(r.u64());
    return {};
  }
  std::span<const std::int64_t> counters() const noexcept { return {}; }
  std::vector<std::string> counter_names() const { return {}; }

 protected:
  void note(TimeNs now, std::uint64_t what) noexcept {
    hash_.add(static_cast<std::uint64_t>(now.value));
    hash_.add(what);
  }
  Hasher hash_;
};

/// Publishes each frame to all three readers, and every fifth once more in a continued turn. With a
/// patience it says so when nothing has come for so long. A reader that lost messages is told how
/// many, and then a fresh book of several turns; of lost frames it tells everybody.
class Feed : public Base {
 public:
  struct Config {
    std::int64_t patience = 0;  // 0: for ever
  };
  struct In {
    InputKind kind;
    const Frame* frame_ptr = nullptr;
    int port = -1;
    std::uint64_t dropped = 0;
    static In frame(const Frame& f) noexcept { return {InputKind::kMessage, &f}; }
    static In timer() noexcept { return {InputKind::kTimer}; }
    static In continued() noexcept { return {InputKind::kContinue}; }
    static In room_again(unsigned port, std::uint64_t dropped) noexcept {
      return {InputKind::kMessage, nullptr, static_cast<int>(port), dropped};
    }
    static In lost() noexcept { return {InputKind::kMessage}; }
  };
  /// `a` of what it says besides frames' numbers.
  static constexpr std::int64_t kSilence = -1, kLost = -2, kDropped = -3, kFresh = -4;
  static constexpr unsigned kFreshTurns = 4;
  using Out = MarketEvent;
  static constexpr unsigned kPorts = 3;
  static constexpr unsigned kMaxBurst = 2;  // more than it writes: room that is not taken up

  explicit Feed(const Config& c) : patience_(c.patience) {}
  bool more() const noexcept { return again_ || fresh_left_ > 0; }
  TimeNs next_due() const noexcept { return due_; }
  void save(StateWriter& w) const noexcept {
    Base::save(w);
    w.u64(number_);
    w.boolean(again_);
    w.u64(fresh_left_);
    w.u64(fresh_port_);
    w.unit(due_);
  }
  Result<void> load(StateReader& r) {
    number_ = (static_cast<void>(Base::load(r)), r.u64());
    again_ = r.boolean();
    fresh_left_ = r.u64();
    fresh_port_ = static_cast<unsigned>(r.u64());
    due_ = r.unit<TimeNs>();
    return {};
  }
  template <class Sink>
  void on_event(TimeNs now, const In& in, Sink& sink) noexcept {
    if (in.kind == InputKind::kContinue) return go_on(now, sink);
    if (in.kind == InputKind::kTimer) {
      due_ = TimeNs::max();
      return say_to_all(now, kSilence, 0, sink);
    }
    if (patience_ > 0) due_ = now + TimeNs(patience_);
    if (in.port >= 0) {
      fresh_port_ = static_cast<unsigned>(in.port);
      fresh_left_ = kFreshTurns;
      note(now, in.dropped);
      return say(fresh_port_, kDropped, static_cast<std::int64_t>(in.dropped), sink);
    }
    if (in.frame_ptr == nullptr) return say_to_all(now, kLost, 0, sink);
    number_ = in.frame_ptr->number;
    again_ = number_ % 5 == 0;
    say_to_all(now, static_cast<std::int64_t>(number_), again_ ? 1 : 2, sink);
  }

 private:
  template <class Sink>
  void go_on(TimeNs now, Sink& sink) noexcept {
    if (again_) {
      again_ = false;
      return say_to_all(now, static_cast<std::int64_t>(number_), 2, sink);
    }
    note(now, --fresh_left_);
    say(fresh_port_, kFresh, static_cast<std::int64_t>(fresh_left_), sink);
  }
  template <class Sink>
  void say_to_all(TimeNs now, std::int64_t a, std::int64_t b, Sink& sink) noexcept {
    note(now, a < 0 ? static_cast<std::uint64_t>(-a) << 32 : number_);
    for (unsigned port = 0; port < kPorts; ++port) say(port, a, b, sink);
  }
  template <class Sink>
  void say(unsigned port, std::int64_t a, std::int64_t b, Sink& sink) noexcept {
    MarketEvent& e = sink.claim(port);
    e.h.type = MsgType::kTrade;
    e.a = a;
    e.b = b;
    // A stamp of the venue: at arrival, one unit before, later than that (a wrong clock), none.
    const auto stamp = static_cast<std::int32_t>(number_ * 7 % 5);
    e.h.venue_offset_us = stamp < 3 ? stamp - 1 : kNoVenueStamp;
    sink.commit(port);
  }

  std::int64_t patience_;
  std::uint64_t number_ = 0;
  std::uint64_t fresh_left_ = 0;
  unsigned fresh_port_ = 0;
  TimeNs due_ = TimeNs::max();
  bool again_ = false;
};
static_assert(Stage<Feed>);

/// A signal per `signal_every` events; with echo, each fourth one once more in a continued turn.
class Compute : public Base {
 public:
  struct Config {
    unsigned signal_every;
    bool echo = false;
  };
  using In = Input;
  using Out = Signal;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  Compute(const Config& c) : config_(c) {}
  bool more() const noexcept { return again_ != 0; }
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  void save(StateWriter& w) const noexcept {
    Base::save(w);
    w.u64(again_);
  }
  Result<void> load(StateReader& r) {
    again_ = (static_cast<void>(Base::load(r)), r.u64());
    return {};
  }
  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    if (in.kind() == InputKind::kContinue) {
      note(now, again_);
      write(sink, std::exchange(again_, 0));
      return;
    }
    const auto number = static_cast<std::uint64_t>(in.as<MarketEvent>().a);
    note(now, number);
    if (number % config_.signal_every != 0) return;
    if (config_.echo && number % 4 == 0) again_ = number + 1000;
    write(sink, number);
  }

 private:
  template <class Sink>
  static void write(Sink& sink, std::uint64_t decision) noexcept {
    Signal& s = sink.claim(0);
    s.decision = decision;
    sink.commit(0);
  }
  Config config_;
  std::uint64_t again_ = 0;  // what the continued turn says; 0: nothing
};
static_assert(Stage<Compute>);

/// An order per signal and, with brackets, per last report; also on a timer while it is armed.
class Risk : public Base {
 public:
  struct Config {
    bool brackets;
    std::int64_t timer_period;
    std::uint32_t in_flight_max;
  };
  using In = Input;
  using Out = OrderCommand;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  Risk(const Config& c) : config_(c) {}
  TimeNs next_due() const noexcept { return due_; }
  void save(StateWriter& w) const noexcept {
    Base::save(w);
    w.u64(sent_);
    w.u64(answered_);
    w.unit(due_);
  }
  Result<void> load(StateReader& r) {
    sent_ = (static_cast<void>(Base::load(r)), r.u64());
    answered_ = r.u64();
    due_ = r.unit<TimeNs>();
    return {};
  }
  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    bool order = false;
    if (in.kind() == InputKind::kTimer) {
      due_ = TimeNs::max();
      note(now, 99);
      order = true;
    } else if (in.type() == MsgType::kSignal) {
      note(now, in.as<Signal>().decision);
      order = true;
      if (config_.timer_period > 0 && due_ == TimeNs::max()) {
        due_ = now + TimeNs(config_.timer_period);
      }
    } else if (in.type() == MsgType::kExecReport) {
      const auto& r = in.as<ExecReport>();
      note(now, r.exec_id);
      if (r.answers != 0) ++answered_;
      order = config_.brackets && r.leaves_lots.value == 0 && hash_.state() % 3 == 0;
    } else {
      note(now, static_cast<std::uint64_t>(in.as<MarketEvent>().a) + 7);
    }
    if (!order) return;
    if (sent_ - answered_ >= config_.in_flight_max) {
      note(now, 1234);  // denied: in flight
      return;
    }
    OrderCommand& c = sink.claim(0);
    c.number = ++sent_;
    c.id.decision = hash_.state();
    sink.commit(0);
  }

 private:
  Config config_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  TimeNs due_{TimeNs::max()};
};
static_assert(Stage<Risk>);

/// Accepts after the order latency, then reports on the next market events until all are sent. So
/// few orders rest that these reports are one burst, however late the market comes.
class Exec : public Base {
 public:
  struct Config {
    std::int64_t order_latency;
    unsigned reports_per_order;
  };
  using In = Input;
  using Out = ExecReport;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 64;
  static constexpr std::size_t kRestMost = 16;

  Exec(const Config& c) : config_(c) {}
  TimeNs next_due() const noexcept { return arriving_.empty() ? TimeNs::max() : arriving_[0].at; }
  bool resting() const noexcept { return !resting_.empty(); }
  void save(StateWriter& w) const noexcept {
    Base::save(w);
    for (const auto* list : {&arriving_, &resting_}) {
      w.u64(list->size());
      for (const Order& o : *list) {
        w.u64(o.number);
        w.unit(o.at);
      }
    }
  }
  Result<void> load(StateReader& r) {
    static_cast<void>(Base::load(r));
    for (auto* list : {&arriving_, &resting_}) {
      list->resize(r.u64());
      for (Order& o : *list) {
        o.number = r.u64();
        o.at = r.unit<TimeNs>();
      }
    }
    return {};
  }
  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    if (in.kind() == InputKind::kTimer) {
      const Order o = arriving_.front();
      arriving_.erase(arriving_.begin());
      note(now, o.number);
      const bool rests = config_.reports_per_order > 1 && resting_.size() < kRestMost;
      report(sink, o.number, 0, rests ? 1 : 0, o.number);
      if (rests) resting_.push_back(o);
    } else if (in.type() == MsgType::kOrderCommand) {
      const auto& c = in.as<OrderCommand>();
      note(now, c.id.decision);
      arriving_.push_back({c.number, now + TimeNs(config_.order_latency)});
    } else {
      note(now, static_cast<std::uint64_t>(in.as<MarketEvent>().a));
      for (const Order& o : resting_) {
        for (unsigned r = 1; r < config_.reports_per_order; ++r) {
          report(sink, o.number, r, r + 1 == config_.reports_per_order ? 0 : 1, 0);
        }
      }
      resting_.clear();
    }
  }

 private:
  struct Order {
    std::uint64_t number;
    TimeNs at;
  };
  template <class Sink>
  void report(Sink& sink, std::uint64_t number, unsigned r, std::int64_t leaves,
              std::uint64_t answers) noexcept {
    ExecReport& e = sink.claim(0);
    e.exec_id = number * 10 + r;
    e.leaves_lots = QtyLots(leaves);
    e.answers = answers;
    sink.commit(0);
  }
  Config config_;
  std::vector<Order> arriving_, resting_;
};
static_assert(Stage<Exec>);

}  // namespace pinstripe::toy
