#include "shm/run/clock.h"

#include <time.h>

namespace pinstripe {
namespace {

std::int64_t read_ns(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return t.tv_sec * kNsPerSecond + t.tv_nsec;
}

struct Pair {
  std::uint64_t counter;
  std::int64_t monotonic;
};

/// The tightest of several (counter, clock, counter) sandwiches: an interrupt in between spoils
/// few.
Pair sample() {
  Pair best{};
  std::uint64_t narrowest = ~std::uint64_t{0};
  for (int i = 0; i < 32; ++i) {
    const std::uint64_t before = read_counter();
    const std::int64_t ns = read_ns(CLOCK_MONOTONIC);
    const std::uint64_t after = read_counter();
    if (after - before < narrowest) {
      narrowest = after - before;
      best = Pair{before + (after - before) / 2, ns};
    }
  }
  return best;
}

}  // namespace

ClockParams calibrate_clock(int milliseconds) {
  const Pair first = sample();
  const std::int64_t until = first.monotonic + milliseconds * kNsPerMs;
  while (read_ns(CLOCK_MONOTONIC) < until) {
  }
  const Pair last = sample();
  ClockParams p;
  p.ns_per_count = static_cast<double>(last.monotonic - first.monotonic) /
                   static_cast<double>(last.counter - first.counter);
  p.counter_base = last.counter;
  p.monotonic_base = last.monotonic;
  p.realtime_base = read_ns(CLOCK_REALTIME) - (read_ns(CLOCK_MONOTONIC) - last.monotonic);
  return p;
}

}  // namespace pinstripe
