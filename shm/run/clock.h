// The session clock: the processor's invariant counter, calibrated once and shared by all stages.
//
// Only runners and benches read it. Stages get event time with each input; measurement stamps are
// written by runners and covered by no digest.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "shm/base/units.h"

namespace pinstripe {

/// The raw counter: TSC on x86-64, the virtual counter on AArch64.
inline std::uint64_t read_counter() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t v = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(v));
  return v;
#else
#error "no invariant counter known for this processor"
#endif
}

/// Calibration, written once into the session directory and read by every process.
struct ClockParams {
  std::uint64_t counter_base = 0;   // counter at calibration
  std::int64_t realtime_base = 0;   // CLOCK_REALTIME at that moment, ns since the epoch
  std::int64_t monotonic_base = 0;  // CLOCK_MONOTONIC at that moment, ns
  double ns_per_count = 0;          // > 0
};

/// Measurement stamps are 32-bit: the counter since calibration in units of 4 counts (1.6 ns at
/// 2.45 GHz), so differences up to about 7 s are right; a longer queueing time wraps.
class SessionClock {
 public:
  SessionClock() = default;
  explicit SessionClock(const ClockParams& params) noexcept : params_(params) {}

  std::uint32_t stamp() const noexcept {
    return static_cast<std::uint32_t>((read_counter() - params_.counter_base) >> 2);
  }
  /// Stamp of a moment on CLOCK_MONOTONIC (the intended send time of a paced event).
  std::uint32_t stamp_of_monotonic(std::int64_t monotonic_ns) const noexcept {
    const double counts =
        static_cast<double>(monotonic_ns - params_.monotonic_base) / params_.ns_per_count;
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(counts) >> 2);
  }
  /// Nanoseconds between two stamps, `later` - `earlier`, modulo the wrap.
  std::int64_t ns_between(std::uint32_t earlier, std::uint32_t later) const noexcept {
    const auto delta = static_cast<std::int32_t>(later - earlier);
    return static_cast<std::int64_t>(static_cast<double>(delta) * 4.0 * params_.ns_per_count);
  }
  /// CLOCK_MONOTONIC now, computed from the counter (no system call).
  std::int64_t monotonic_ns() const noexcept {
    const auto counts = static_cast<std::int64_t>(read_counter() - params_.counter_base);
    return params_.monotonic_base +
           static_cast<std::int64_t>(static_cast<double>(counts) * params_.ns_per_count);
  }
  /// Now, as event time of a live session: CLOCK_REALTIME of the calibration, carried on by the
  /// counter, so that it is one for all stages and is never set back.
  TimeNs session_time() const noexcept {
    return TimeNs(monotonic_ns() - params_.monotonic_base + params_.realtime_base);
  }
  /// Stamp of a moment of session time (the receipt of a frame).
  std::uint32_t stamp_of(TimeNs t) const noexcept {
    return stamp_of_monotonic(t.value - params_.realtime_base + params_.monotonic_base);
  }
  const ClockParams& params() const noexcept { return params_; }

 private:
  ClockParams params_;
};

/// Measures the counter against CLOCK_MONOTONIC for about `milliseconds`; start-up only.
ClockParams calibrate_clock(int milliseconds = 50);

}  // namespace pinstripe
