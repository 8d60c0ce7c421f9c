// Whole recordings of Bybit and OKX: nothing refused, no break, every checksum right; what is put
// in wrong is found.
#include <gtest/gtest.h>

#include <set>

#include "tests/feed/recording_support.h"

namespace pinstripe::feed_test {
namespace {

void expect_no_fault(const Playback& sut) {
  for (const char* none : {"bad_lines", "gaps", "duplicates", "out_of_order", "crossed",
                           "levels_dropped", "clock_ahead", "trade_holes", "trade_duplicates",
                           "updates_unused", "checksum_mismatches"}) {
    EXPECT_EQ(sut.count(none), 0) << none;
  }
  EXPECT_EQ(sut.source->backward_times(), 0);
}

TEST(Recordings, BybitSpotAndLinearAreTwoMarketsWithTheSameTopics) {
  PINSTRIPE_NEED_DATA(path, kBybitRecording);
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  std::set<std::string> ids;
  for (const Instrument& i : info->instruments) ids.insert(i.id);
  EXPECT_EQ(ids, (std::set<std::string>{"BYBIT:BTCUSDT", "BYBIT:ETHUSDT", "BYBIT_LINEAR:BTCUSDT",
                                        "BYBIT_LINEAR:DOGEUSDT", "BYBIT_LINEAR:ETHUSDT",
                                        "BYBIT_LINEAR:SOLUSDT"}));
  EXPECT_TRUE(info->left_out.empty());
  Playback sut(*info);
  sut.play();
  expect_no_fault(sut);
  EXPECT_EQ(sut.count("frames"), 3'227) << "every line that was received, once";
  EXPECT_EQ(sut.count("snapshots"), 6);
  EXPECT_EQ(sut.count("depths"), 2'142);
  EXPECT_EQ(sut.count("tickers"), 839);
  EXPECT_EQ(sut.count("trades"), 347);
  EXPECT_EQ(sut.count("bars"), 6) << "one minute ended";
  EXPECT_EQ(sut.count("other"), 96 - 6 + 24) << "open candles and acknowledgements";
  EXPECT_GT(sut.count("open_interests"), 0);
  for (const Instrument& i : info->instruments) {
    EXPECT_EQ(sut.count(i.id + ".book_state"), static_cast<std::int64_t>(BookState::kValid));
    EXPECT_EQ(sut.count(i.id + ".bid_levels"), 200) << i.id;
    EXPECT_EQ(sut.count(i.id + ".ask_levels"), 200) << i.id;
  }
  EXPECT_EQ(sut.count("events"), info->events + sut.count("other"));
}

TEST(Recordings, OkxBooksAgreeWithEveryChecksum) {
  PINSTRIPE_NEED_DATA(path, kOkxRecording);
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  Playback sut(*info);
  sut.play();
  expect_no_fault(sut);
  EXPECT_EQ(info->instruments.size(), 3u);
  EXPECT_EQ(sut.count("checksum_matches"), 290);
  EXPECT_EQ(sut.count("trades"), 74);
  EXPECT_EQ(sut.count("tickers"), 28);
}

TEST(Recordings, OkxTickByTickAgreesWithEveryChecksumOfWhatIsTraded) {
  PINSTRIPE_NEED_DATA(path, kOkxTickRecording);
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->instruments.size(), 3u) << "ZEN-USDT, PROPS-ETH, UNI-USD-SWAP";
  EXPECT_EQ(info->left_out.size(), 7u) << "six options and ELON-USDT, whose tick is 1e-11";
  Playback sut(*info);
  sut.play();
  expect_no_fault(sut);
  EXPECT_EQ(sut.count("checksum_matches"), 208 + 396 + 1'337);
  EXPECT_EQ(sut.count("snapshots"), 6) << "subscribed twice, each with a snapshot of its own";
}

/// Options have no record of ours; with one made up of their grid their books agree too.
TEST(Recordings, OkxOptionsAgreeWithEveryChecksum) {
  PINSTRIPE_NEED_DATA(path, kOkxTickRecording);
  CaptureInfo info;
  for (const char* symbol :
       {"BTC-USD-220325-40000-C", "ETH-USD-220228-3000-C", "ETH-USD-220325-8800-P",
        "ETH-USD-220429-1900-P", "ETH-USD-220624-12000-P", "ETH-USD-220624-20000-C"}) {
    Instrument i = instrument("OKX_FUTURES:BTC-USD-220527");
    i.symbol = symbol;
    i.id = std::string("OKX_OPTIONS:") + symbol;
    i.tick_e8 = 50'000;
    const auto index = static_cast<std::uint16_t>(info.instruments.size());
    info.instruments.push_back(i);
    info.streams.push_back({index, CaptureFormat::kOkxRaw, {path}, 0,
                            {{symbol, {}, RestOfLines::kNone}}});
  }
  Playback sut(info);
  sut.play();
  expect_no_fault(sut);
  EXPECT_EQ(sut.count("checksum_matches"), 60 + 23 + 20 + 11 + 8 + 2 + 12);
}

bool is_book(const FeedFrame& f) {
  return f.bytes.contains("\"orderbook.") || f.bytes.contains("\"channel\":\"books");
}
bool is_update(const FeedFrame& f) {
  return is_book(f) && !f.bytes.contains("\"snapshot\"");
}

CaptureInfo only(const std::string& path, const std::string& id) {
  InspectOptions options;
  options.instruments = {id};
  auto info = inspect_captures({path}, options);
  EXPECT_TRUE(info.has_value()) << info.error().message;
  return info.value_or(CaptureInfo{});
}

TEST(RecordingFaults, ARemovedBybitUpdateIsOneGap) {
  PINSTRIPE_NEED_DATA(path, kBybitRecording);
  Playback sut(only(path, "BYBIT_LINEAR:ETHUSDT"));
  int updates = 0;
  sut.play([&](const FeedFrame& f) { return !is_update(f) || ++updates != 200; });
  EXPECT_EQ(sut.count("gaps"), 1);
  EXPECT_EQ(sut.count("BYBIT_LINEAR:ETHUSDT.book_state"),
            static_cast<std::int64_t>(BookState::kGap));
  EXPECT_EQ(sut.count("updates_unused"), 420 - 201);
}

/// Frames of one instrument, to be played in another order.
std::vector<std::string> frames_of(const std::string& path, const std::string& id) {
  std::vector<std::string> frames;
  Playback reading(only(path, id));
  reading.play([&](const FeedFrame& f) {
    frames.emplace_back(f.bytes);
    return false;
  });
  return frames;
}

std::vector<std::size_t> updates_in(const std::vector<std::string>& frames) {
  std::vector<std::size_t> updates;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    FeedFrame f;
    f.bytes = frames[i];
    if (is_update(f)) updates.push_back(i);
  }
  return updates;
}

Rig played(const std::vector<std::string>& frames, const char* id, FrameFormat format) {
  Rig rig(id);
  std::int64_t now = 1'000'000'000;
  for (const std::string& f : frames) rig.send(TimeNs(now += 1'000'000), f, format);
  return rig;
}

TEST(RecordingFaults, ARepeatedBybitUpdateChangesNothing) {
  PINSTRIPE_NEED_DATA(path, kBybitRecording);
  std::vector<std::string> frames = frames_of(path, "BYBIT:BTCUSDT");
  const auto plain = played(frames, "BYBIT:BTCUSDT", FrameFormat::kBybitRaw);
  const std::vector<std::size_t> updates = updates_in(frames);
  for (std::size_t k = updates.size(); k > 0; --k) {
    const std::size_t at = updates[k - 1];
    if (k % 10 == 0) frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at), frames[at]);
  }
  const auto rig = played(frames, "BYBIT:BTCUSDT", FrameFormat::kBybitRaw);
  EXPECT_EQ(rig.count("duplicates"), static_cast<std::int64_t>(updates.size() / 10));
  EXPECT_EQ(rig.count("gaps"), 0);
  EXPECT_EQ(rig.count("BYBIT:BTCUSDT.bid_levels"), plain.count("BYBIT:BTCUSDT.bid_levels"));
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(RecordingFaults, SwappedBybitUpdatesAreAGap) {
  PINSTRIPE_NEED_DATA(path, kBybitRecording);
  std::vector<std::string> frames = frames_of(path, "BYBIT:BTCUSDT");
  const std::vector<std::size_t> updates = updates_in(frames);
  std::swap(frames[updates[50]], frames[updates[51]]);
  const auto rig = played(frames, "BYBIT:BTCUSDT", FrameFormat::kBybitRaw);
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.state(), BookState::kGap);
}

/// The capture of 2022 has no ids: the checksum alone tells.
TEST(RecordingFaults, RemovedAndSwappedOkxUpdatesAreFoundByTheChecksum) {
  PINSTRIPE_NEED_DATA(path, kOkxRecording);
  const std::vector<std::string> whole = frames_of(path, "OKX:BTC-USDT");
  const std::vector<std::size_t> updates = updates_in(whole);
  int found = 0;
  int removed = 0;
  for (std::size_t k = 10; k + 10 < updates.size(); k += 10) {
    std::vector<std::string> frames = whole;
    frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(updates[k]));
    found += played(frames, "OKX:BTC-USDT", FrameFormat::kOkxRaw).state() == BookState::kGap;
    ++removed;
  }
  EXPECT_EQ(found, removed) << "every removed update";
  std::vector<std::string> swapped = whole;
  std::swap(swapped[updates[30]], swapped[updates[31]]);
  const auto rig = played(swapped, "OKX:BTC-USDT", FrameFormat::kOkxRaw);
  EXPECT_EQ(rig.count("checksum_mismatches"), 1);
  EXPECT_EQ(rig.state(), BookState::kGap);
}

}  // namespace
}  // namespace pinstripe::feed_test
