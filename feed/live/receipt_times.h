// Kernel receive stamps (CLOCK_REALTIME) in the session's time, which counts on by itself while the
// machine's clock may be stepped or slewed. Never backwards, and never later than now.
#pragma once

#include <cstdint>
#include <functional>

#include "shm/base/units.h"

namespace pinstripe {

class ReceiptTimes {
 public:
  /// `session`: the session's clock; `machine_ns`: CLOCK_REALTIME.
  ReceiptTimes(std::function<TimeNs()> session, std::function<std::int64_t()> machine_ns)
      : session_(std::move(session)), machine_ns_(std::move(machine_ns)) {}

  TimeNs of(TimeNs receipt) noexcept;
  TimeNs now() const noexcept { return session_(); }
  /// Receipts that lay before the one before: two connections, or a clock that was set back.
  std::int64_t backward_times() const noexcept { return backward_; }

 private:
  std::function<TimeNs()> session_;
  std::function<std::int64_t()> machine_ns_;
  std::int64_t offset_ns_ = 0;     // session time - CLOCK_REALTIME
  std::int64_t offset_at_ns_ = 0;  // CLOCK_REALTIME at which it was read
  std::int64_t backward_ = 0;
  TimeNs newest_;
};

}  // namespace pinstripe
