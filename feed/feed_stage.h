// The feed stage: frames in, market events out, one port a reader.
//
//   port 0 features   levels of the fused book, touch, trade, mark, funding, book state; open
//                     interest, liquidations, closed candles
//   port 1 risk       the first without levels
//   port 2 exec       the first
//
// A kBookState message with kFlagSnapshot set says: forget this instrument's book and touch, what
// follows builds it afresh. See feed/README.md for the fused book and the sequence guard.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "feed/feed_config.h"
#include "feed/feed_error.h"
#include "feed/frame.h"
#include "feed/out_queue.h"
#include "shm/msg/market_event.h"
#include "shm/msg/stage.h"

namespace pinstripe {

class FeedEngine;

class FeedStage {
 public:
  using Config = FeedConfig;
  using In = FeedInput;
  using Out = MarketEvent;
  static constexpr unsigned kPorts = kFeedPorts;
  static constexpr unsigned kMaxBurst = 256;

  explicit FeedStage(const Config& config);
  ~FeedStage();
  FeedStage(FeedStage&&) noexcept;
  FeedStage& operator=(FeedStage&&) noexcept;

  template <class S>
  void on_event(TimeNs now, const In& in, S& sink) noexcept {
    OutQueue& queue = *queue_;
    if (in.kind() != InputKind::kContinue || queue.empty()) take(now, in);
    for (unsigned n = 0; n < kMaxBurst && !queue.empty(); ++n) {
      publish(queue.front(), queue, sink);
      queue.pop();
    }
  }
  TimeNs next_due() const noexcept;
  bool more() const noexcept { return !queue_->empty() || queue_->is_pending; }
  std::uint64_t state_hash() const noexcept;
  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);
  std::span<const std::int64_t> counters() const noexcept;
  std::vector<std::string> counter_names() const;

  /// Why the book of `instrument` may not be traded, for whoever can do something about it.
  BookState book_state(std::uint16_t instrument) const noexcept;
  /// Frames that were refused, for whatever reason.
  std::int64_t refused() const noexcept;
  /// The last frame that was refused; kind kNone where there was none.
  const FeedError& last_error() const noexcept;
  /// Everything that was refused, by kind.
  const FeedErrors& errors() const noexcept;
  /// True after a bad line under `on_bad_line: stop`; frames are then no longer taken.
  bool stopped() const noexcept;

 private:
  void take(TimeNs now, const In& in) noexcept;

  template <class S>
  static void publish(const OutEvent& e, const OutQueue& queue, S& sink) noexcept {
    for (unsigned port = 0; port < kPorts; ++port) {
      const auto bit = static_cast<std::uint8_t>(1u << port);
      if ((e.ports & bit) == 0) continue;
      MarketEvent& m = sink.claim(port);
      m.h.type = e.type;
      m.h.flags = static_cast<std::uint8_t>(e.flags |
                                            ((e.end_ports & bit) != 0 ? kFlagEndOfUpdate : 0));
      m.h.instrument = e.instrument;
      m.h.origin_ns = queue.origin_ns;
      m.h.venue_offset_us = queue.venue_offset_us;
      m.a = e.a;
      m.b = e.b;
      sink.commit(port);
    }
  }

  std::unique_ptr<FeedEngine> engine_;
  OutQueue* queue_;  // the engine's
};
static_assert(Stage<FeedStage>);

}  // namespace pinstripe
