#include "tools/session/restart_policy.h"

#include <algorithm>

namespace pinstripe {

AfterDeath RestartPolicy::note(const StageDeath& death) noexcept {
  if (death.own_doing) {
    if (poison_ == death.records) return AfterDeath::kPoison;
    poison_ = death.records;
  }
  const bool went_on = death.records > records_;
  records_ = std::max(records_, death.records);
  const bool counts = death.own_doing || !limits_.lift_kill_limit;
  in_a_row_ = (went_on ? 0 : in_a_row_) + (counts ? 1 : 0);
  return in_a_row_ > limits_.restarts_max ? AfterDeath::kLimit : AfterDeath::kRestart;
}

std::int64_t RestartPolicy::wait_ms() const noexcept {
  if (in_a_row_ <= 1) return 0;
  const int doublings = std::min(in_a_row_ - 2, 30);
  return std::min(limits_.backoff_first_ms << doublings, limits_.backoff_most_ms);
}

}  // namespace pinstripe
