// Exec behind a bad connection: reports come late, and some twice. Their order stays, as on a
// connection; the first answer to a command is told once, as exec's own order machine sees to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exec/exec_stage.h"
#include "shm/base/hash.h"

namespace pinstripe::sim {

class FaultyExec {
 public:
  struct Config {
    ExecConfig exec;
    std::uint64_t seed = 0;
    unsigned late = 0;    // reports in 1000
    unsigned twice = 0;   // reports in 1000
    std::int64_t late_ns = 0;  // at most
  };
  using In = Input;
  using Out = ExecReport;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 64;
  static constexpr std::size_t kHeldMost = 4'096;

  explicit FaultyExec(const Config& config) : config_(config), inner_(config.exec) {
    held_.reserve(kHeldMost);
  }

  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    const bool own_timer = in.kind() == InputKind::kTimer && inner_.next_due() > now;
    if (in.kind() != InputKind::kContinue && !own_timer) {
      Catcher catcher{*this, now, {}};
      inner_.on_event(now, in, catcher);
      while (inner_.more()) inner_.on_event(now, Input::continued(), catcher);
    }
    for (unsigned n = 0; n < kMaxBurst && due(now); ++n) {
      ExecReport& slot = sink.claim(0);
      copy(held_.front().report, slot);
      sink.commit(0);
      held_.erase(held_.begin());
    }
    now_ = now;
  }
  TimeNs next_due() const noexcept {
    const TimeNs own = held_.empty() ? TimeNs::max() : held_.front().at;
    return own < inner_.next_due() ? own : inner_.next_due();
  }
  bool more() const noexcept { return due(now_); }
  bool resting() const noexcept { return inner_.resting(); }
  std::uint64_t state_hash() const noexcept {
    StateWriter w;
    save(w);
    return w.hash();
  }
  void save(StateWriter& w) const noexcept {
    inner_.save(w);
    w.unit(now_);
    w.u64(count_);
    w.u64(held_.size());
    for (const Held& h : held_) {
      w.unit(h.at);
      w.bytes(&h.report, sizeof(h.report));
    }
  }
  Result<void> load(StateReader& r) {
    if (auto inner = inner_.load(r); !inner) return inner;
    now_ = r.unit<TimeNs>();
    count_ = r.u64();
    held_.resize(r.u64());
    for (Held& h : held_) {
      h.at = r.unit<TimeNs>();
      r.bytes(&h.report, sizeof(h.report));
    }
    return {};
  }
  std::span<const std::int64_t> counters() const noexcept { return inner_.counters(); }
  std::vector<std::string> counter_names() const { return inner_.counter_names(); }
  const PaperVenue& venue() const noexcept { return inner_.venue(); }

 private:
  struct Held {
    TimeNs at;
    ExecReport report;
  };
  struct Catcher {
    FaultyExec& to;
    TimeNs now;
    ExecReport report;
    ExecReport& claim(unsigned) noexcept {
      report = ExecReport{};
      return report;
    }
    void commit(unsigned) noexcept { to.hold(now, report); }
  };

  bool due(TimeNs now) const noexcept { return !held_.empty() && held_.front().at <= now; }
  bool meets(unsigned share, std::uint64_t what) const noexcept {
    return random_draw(config_.seed, what, count_, 0) % 1000 < share;
  }
  void hold(TimeNs now, const ExecReport& report) noexcept {
    PINSTRIPE_CHECK(held_.size() + 2 <= kHeldMost, "too many reports under way");
    TimeNs at = now;
    if (meets(config_.late, 1)) {
      at += TimeNs(static_cast<std::int64_t>(random_draw(config_.seed, 2, count_, 0) %
                                             static_cast<std::uint64_t>(config_.late_ns)));
    }
    if (!held_.empty() && held_.back().at > at) at = held_.back().at;
    held_.push_back({at, report});
    if (meets(config_.twice, 3)) {
      held_.push_back({at, report});
      held_.back().report.answers = 0;
    }
    ++count_;
  }
  /// Everything but what the runner stamps. A report told later is another turn's: its cause goes
  /// with it.
  static void copy(const ExecReport& from, ExecReport& to) noexcept {
    const MsgHeader runner = to.h;
    const std::uint64_t word = to.h.word;
    to = from;
    to.h.word = word;
    to.h.event_ns = runner.event_ns;
    to.h.origin_ns = runner.origin_ns;
  }

  Config config_;
  ExecStage inner_;
  std::vector<Held> held_;  // memory is taken once
  std::uint64_t count_ = 0;
  TimeNs now_{TimeNs::min()};
};
static_assert(Stage<FaultyExec>);

}  // namespace pinstripe::sim
