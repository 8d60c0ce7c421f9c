// RiskStage: Signal | MarketEvent | ExecReport | Control | timer -> OrderCommand.
//
// Thin: the decisions are made in RiskCore (risk_core.h), which fills a queue of drafts; a turn
// writes at most kMaxBurst of them, the rest follows in continued turns.
#pragma once

#include <memory>

#include "risk/risk_core.h"
#include "shm/msg/stage.h"

namespace pinstripe {

class RiskStage {
 public:
  using Config = RiskConfig;
  using In = Input;
  using Out = OrderCommand;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 8;

  explicit RiskStage(const RiskConfig& config) : core_(config) {}

  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    if (in.kind() == InputKind::kMessage) {
      core_.on_message(now, in);
    } else if (in.kind() == InputKind::kTimer) {
      core_.on_timer(now);
    }
    for (unsigned n = 0; n < kMaxBurst && core_.has_draft(); ++n) {
      core_.write_draft(sink.claim(0));
      sink.commit(0);
    }
  }

  TimeNs next_due() const noexcept { return core_.next_due(); }
  bool more() const noexcept { return core_.has_draft(); }
  std::uint64_t state_hash() const noexcept {
    StateWriter w;
    core_.save(w);
    return w.hash();
  }
  void save(StateWriter& w) const noexcept { core_.save(w); }
  Result<void> load(StateReader& r) { return core_.load(r); }
  std::span<const std::int64_t> counters() const noexcept { return core_.counters(); }
  std::vector<std::string> counter_names() const { return core_.counter_names(); }
  /// For tests: positions, accounts and limits as the stage sees them.
  const RiskCore& core() const noexcept { return core_; }

 private:
  RiskCore core_;
};

static_assert(Stage<RiskStage>);

}  // namespace pinstripe
