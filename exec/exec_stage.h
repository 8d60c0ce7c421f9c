// exec: OrderCommand | MarketEvent | time -> ExecReport. With the paper venue behind it.
//
// The thin part is here (templates on the sink); the work is done in paper_venue.h. Reports wait in
// the venue's outbox and leave in bursts of at most kMaxBurst; a longer answer (an order that
// walked many levels) goes on in continued turns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exec/exec_config.h"
#include "exec/paper_venue.h"
#include "shm/msg/stage.h"

namespace pinstripe {

class ExecStage {
 public:
  using Config = ExecConfig;
  using In = Input;
  using Out = ExecReport;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 64;

  explicit ExecStage(const ExecConfig& config) : venue_(config) {}

  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& out) noexcept {
    take(now, in);
    for (unsigned n = 0; n < kMaxBurst && !venue_.outbox().empty(); ++n) {
      publish(venue_.outbox().front(), out.claim(0));
      out.commit(0);
      venue_.outbox().pop();
    }
  }

  TimeNs next_due() const noexcept { return venue_.next_due(); }
  bool more() const noexcept { return !venue_.outbox().empty(); }
  /// True while a market event alone could cause a report: an order rests or is on its way, or a
  /// position is held, for which the market may announce an earlier funding instant than planned.
  bool resting() const noexcept { return venue_.resting() || venue_.holds_position(); }
  /// No order reaches the venue sooner than this after it was sent.
  std::int64_t least_order_latency_ns() const noexcept { return venue_.least_order_latency_ns(); }

  std::uint64_t state_hash() const noexcept;
  void save(StateWriter& w) const noexcept { venue_.save(w); }
  Result<void> load(StateReader& r);
  std::span<const std::int64_t> counters() const noexcept { return venue_.counters(); }
  std::vector<std::string> counter_names() const { return venue_.counter_names(); }
  const PaperVenue& venue() const noexcept { return venue_; }

 private:
  void take(TimeNs now, const Input& in) noexcept;
  /// Copies a waiting report into the claimed slot; what the runner stamps stays as it is there.
  static void publish(const ExecReport& from, ExecReport& slot) noexcept;

  PaperVenue venue_;
};
static_assert(Stage<ExecStage>);

}  // namespace pinstripe
