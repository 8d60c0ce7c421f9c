// Risk with a watcher beside it. The stage is the same and decides the same; the watcher sees its
// state before each input, every command that it sends and every report that it takes.
#pragma once

#include "risk/risk_stage.h"
#include "tools/backtest/recorder.h"

namespace pinstripe {

/// A watcher has `before(now, core)`, `command(command)` and `report(now, report)`.
template <class Watcher>
class RiskWatchedBy {
 public:
  using Config = RiskConfig;
  using In = Input;
  using Out = OrderCommand;
  static constexpr unsigned kPorts = RiskStage::kPorts;
  static constexpr unsigned kMaxBurst = RiskStage::kMaxBurst;

  explicit RiskWatchedBy(const RiskConfig& config) : stage_(config) {}
  void watch(Watcher* watcher) noexcept { watcher_ = watcher; }

  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    watcher_->before(now, stage_.core());
    if (in.kind() == InputKind::kMessage && in.type() == MsgType::kExecReport) [[unlikely]] {
      watcher_->report(now, in.as<ExecReport>());
    }
    Watching<Sink> watching{sink, *watcher_};
    stage_.on_event(now, in, watching);
  }
  TimeNs next_due() const noexcept { return stage_.next_due(); }
  bool more() const noexcept { return stage_.more(); }
  std::uint64_t state_hash() const noexcept { return stage_.state_hash(); }
  void save(StateWriter& w) const noexcept { stage_.save(w); }
  Result<void> load(StateReader& r) { return stage_.load(r); }
  std::span<const std::int64_t> counters() const noexcept { return stage_.counters(); }
  std::vector<std::string> counter_names() const { return stage_.counter_names(); }
  const RiskCore& core() const noexcept { return stage_.core(); }

 private:
  template <class Sink>
  struct Watching {
    Sink& sink;
    Watcher& watcher;
    OrderCommand* last = nullptr;
    OrderCommand& claim(unsigned port) noexcept { return *(last = &sink.claim(port)); }
    void commit(unsigned port) noexcept {
      watcher.command(*last);
      sink.commit(port);
    }
  };

  RiskStage stage_;
  Watcher* watcher_ = nullptr;
};

using WatchedRisk = RiskWatchedBy<Recorder>;
static_assert(Stage<WatchedRisk>);

}  // namespace pinstripe
