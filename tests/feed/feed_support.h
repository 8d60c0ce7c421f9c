// Helpers of the feed tests: instruments, counters by name, running a stage over frames.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "feed/feed_stage.h"
#include "feed/frame.h"
#include "feed/instrument_table.h"
#include "feed/source.h"
#include "tests/support/test_sink.h"

namespace pinstripe::feed_test {

using Entry = TestSink<MarketEvent>::Entry;

inline const std::vector<std::string>& captures() {
  static const std::vector<std::string> names{
      "usdm_btcusdt_20230404", "usdm_btcusdt_20230405", "usdm_btcusdt_20240718",
      "usdm_btcusdt_20240719", "usdm_btcusdt_20240808", "usdm_ethusdt_20240808",
      "spot_btcusdt_20230405", "spot_btcusdt_20240808", "spot_btcusdt_20240809",
      "spot_ethusdt_20240808", "spot_ethusdt_20240809", "cm_btcusd_perp_20240808",
      "cm_btcusd_perp_20240809"};
  return names;
}
inline std::string capture_path(const std::string& name) {
  return "binance_l2_raw/" + name + ".txt.gz";
}

inline Instrument instrument(std::string_view id) {
  auto found = find_instrument(id);
  EXPECT_TRUE(found.has_value()) << id;
  return found.value_or(Instrument{});
}

/// A value by its counter name.
inline std::int64_t counter(const FeedStage& sut, std::string_view name) {
  const auto names = sut.counter_names();
  const auto at = std::ranges::find(names, name);
  EXPECT_NE(at, names.end()) << name;
  if (at == names.end()) return -1;
  return sut.counters()[static_cast<std::size_t>(at - names.begin())];
}

/// A stage with frames made from text; keeps the bytes padded.
class Rig {
 public:
  explicit Rig(FeedConfig config) : config_(std::move(config)), sut(config_) {}
  explicit Rig(std::string_view instrument_id) : Rig(config_of(instrument_id)) {}

  static FeedConfig config_of(std::string_view instrument_id) {
    FeedConfig c;
    c.instruments.push_back(instrument(instrument_id));
    return c;
  }
  /// One frame; output is appended to `out.entries`.
  void send(TimeNs now, std::string_view bytes, FrameFormat format = FrameFormat::kBinanceRaw) {
    padded_.assign(bytes);
    padded_.append(kFramePadding, '\0');
    FeedFrame frame;
    frame.origin_ns = now;
    frame.format = format;
    frame.bytes = {padded_.data(), bytes.size()};
    frame.instrument = 0;
    frame.line = ++line_;
    send(now, frame);
  }
  void send(TimeNs now, const FeedFrame& frame) { turn(now, FeedInput::frame(frame)); }
  void tick(TimeNs now) { turn(now, FeedInput::timer()); }
  void turn(TimeNs now, const FeedInput& in) {
    out.prepare(now, nullptr);
    sut.on_event(now, in, out);
    while (sut.more()) sut.on_event(now, FeedInput::continued(), out);
  }
  /// Messages of one port since the last call.
  std::vector<MarketEvent> take(unsigned port) {
    std::vector<MarketEvent> got;
    for (const Entry& e : out.entries) {
      if (e.port == port) got.push_back(e.message);
    }
    out.entries.clear();
    return got;
  }
  std::int64_t count(std::string_view name) const { return counter(sut, name); }
  BookState state() const {
    return static_cast<BookState>(count(config_.instruments[0].id + ".book_state"));
  }

 private:
  FeedConfig config_;
  std::string padded_;
  std::uint64_t line_ = 0;

 public:
  FeedStage sut;
  TestSink<MarketEvent> out;
};

}  // namespace pinstripe::feed_test
