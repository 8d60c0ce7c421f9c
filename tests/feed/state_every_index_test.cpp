// The feed's state: saved and loaded at every index of a tape it goes on the same, and its hash
// covers values alone, neither capacities nor what is kept for people.
#include <gtest/gtest.h>

#include <memory>

#include "feed/synthetic.h"
#include "tests/feed/feed_support.h"
#include "tests/support/state_tape.h"

namespace pinstripe::feed_test {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;

/// A frame that owns its bytes.
struct TapeFrame {
  std::int64_t origin_ns = 0;
  FrameFormat format = FrameFormat::kBinanceRaw;
  std::string bytes;  // padded
  std::size_t size = 0;
};

TapeFrame frame_of(std::int64_t origin_ns, FrameFormat format, std::string_view bytes) {
  TapeFrame f{origin_ns, format, std::string(bytes), bytes.size()};
  f.bytes.append(kFramePadding, '\0');
  return f;
}

class FramePlayer {
 public:
  FramePlayer(const FeedConfig& config, const std::vector<TapeFrame>& tape,
              std::uint64_t first_line = 1)
      : sut(config), tape_(tape), first_line_(first_line) {}

  void play(std::size_t i) {
    const TapeFrame& f = tape_[i];
    while (sut.next_due().value < f.origin_ns) turn(sut.next_due(), FeedInput::timer());
    FeedFrame frame;
    frame.origin_ns = TimeNs(f.origin_ns);
    frame.format = f.format;
    frame.bytes = {f.bytes.data(), f.size};
    frame.instrument = 0;
    frame.line = first_line_ + i;
    turn(frame.origin_ns, FeedInput::frame(frame));
  }
  FeedStage sut;
  std::vector<std::uint64_t> out;

 private:
  void turn(TimeNs now, const FeedInput& in) {
    TestSink<MarketEvent> sink;
    sink.prepare(now, nullptr);
    sut.on_event(now, in, sink);
    while (sut.more()) sut.on_event(now, FeedInput::continued(), sink);
    for (const Entry& e : sink.entries) {
      Hasher h(e.port);
      digest_message(h, &e.message, sizeof(e.message));
      out.push_back(h.value());
    }
  }
  const std::vector<TapeFrame>& tape_;
  std::uint64_t first_line_;
};

/// A market of binary frames with a gap, its snapshot, and a silence that makes it stale.
std::vector<TapeFrame> synthetic_tape() {
  SyntheticConfig c;
  c.duration_ns = 8 * kNsPerSecond;
  c.rate_per_s = 60;
  c.gap_at_s = 4;
  SyntheticSource source(c);
  std::vector<TapeFrame> tape;
  for (; const FeedFrame* f = source.peek(); source.pop()) {
    const std::int64_t pause = tape.size() > 120 ? 3 * kNsPerSecond : 0;
    tape.push_back(frame_of(f->origin_ns.value + pause, f->format, f->bytes));
  }
  return tape;
}

FeedConfig synthetic_feed() {
  FeedConfig c;
  c.instruments.push_back(synthetic_instrument());
  c.book_levels = 256;
  c.frame_levels_max = 64;
  c.diffs_buffered_max = 64;
  c.diff_levels_buffered_max = 1'024;
  return c;
}

std::string depth(int last, const std::string& bid, const std::string& qty) {
  return R"({"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":)" + std::to_string(last - 4) +
         R"(,"u":)" + std::to_string(last) + R"(,"pu":)" + std::to_string(last - 5) +
         R"(,"b":[[")" + bid + R"(",")" + qty + R"("]],"a":[["100.3",")" + qty + R"("]]})";
}
std::string ticker(int id, const std::string& bid, const std::string& qty) {
  return R"({"e":"bookTicker","u":)" + std::to_string(id) + R"(,"s":"BTCUSDT","b":")" + bid +
         R"(","B":")" + qty + R"(","a":"100.3","A":")" + qty + R"(","T":1,"E":1})";
}
std::string trade(int id) {
  return R"({"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":)" + std::to_string(id) +
         R"(,"p":"100.2","q":"0.5","X":"MARKET","m":true})";
}
std::string mark(int rate) {
  return R"({"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"100.2","i":"100.1","r":"0.000)" +
         std::to_string(rate) + R"(","T":1700006400000})";
}

std::string candle(int i) {
  return R"({"e":"kline","E":1,"s":"BTCUSDT","k":{"t":0,"T":59999,"o":"100.0","c":"100.2",)"
         R"("h":"100.3","l":"99.9","v":")" + std::to_string(i) + R"(","n":9,"x":true}})";
}
std::string interest(int i) {
  return R"({"openInterest":")" + std::to_string(i / 2) + R"(","symbol":"BTCUSDT","time":1})";
}

