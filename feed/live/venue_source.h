// Venues' live markets as a source of frames.
#pragma once

#include <functional>
#include <memory>

#include "feed/live/market_hub.h"
#include "feed/live/receipt_times.h"
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
  TimeNs due_ns() const noexcept override { return times_.now() + TimeNs(kLookEveryNs); }
  std::optional<Error> error() const override { return std::nullopt; }
  std::int64_t backward_times() const noexcept override { return times_.backward_times(); }
  std::span<const std::string> files() const noexcept override { return hub_->names(); }
  void set_needs(std::function<BookNeed(std::uint16_t)> needs) override {
    hub_->set_needs(std::move(needs));
  }
  void set_refused(std::function<std::int64_t()> refused) override {
    hub_->set_refused(std::move(refused));
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

  std::unique_ptr<MarketHub> hub_;
  ReceiptTimes times_;
  VenueSourceOptions options_;
  FeedFrame shown_;
  bool shows_ = false;
  bool ended_ = false;
  std::uint64_t frames_ = 0;
  std::int64_t received_ns_ = 0;        // CLOCK_REALTIME, of the frame shown
  TimeNs end_ = TimeNs::max();
};

}  // namespace pinstripe
