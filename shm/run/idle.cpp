#include "shm/run/idle.h"

#include <sched.h>

namespace pinstripe {

WaitStrategy resolve_wait(WaitStrategy configured, bool core_is_own) noexcept {
  if (configured == WaitStrategy::kSpin && !core_is_own) return WaitStrategy::kYield;
  if (configured == WaitStrategy::kAuto && core_is_own) return WaitStrategy::kSpin;
  return configured;
}

void Idle::yield() noexcept { ::sched_yield(); }

}  // namespace pinstripe
