// A recorded or synthetic market played live: each frame shows when the session's clock has passed
// its time, re-based to the start of the session and scaled, and is received at that clock's time.
#pragma once

#include <functional>
#include <memory>

#include "feed/live_source.h"

namespace pinstripe {

class PlayedSource : public LiveFrameSource {
 public:
  /// The first frame shows at once; an hour of `inner` takes 1 / `speed` hours. `clock` is the
  /// session's. A frame of more than `frame_bytes_max` is an error of the source.
  PlayedSource(std::unique_ptr<FrameSource> inner, double speed, std::function<TimeNs()> clock,
               std::size_t frame_bytes_max);
  const FeedFrame* peek() override;
  void pop() override;
  bool ended() const noexcept override { return ended_; }
  TimeNs due_ns() const noexcept override { return due_; }
  std::optional<Error> error() const override;
  std::int64_t backward_times() const noexcept override { return inner_->backward_times(); }
  std::span<const std::string> files() const noexcept override { return inner_->files(); }

 protected:
  /// When the first frame showed, and the frame's number from 0.
  SourceMark mark() const noexcept override;

 private:
  void start();
  TimeNs due_of(const FeedFrame& frame) const noexcept;

  std::unique_ptr<FrameSource> inner_;
  double speed_;
  std::function<TimeNs()> clock_;
  std::size_t frame_bytes_max_;
  FeedFrame shown_;
  TimeNs first_;               // recorded time of the first frame
  TimeNs began_;               // session time at which it showed
  TimeNs due_ = TimeNs::max();
  std::uint64_t number_ = 0;   // of the frame that comes next
  bool started_ = false;
  bool shows_ = false;
  bool ended_ = false;
  bool too_long_ = false;
};

}  // namespace pinstripe
