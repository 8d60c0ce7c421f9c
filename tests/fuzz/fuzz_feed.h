// Shared by the feed fuzzers: one stage that takes whatever comes; the input's first bytes choose
// times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/feed_stage.h"
#include "feed/frame.h"
#include "feed/instrument_table.h"

namespace pinstripe::fuzz {

struct CountingSink {
  MarketEvent scratch;
  std::uint64_t count = 0;
  MarketEvent& claim(unsigned port) noexcept {
    if (port >= FeedStage::kPorts) __builtin_trap();
    return scratch;
  }
  void commit(unsigned) noexcept { ++count; }
};

inline FeedConfig config(std::string_view venue, std::string_view symbol) {
  FeedConfig c;
  c.instruments.push_back(*find_instrument(venue, symbol));
  c.frame_bytes_max = 1 << 16;
  c.frame_levels_max = 1'000;
  c.book_levels = 128;
  c.diffs_buffered_max = 16;
  c.diff_levels_buffered_max = 2'048;
  return c;
}

/// Splits the input at line feeds and feeds every piece as one frame, ten milliseconds apart; one
/// that begins with '!' is a notice of the source's own, whatever the format of the others. The
/// book that comes out is never crossed while it says that it is valid.
inline void feed_lines(FeedStage& stage, std::string_view input, FrameFormat format) {
  CountingSink sink;
  std::string padded;
  TimeNs now(1'700'000'000'000'000'000);
  std::uint64_t line = 0;
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    std::string_view bytes = input.substr(0, end);
    const bool is_notice = bytes.starts_with('!');
    if (is_notice) bytes.remove_prefix(1);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    padded.assign(bytes);
    padded.append(kFramePadding, '\0');
    FeedFrame frame;
    frame.origin_ns = now;
    frame.format = is_notice ? FrameFormat::kNotice : format;
    frame.bytes = {padded.data(), bytes.size()};
    frame.instrument = 0;
    frame.line = ++line;
    while (stage.next_due() <= now) stage.on_event(stage.next_due(), FeedInput::timer(), sink);
    stage.on_event(now, FeedInput::frame(frame), sink);
    for (int i = 0; stage.more(); ++i) {
      if (i > 1'000) __builtin_trap();
      stage.on_event(now, FeedInput::continued(), sink);
    }
    now += TimeNs(10'000'000);
  }
}

}  // namespace pinstripe::fuzz
