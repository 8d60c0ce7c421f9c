// Venues' live markets as a source of frames.
#pragma once

#include <functional>
#include <memory>

#include "feed/live/market_hub.h"
#include "feed/live_source.h"

namespace pinstripe {

struct VenueSourceOptions {
  std::int64_t span_ns = 0;        // ends after so much session time; 0: never
  std::uint64_t frames_max = 0;    // ends after so many frames; 0: never
};

class VenueSource final : public LiveFrameSource {
 public:
  /// `clock` is the session's.
  VenueSource(std::unique_ptr<MarketHub> hub, std::function<TimeNs()> clock,
              const VenueSourceOptions& options);

  const FeedFrame* peek() override;
  void pop() override;
  bool ended() const noexcept override { return ended_; }
  /// Sockets are looked at this often at least, however a stage waits.
  TimeNs due_ns() const noexcept override { return clock_() + TimeNs(kLookEveryNs); }
  std::optional<Error> error() const override { return std::nullopt; }
  std::int64_t backward_times() const noexcept override { return backward_; }
  std::span<const std::string> files() const noexcept override { return hub_->names(); }
  void set_needs(std::function<BookNeed(std::uint16_t)> needs) override {
    hub_->set_needs(std::move(needs));
  }
  MarketHub& hub() noexcept { return *hub_; }

 protected:
  /// Frames before this one; CLOCK_REALTIME of its receipt, which origin_ns tells only to within
  /// what the machine's clock was set in between (and never back).
  SourceMark mark() const noexcept override {
    return {frames_, static_cast<std::uint64_t>(received_ns_)};
  }

 private:
  static constexpr std::int64_t kLookEveryNs = 100 * kNsPerUs;

  TimeNs session_time_of(TimeNs realtime) noexcept;

  std::unique_ptr<MarketHub> hub_;
  std::function<TimeNs()> clock_;
  VenueSourceOptions options_;
  FeedFrame shown_;
  bool shows_ = false;
  bool ended_ = false;
  std::uint64_t frames_ = 0;
  std::int64_t received_ns_ = 0;        // CLOCK_REALTIME, of the frame shown
  std::int64_t offset_ns_ = 0;          // session time - CLOCK_REALTIME
  std::int64_t offset_at_ns_ = 0;       // realtime at which it was read
  std::int64_t backward_ = 0;
  TimeNs end_ = TimeNs::max();
  TimeNs newest_;
};

}  // namespace pinstripe
