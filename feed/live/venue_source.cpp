#include "feed/live/venue_source.h"

#include "shm/run/machine_time.h"

namespace pinstripe {
namespace {

/// The session's clock counts on by itself; the machine's may be stepped or slewed.
constexpr std::int64_t kOffsetEveryNs = 20 * kNsPerMs;

}  // namespace

VenueSource::VenueSource(std::unique_ptr<MarketHub> hub, std::function<TimeNs()> clock,
                         const VenueSourceOptions& options)
    : hub_(std::move(hub)), clock_(std::move(clock)), options_(options) {
  if (options.span_ns > 0) end_ = clock_() + TimeNs(options.span_ns);
}

const FeedFrame* VenueSource::peek() {
  if (shows_) return &shown_;
  if (ended_ || (end_ != TimeNs::max() && clock_() >= end_)) {
    ended_ = true;
    return nullptr;
  }
  const FeedFrame* const frame = hub_->next();
  if (frame == nullptr) return nullptr;
  shown_ = *frame;
  received_ns_ = frame->origin_ns.value;
  shown_.origin_ns = session_time_of(frame->origin_ns);
  shows_ = true;
  return &shown_;
}

void VenueSource::pop() {
  if (!shows_) return;
  shows_ = false;
  hub_->pop();
  if (++frames_ == options_.frames_max) ended_ = true;
}

TimeNs VenueSource::session_time_of(TimeNs realtime) noexcept {
  const std::int64_t age = realtime.value - offset_at_ns_;
  if (age >= kOffsetEveryNs || age < 0) {
    offset_at_ns_ = realtime_ns();
    offset_ns_ = clock_().value - offset_at_ns_;
  }
  TimeNs t(realtime.value + offset_ns_);
  if (t < newest_) {  // two connections, or a clock that was set back
    ++backward_;
    t = newest_;
  }
  newest_ = t;
  return t;
}

}  // namespace pinstripe
