// How often this machine takes a core away from a thread that does nothing but look at the clock.
//
// No stage can be quicker than that: a gap here is time in which the hypervisor, the kernel or
// another process ran on the core. Whatever of a pipeline's tail a bare spinning thread sees as
// well is the machine's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include "bench/machine.h"

namespace pinstripe::bench {

struct MachineStalls {
  double over_100us_percent = 0;  // share of the cores' time in gaps above 100 us
  double over_1ms_percent = 0;    // above 1 ms
  double max_us = 0;              // the longest gap on any core
};

/// Spins on the counter on each of `cores` at once, for `seconds`.
inline MachineStalls measure_stalls(const std::vector<int>& cores, double seconds) {
  struct Gaps {
    double total_us = 0, over_100us = 0, over_1ms = 0, max_us = 0;
  };
  const double us_per_tick = ns_per_tick() / 1e3;
  std::vector<Gaps> gaps(cores.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < cores.size(); ++i) {
    threads.emplace_back([&, i] {
      pin(cores[i]);
      Gaps seen;
      for (std::uint64_t last = read_counter(); seen.total_us < seconds * 1e6;) {
        const std::uint64_t now = read_counter();
        const double gap_us = static_cast<double>(now - last) * us_per_tick;
        last = now;
        seen.total_us += gap_us;
        if (gap_us > 100) seen.over_100us += gap_us;
        if (gap_us > 1'000) seen.over_1ms += gap_us;
        seen.max_us = std::max(seen.max_us, gap_us);
      }
      gaps[i] = seen;
    });
  }
  for (std::thread& t : threads) t.join();
  Gaps all;
  for (const Gaps& g : gaps) {
    all.total_us += g.total_us;
    all.over_100us += g.over_100us;
    all.over_1ms += g.over_1ms;
    all.max_us = std::max(all.max_us, g.max_us);
  }
  return {100 * all.over_100us / all.total_us, 100 * all.over_1ms / all.total_us, all.max_us};
}

}  // namespace pinstripe::bench
