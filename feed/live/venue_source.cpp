#include "feed/live/venue_source.h"

#include "shm/run/machine_time.h"

namespace pinstripe {

VenueSource::VenueSource(std::unique_ptr<MarketHub> hub, std::function<TimeNs()> clock,
                         const VenueSourceOptions& options)
    : hub_(std::move(hub)), times_(std::move(clock), realtime_ns), options_(options) {
  if (options.span_ns > 0) end_ = times_.now() + TimeNs(options.span_ns);
}

const FeedFrame* VenueSource::peek() {
  if (shows_) return &shown_;
  if (ended_ || (end_ != TimeNs::max() && times_.now() >= end_)) {
    ended_ = true;
    return nullptr;
  }
  const FeedFrame* const frame = hub_->next();
  if (frame == nullptr) return nullptr;
  shown_ = *frame;
  received_ns_ = frame->origin_ns.value;
  shown_.origin_ns = times_.of(frame->origin_ns);
  shows_ = true;
  return &shown_;
}

void VenueSource::pop() {
  if (!shows_) return;
  shows_ = false;
  hub_->pop();
  if (++frames_ == options_.frames_max) ended_ = true;
}

}  // namespace pinstripe
