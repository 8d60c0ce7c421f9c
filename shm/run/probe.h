// What a runner measures per message, into the stage page. Measurement stamps only; no stage sees
// them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/ring/stage_page.h"
#include "shm/run/clock.h"

namespace pinstripe {

class Probe {
 public:
  /// Breaches beyond the budgets are counted; 0 = no budget.
  Probe(StagePage& page, SessionClock clock, std::int64_t service_budget_ns,
        std::int64_t path_budget_ns) noexcept
      : page_(page), clock_(clock), service_budget_ns_(service_budget_ns),
        path_budget_ns_(path_budget_ns) {}

  /// A message published at `published` was taken at `taken` from input `input`.
  void taken(std::size_t input, std::uint32_t published, std::uint32_t taken) noexcept {
    const std::int64_t ns = clock_.ns_between(published, taken);
    page_.queueing.record(ns);
    if (input < kPageInputHistograms) page_.input_queueing[input].record(ns);
  }
  /// The turn that began at `taken` ended at `served`.
  void served(std::uint32_t taken, std::uint32_t served) noexcept {
    const std::int64_t ns = clock_.ns_between(taken, served);
    page_.service.record(ns);
    if (ns > longest_ns_) [[unlikely]] note_longest(ns);
    if (service_budget_ns_ > 0 && ns > service_budget_ns_) page_.budget_breaches_service.add(1);
    page_.turns.add(1);
  }
  /// exec saw an order whose origin was sent at `origin`.
  void order_seen(std::uint32_t origin, std::uint32_t seen) noexcept {
    const std::int64_t ns = clock_.ns_between(origin, seen);
    page_.tick_to_order.record(ns);
    if (path_budget_ns_ > 0 && ns > path_budget_ns_) page_.budget_breaches_path.add(1);
  }
  void timer() noexcept {
    page_.timers.add(1);
    page_.turns.add(1);
  }

 private:
  [[gnu::noinline, gnu::cold]] void note_longest(std::int64_t ns) noexcept {
    longest_ns_ = ns;
    page_.longest_turn_ns.set(ns);
    page_.longest_turn_at_ns.set(clock_.monotonic_ns());
  }

  StagePage& page_;
  SessionClock clock_;
  std::int64_t service_budget_ns_;
  std::int64_t path_budget_ns_;
  std::int64_t longest_ns_ = 0;
};

}  // namespace pinstripe
