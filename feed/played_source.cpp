#include "feed/played_source.h"

#include <string>

#include "shm/base/check.h"

namespace pinstripe {

PlayedSource::PlayedSource(std::unique_ptr<FrameSource> inner, double speed,
                           std::function<TimeNs()> clock, std::size_t frame_bytes_max)
    : inner_(std::move(inner)), speed_(speed), clock_(std::move(clock)),
      frame_bytes_max_(frame_bytes_max) {
  PINSTRIPE_CHECK(speed > 0, "a market that is played has a speed");
}

TimeNs PlayedSource::due_of(const FeedFrame& frame) const noexcept {
  const double span = static_cast<double>((frame.origin_ns - first_).value) / speed_;
  return began_ + TimeNs(static_cast<std::int64_t>(span));
}

/// The market goes on while nobody plays it: what was due before a successor came is passed over.
void PlayedSource::start() {
  started_ = true;
  const FeedFrame* frame = inner_->peek();
  if (frame == nullptr) return;
  first_ = frame->origin_ns;
  began_ = clock_();
  if (inherited() == nullptr) return;
  const TimeNs now = began_;
  began_ = TimeNs(static_cast<std::int64_t>((*inherited())[0]));
  const std::uint64_t taken = (*inherited())[1] + 1;
  for (; frame != nullptr && (number_ < taken || due_of(*frame) < now); frame = inner_->peek()) {
    inner_->pop();
    ++number_;
  }
}

const FeedFrame* PlayedSource::peek() {
  if (shows_) return &shown_;
  if (ended_) return nullptr;
  if (!started_) start();
  const FeedFrame* next = inner_->peek();
  too_long_ = next != nullptr && next->bytes.size() > frame_bytes_max_;
  if (next == nullptr || too_long_) {
    ended_ = true;
    due_ = TimeNs::max();
    return nullptr;
  }
  due_ = due_of(*next);
  const TimeNs now = clock_();
  if (now < due_) return nullptr;
  shown_ = *next;
  shown_.origin_ns = now;
  shows_ = true;
  return &shown_;
}

void PlayedSource::pop() {
  if (!shows_) return;
  shows_ = false;
  inner_->pop();
  ++number_;
}

SourceMark PlayedSource::mark() const noexcept {
  return {static_cast<std::uint64_t>(began_.value), number_};
}

std::optional<Error> PlayedSource::error() const {
  if (auto error = inner_->error()) return error;
  if (!too_long_) return std::nullopt;
  return Error{"frame " + std::to_string(number_) + " of the recorded data is longer than "
               "feed.frame_bytes_max (" + std::to_string(frame_bytes_max_) + "); raise it"};
}

}  // namespace pinstripe
