#include "feed/live/receipt_times.h"

#include <algorithm>

namespace pinstripe {
namespace {

constexpr std::int64_t kOffsetEveryNs = 20 * kNsPerMs;

}  // namespace

TimeNs ReceiptTimes::of(TimeNs receipt) noexcept {
  const std::int64_t age = receipt.value - offset_at_ns_;
  if (age >= kOffsetEveryNs || age < 0) {
    offset_at_ns_ = machine_ns_();
    offset_ns_ = session_().value - offset_at_ns_;
  }
  // A stamp from before the clock was set back, held against it afterwards, lies in the future:
  // nothing has come later than now, and what is told too late would hold up all that follows.
  TimeNs t = std::min(TimeNs(receipt.value + offset_ns_), session_());
  if (t < newest_) {
    ++backward_;
    t = newest_;
  }
  newest_ = t;
  return t;
}

}  // namespace pinstripe