/// JSON as a venue sends it: a first book without a snapshot, tickers ahead of the depth, a gap
/// that a snapshot heals, repeated trades, marks, lines that are refused, and a halt at the end.
std::vector<TapeFrame> text_tape() {
  std::vector<TapeFrame> tape;
  const auto put = [&](int ms, const std::string& bytes) {
    tape.push_back(frame_of(kStart + ms * kNsPerMs, FrameFormat::kBinanceRaw, bytes));
  };
  int id = 1'000;
  for (int i = 0; i < 45; ++i) {
    const std::string bid = i < 8 ? "99." + std::to_string(i) : "100.0";
    const std::string qty = std::to_string(1 + i % 5);
    put(i * 200, depth(id += i == 34 ? 25 : 5, bid, qty));
    put(i * 200 + 1, ticker(id, bid, qty));
    if (i % 3 == 0) put(i * 200 + 50, ticker(id + 2, bid, "9"));
    if (i % 4 == 0) put(i * 200 + 60, trade(500 + i / 8));
    if (i % 9 == 0) put(i * 200 + 70, mark(1 + i / 9));
    if (i % 5 == 0) put(i * 200 + 75, interest(i));
    if (i % 11 == 0) put(i * 200 + 76, candle(i));
    if (i == 20) put(i * 200 + 80, R"({"e":"depthUpdate","s":"BTCUSDT","U":1)");
    if (i == 22) put(i * 200 + 80, depth(id + 5, "100.05", "1"));
    if (i != 40) continue;
    put(i * 200 + 90, R"({"lastUpdateId":)" + std::to_string(id - 1) +
                          R"(,"bids":[["100.0","5"]],"asks":[["100.3","7"]]})");
  }
  for (const std::string_view word : {kNoticeHalted, kNoticeTrading, kNoticeChanged}) {
    tape.push_back(frame_of(kStart + 9'000 * kNsPerMs, FrameFormat::kNotice, word));
    for (int i = 0; i < 3; ++i) put(9'001 + i, depth(id += 5, "100.0", "3"));
  }
  return tape;
}

FeedConfig text_feed() {
  FeedConfig c = Rig::config_of("BINANCE_USDM:BTCUSDT");
  c.book_levels = 256;
  c.frame_bytes_max = 1 << 12;
  c.frame_levels_max = 64;
  c.diffs_buffered_max = 64;
  c.diff_levels_buffered_max = 1'024;
  return c;
}

TEST(FeedState, SavedAndLoadedAtEveryIndexGoesOnTheSame) {
  const auto binary = synthetic_tape();
  const auto text = text_tape();
  FramePlayer told(text_feed(), text);
  for (std::size_t i = 0; i < text.size(); ++i) told.play(i);
  for (const char* happened : {"gaps", "resyncs", "bad_lines", "off_grid", "trade_duplicates",
                               "ticker_matches", "marks", "notices", "passed_over", "open_interests",
                               "bars"}) {
    EXPECT_GT(counter(told.sut, happened), 0) << "the tape should hold " << happened;
  }
  const FeedConfig binary_config = synthetic_feed(), text_config = text_feed();
  const auto play_binary = [&] { return std::make_unique<FramePlayer>(binary_config, binary); };
  expect_same_after_a_load_anywhere(play_binary, binary.size());
  const auto play_text = [&] { return std::make_unique<FramePlayer>(text_config, text); };
  expect_same_after_a_load_anywhere(play_text, text.size());
}

TEST(FeedState, TheBadLineThatStoppedItIsStillToldAfterALoad) {
  FeedConfig config = text_feed();
  config.on_bad_line = OnBadLine::kStop;
  const auto tape = text_tape();
  FramePlayer first(config, tape);
  for (std::size_t i = 0; i < tape.size(); ++i) first.play(i);
  ASSERT_TRUE(first.sut.stopped());
  const std::vector<std::string> files{"a.txt"};
  const std::string said = describe(first.sut.last_error(), files);
  const auto again =
      resumed([&] { return std::make_unique<FramePlayer>(config, tape); }, saved_state(first.sut));
  EXPECT_TRUE(again->sut.stopped());
  EXPECT_EQ(describe(again->sut.last_error(), files), said);
  EXPECT_NE(said.find("a.txt:"), std::string::npos) << said;
}

TEST(FeedState, HashDoesNotSeeWhereABadLineStood) {
  const FeedConfig config = text_feed();
  const auto tape = text_tape();
  FramePlayer one(config, tape), other(config, tape, 5'000);
  expect_same_hashes(one, other, tape.size());
  EXPECT_NE(one.sut.last_error().line, other.sut.last_error().line);
}

TEST(FeedState, HashIsBlindToCapacities) {
  const auto tape = synthetic_tape();
  FeedConfig larger = synthetic_feed();
  larger.book_levels *= 4;
  larger.frame_levels_max *= 2;
  larger.diffs_buffered_max *= 2;
  FramePlayer one(synthetic_feed(), tape), other(larger, tape);
  expect_same_hashes(one, other, tape.size());
}

}  // namespace
}  // namespace pinstripe::feed_test
