// Which instruments risk holds a position or a working order of, read from its stage page: what
// must be seen again first after a loss.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shm/ring/stage_page.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

class MoneyAtStake {
 public:
  /// Of a session that runs; nothing is at stake where risk has no page yet.
  explicit MoneyAtStake(const SessionPlan& plan);
  /// A position or a working order. As of risk's last publishing, a millisecond or so ago.
  bool of(std::uint16_t instrument);

 private:
  static constexpr std::size_t kNowhere = SIZE_MAX;
  struct Places {
    std::size_t position = kNowhere;  // among the page's counters
    std::size_t working = kNowhere;
  };

  void find_places();

  const SessionPlan& plan_;
  std::optional<StagePageView> page_;
  std::vector<Places> places_;  // by instrument; empty: not found yet
};

}  // namespace pinstripe
