// Recordings of Bybit and OKX sessions: their paths, and playing them through the feed stage.
#pragma once

#include <functional>

#include "feed/inspect.h"
#include "tests/feed/feed_support.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {

inline constexpr const char* kBybitRecording = "ws_raw/bybit_v5_linear_20260809.jsonl.zst";
inline constexpr const char* kOkxRecording = "ws_raw/okx_v5_books_20220513.jsonl.zst";
inline constexpr const char* kOkxTickRecording = "ws_raw/okx_v5_books-l2-tbt_20220227.txt.zst";

/// Drops what it gets: these tests look at counters and books.
struct DroppingSink {
  MarketEvent scratch;
  MarketEvent& claim(unsigned) noexcept { return scratch; }
  void commit(unsigned) noexcept {}
};

/// A stage over the frames of a recording.
struct Playback {
  explicit Playback(const CaptureInfo& info) : stage(config_of(info)) {
    source = std::move(*open_captures(info.streams));
  }
  static FeedConfig config_of(const CaptureInfo& info) {
    FeedConfig c;
    c.instruments = info.instruments;
    c.stale_depth_ns = 0;  // quiet instruments are no fault
    return c;
  }
  /// Plays all; `each` sees every frame before the stage does and may leave it out.
  void play(const std::function<bool(const FeedFrame&)>& each = [](const auto&) { return true; }) {
    DroppingSink sink;
    while (const FeedFrame* f = source->peek()) {
      if (each(*f)) {
        while (stage.next_due() <= f->origin_ns) {
          stage.on_event(stage.next_due(), FeedInput::timer(), sink);
        }
        stage.on_event(f->origin_ns, FeedInput::frame(*f), sink);
        while (stage.more()) stage.on_event(f->origin_ns, FeedInput::continued(), sink);
      }
      source->pop();
    }
    EXPECT_FALSE(source->error().has_value());
  }
  std::int64_t count(std::string_view name) const { return counter(stage, name); }

  FeedStage stage;
  std::unique_ptr<FrameSource> source;
};

}  // namespace pinstripe::feed_test
