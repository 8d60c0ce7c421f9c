// Frames of live sources: in the journal and out of it, and a market played by the session's clock.
#include <gtest/gtest.h>

#include <algorithm>

#include "feed/played_source.h"
#include "feed/synthetic.h"
#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr TimeNs kNoon(1'800'000'000'000'000'000);

SyntheticConfig market() {
  SyntheticConfig c;
  c.rate_per_s = 1'000;
  c.duration_ns = kNsPerSecond;
  return c;
}
std::unique_ptr<FrameSource> recorded() { return std::make_unique<SyntheticSource>(market()); }

std::vector<std::byte> written(const LiveFrameSource& source, const FeedFrame& frame) {
  std::vector<std::byte> bytes(source.frame_bytes(frame), std::byte{0xAA});
  source.write_frame(frame, bytes.data());
  return bytes;
}

/// A market whose clock the test moves.
struct Played {
  explicit Played(double speed, TimeNs from = kNoon)
      : clock(from), source(recorded(), speed, [this] { return clock; }, 1 << 20) {}
  /// Takes all that shows now.
  std::vector<FeedFrame> take() {
    std::vector<FeedFrame> taken;
    while (const FeedFrame* f = source.peek()) {
      taken.push_back(*f);
      journal = written(source, *f);
      source.pop();
    }
    return taken;
  }
  TimeNs clock;
  PlayedSource source;
  std::vector<std::byte> journal;  // the last frame taken
};

TEST(KeptFrames, ComeOutOfTheJournalAsTheyWentInWithPaddingBehind) {
  for (std::size_t length = 0; length < 40; ++length) {
    std::string text(length + kFramePadding, '#');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i % 26);
    const FeedFrame frame{kNoon, FrameFormat::kTardisTrades, {text.data(), length}, 3, 1, 2, 77,
                          11};
    JournaledFrames sut;
    const auto bytes = written(sut, frame);
    ASSERT_EQ(bytes.size() % 8, 0u);
    ASSERT_TRUE(LiveFrameSource::holds_frame(bytes));
    const FeedFrame& got = sut.read_frame(bytes);
    EXPECT_EQ(got.origin_ns, frame.origin_ns);
    EXPECT_EQ(got.format, frame.format);
    EXPECT_EQ(got.bytes, frame.bytes);
    EXPECT_EQ(got.instrument, frame.instrument);
    EXPECT_EQ(got.venue, frame.venue);
    EXPECT_EQ(got.file, frame.file);
    EXPECT_EQ(got.line, frame.line);
    EXPECT_EQ(got.column, frame.column);
    for (std::size_t i = 0; i < kFramePadding; ++i) {
      EXPECT_EQ(got.bytes.data()[length + i], '\0') << "padding byte " << i;
    }
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), written(sut, frame).begin()))
        << "a byte of the record is left to chance";
  }
}

TEST(KeptFrames, OfEveryFormatComeBack) {
  for (std::size_t i = 0; i < kFrameFormats; ++i) {
    const auto format = static_cast<FrameFormat>(i);
    JournaledFrames sut;
    const auto bytes = written(sut, {kNoon, format, "{}"});
    ASSERT_TRUE(LiveFrameSource::holds_frame(bytes)) << "format " << i;
    EXPECT_EQ(sut.read_frame(bytes).format, format);
  }
}

TEST(KeptFrames, WhatIsNoFrameIsTold) {
  JournaledFrames sut;
  const FeedFrame frame{kNoon, FrameFormat::kBinanceRaw, "{}"};
  auto bytes = written(sut, frame);
  EXPECT_FALSE(LiveFrameSource::holds_frame(std::span(bytes).first(47)));
  EXPECT_FALSE(LiveFrameSource::holds_frame(std::span(bytes).first(48)));
  bytes[46] = std::byte{0x7F};  // its format
  EXPECT_FALSE(LiveFrameSource::holds_frame(bytes));
}

TEST(PlayedMarket, ShowsEachFrameOnceTheClockHasPassedItsTimeAndStampsItWithTheClock) {
  const auto plain = recorded();
  std::vector<std::int64_t> times;
  for (const FeedFrame* f = plain->peek(); f != nullptr; f = plain->peek()) {
    times.push_back(f->origin_ns.value);
    plain->pop();
  }
  Played sut(10);
  std::size_t seen = 0;
  while (!sut.source.ended()) {
    for (const FeedFrame& f : sut.take()) {
      EXPECT_EQ(f.origin_ns, sut.clock);
      ASSERT_LT(seen, times.size());
      EXPECT_LE((times[seen] - times[0]) / 10, (sut.clock - kNoon).value) << "frame " << seen;
      ++seen;
    }
    if (sut.source.ended()) break;
    EXPECT_GT(sut.source.due_ns(), sut.clock);
    EXPECT_EQ(sut.source.due_ns(), kNoon + TimeNs((times[seen] - times[0]) / 10));
    sut.clock += TimeNs(kNsPerMs);
  }
  EXPECT_EQ(seen, times.size());
  EXPECT_FALSE(sut.source.error());
}

TEST(PlayedMarket, GoesOnWithoutItsListenersAndASuccessorHearsOnlyWhatComesThen) {
  Played first(1);
  ASSERT_NE(first.source.peek(), nullptr);
  first.clock += TimeNs(200 * kNsPerMs);
  const auto before = first.take();
  ASSERT_GT(before.size(), 50u);

  Played sut(1, kNoon + TimeNs(500 * kNsPerMs));
  sut.source.read_frame(first.journal);
  EXPECT_TRUE(sut.take().empty()) << "what was due while nobody listened is gone";
  sut.clock += TimeNs(300 * kNsPerMs);
  const auto after = sut.take();
  first.clock = kNoon + TimeNs(500 * kNsPerMs) - TimeNs(1);
  const auto missed = first.take();
  first.clock = sut.clock;
  const auto all = first.take();
  ASSERT_EQ(after.size(), all.size());
  EXPECT_GT(missed.size(), 50u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(after[i].line, all[i].line);
}

TEST(PlayedMarket, ACheckpointHoldsWhereTheMarketBegan) {
  Played first(1);
  ASSERT_NE(first.source.peek(), nullptr);
  first.clock += TimeNs(100 * kNsPerMs);
  first.take();
  JournaledFrames helper;
  helper.read_frame(first.journal);
  StateWriter size;
  helper.save(size);
  std::vector<std::byte> state(size.size());
  StateWriter w(state);
  helper.save(w);
  Played sut(1, first.clock);
  StateReader r(state);
  ASSERT_TRUE(sut.source.load(r));
  EXPECT_EQ(sut.source.peek(), nullptr);
  EXPECT_EQ(sut.source.due_ns(), first.source.due_ns());
}

TEST(PlayedMarket, AFrameThatIsTooLongIsAnErrorOfTheSource) {
  PlayedSource sut(recorded(), 1, [] { return kNoon; }, 16);
  EXPECT_EQ(sut.peek(), nullptr);
  EXPECT_TRUE(sut.ended());
  ASSERT_TRUE(sut.error());
  EXPECT_NE(sut.error()->message.find("frame_bytes_max"), std::string::npos);
}

}  // namespace
}  // namespace pinstripe::feed_test
