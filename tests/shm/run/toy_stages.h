// Four tiny stages with every hard property of the real ones: timers, delayed answers, several
// reports an order, orders that reports cause, a limit on unanswered commands. Used to test runner
// and merge.
#pragma once

#include <algorithm>
#include <vector>

#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/msg/signal.h"
#include "shm/msg/stage.h"

namespace pinstripe::toy {

struct Frame {
  TimeNs origin_ns;
  std::uint16_t instrument = 0;
  std::uint64_t number = 0;
};

class Source {
 public:
  explicit Source(const std::vector<Frame>& frames) : frames_(frames) {}
  const Frame* peek() { return at_ < frames_.size() ? &frames_[at_] : nullptr; }
  void pop() { ++at_; }

 private:
  const std::vector<Frame>& frames_;
  std::size_t at_ = 0;
};

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

/// Publishes each frame to all three readers, and every fifth once more in a continued turn.
class Feed : public Base {
 public:
  struct Config {};
  struct In {
    InputKind kind;
    const Frame* frame_ptr;
    static In frame(const Frame& f) noexcept { return {InputKind::kMessage, &f}; }
    static In timer() noexcept { return {InputKind::kTimer, nullptr}; }
    static In continued() noexcept { return {InputKind::kContinue, nullptr}; }
  };
  using Out = MarketEvent;
  static constexpr unsigned kPorts = 3;
  static constexpr unsigned kMaxBurst = 1;

  explicit Feed(const Config&) {}
  bool more() const noexcept { return again_; }
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  template <class Sink>
  void on_event(TimeNs now, const In& in, Sink& sink) noexcept {
    if (in.kind == InputKind::kMessage) number_ = in.frame_ptr->number;
    again_ = in.kind == InputKind::kMessage && number_ % 5 == 0;
    note(now, number_);
    for (unsigned port = 0; port < kPorts; ++port) {
      MarketEvent& e = sink.claim(port);
      e.h.type = MsgType::kTrade;
      e.a = static_cast<std::int64_t>(number_);
      e.b = again_ ? 1 : 2;
      sink.commit(port);
    }
  }

 private:
  std::uint64_t number_ = 0;
  bool again_ = false;
};
static_assert(Stage<Feed>);

class Compute : public Base {
 public:
  struct Config {
    unsigned signal_every;
  };
  using In = Input;
  using Out = Signal;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  Compute(const Config& c) : config_(c) {}
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    const auto& e = in.as<MarketEvent>();
    note(now, static_cast<std::uint64_t>(e.a));
    if (static_cast<std::uint64_t>(e.a) % config_.signal_every != 0) return;
    Signal& s = sink.claim(0);
    s.decision = static_cast<std::uint64_t>(e.a);
    sink.commit(0);
  }

 private:
  Config config_;
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

/// Accepts after the order latency, then reports on the next market events until all are sent.
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

  Exec(const Config& c) : config_(c) {}
  TimeNs next_due() const noexcept { return arriving_.empty() ? TimeNs::max() : arriving_[0].at; }
  bool resting() const noexcept { return !resting_.empty(); }
  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    if (in.kind() == InputKind::kTimer) {
      const Order o = arriving_.front();
      arriving_.erase(arriving_.begin());
      note(now, o.number);
      report(sink, o.number, 0, config_.reports_per_order == 1 ? 0 : 1, o.number);
      if (config_.reports_per_order > 1) resting_.push_back(o);
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
