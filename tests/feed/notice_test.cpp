// What the live source says of an instrument by itself: halted, changed, trading again.
#include <gtest/gtest.h>

#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr const char* kPerp = "BINANCE_USDM:BTCUSDT";
constexpr const char* kBybit = "BYBIT_LINEAR:BTCUSDT";

TimeNs at(std::int64_t ms) { return TimeNs(1'700'000'000'000'000'000 + ms * kNsPerMs); }

std::string depth(int first, int last, int before) {
  return R"({"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":)" + std::to_string(first) +
         R"(,"u":)" + std::to_string(last) + R"(,"pu":)" + std::to_string(before) +
         R"(,"b":[["100.0","1"]],"a":[["100.1","1"]]})";
}
std::string snapshot(int id) {
  return R"({"lastUpdateId":)" + std::to_string(id) +
         R"(,"bids":[["100.0","5"]],"asks":[["100.1","7"]]})";
}
std::string trade(int id) {
  return R"({"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":)" + std::to_string(id) +
         R"(,"p":"100.1","q":"0.002","m":false})";
}
std::string ticker(int id) {
  return R"({"e":"bookTicker","u":)" + std::to_string(id) +
         R"(,"s":"BTCUSDT","b":"100.0","B":"2","a":"100.1","A":"2","T":1,"E":1})";
}
std::string mark(const std::string& price) {
  return R"({"e":"markPriceUpdate","E":5,"s":"BTCUSDT","p":")" + price +
         R"(","i":"100.0","r":"0.0001","T":1700006400000})";
}
void say(Rig& rig, std::int64_t ms, std::string_view word) {
  rig.send(at(ms), word, FrameFormat::kNotice);
}
/// A valid Binance book whose newest update is 12.
void build(Rig& rig) {
  rig.send(at(0), depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  ASSERT_EQ(rig.state(), BookState::kValid);
  rig.out.entries.clear();
}

TEST(Notice, HaltedTellsEveryReaderToForgetTheBook) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeHalted);
  EXPECT_EQ(rig.state(), BookState::kHalted);
  EXPECT_EQ(rig.count("notices"), 1);
  EXPECT_EQ(rig.count(std::string(kPerp) + ".bid_levels"), 0);
  ASSERT_EQ(rig.out.entries.size(), 3u);
  for (const Entry& e : rig.out.entries) {
    EXPECT_EQ(e.message.book_state(), BookState::kHalted) << "port " << e.port;
    EXPECT_TRUE(e.message.h.has(kFlagSnapshot));
    EXPECT_TRUE(e.message.ends_update());
  }
}

TEST(Notice, WhileHaltedBooksAndTradesCountForNothingAndTheMarkCountsOn) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeHalted);
  rig.out.entries.clear();
  rig.send(at(3), depth(13, 15, 12));
  rig.send(at(4), snapshot(14));
  rig.send(at(5), ticker(16));
  rig.send(at(6), trade(7));
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("passed_over"), 4);
  rig.send(at(7), mark("100.0"));
  const auto told = rig.take(1);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].h.type, MsgType::kMark);
  EXPECT_EQ(told[1].h.type, MsgType::kFunding);
  while (rig.sut.next_due() < TimeNs::max()) rig.tick(rig.sut.next_due());
  EXPECT_EQ(rig.state(), BookState::kHalted) << "silence does not change it";
}

TEST(Notice, TradingAgainIsAGapThatASnapshotHeals) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeHalted);
  rig.send(at(3), depth(13, 15, 12));
  rig.out.entries.clear();
  say(rig, 4, kNoticeTrading);
  EXPECT_EQ(rig.state(), BookState::kGap);
  ASSERT_EQ(rig.out.entries.size(), 3u);
  EXPECT_EQ(rig.out.entries[1].message.book_state(), BookState::kGap);
  // Not the update after 15: what was passed over is not compared with.
  rig.send(at(5), depth(30, 32, 29));
  EXPECT_EQ(rig.count("gaps"), 1);
  rig.send(at(6), snapshot(31));
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_EQ(rig.count("resyncs"), 1);
}

TEST(Notice, AChainedBookComesBackWithItsSnapshot) {
  Rig rig(kBybit);
  const auto book = [&](const char* type, int id, int ms) {
    rig.send(at(ms), std::string(R"({"topic":"orderbook.50.BTCUSDT","type":")") + type +
                         R"(","ts":1,"data":{"s":"BTCUSDT","b":[["100.0","1"]],)" +
                         R"("a":[["100.1","1"]],"u":)" + std::to_string(id) + "}}",
             FrameFormat::kBybitRaw);
  };
  book("snapshot", 5, 0);
  ASSERT_EQ(rig.state(), BookState::kValid);
  say(rig, 1, kNoticeHalted);
  book("snapshot", 6, 2);
  EXPECT_EQ(rig.state(), BookState::kHalted);
  say(rig, 3, kNoticeTrading);
  book("delta", 7, 4);
  EXPECT_EQ(rig.state(), BookState::kGap);
  book("snapshot", 8, 5);
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(Notice, AChangedDefinitionIsNeverUndone) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeChanged);
  EXPECT_EQ(rig.state(), BookState::kHalted);
  say(rig, 3, kNoticeTrading);
  say(rig, 4, kNoticeHalted);
  say(rig, 5, kNoticeTrading);
  EXPECT_EQ(rig.state(), BookState::kHalted);
  // A price that the old tick cannot hold is no damaged line.
  rig.send(at(6), R"({"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":7,"p":"100.123","q":"1",)"
                  R"("m":false})");
  EXPECT_EQ(rig.count("bad_lines"), 0);
  EXPECT_EQ(rig.count("passed_over"), 1);
}

TEST(Notice, AHaltThatTurnsOutToBeAChangeIsNotToldTwice) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeHalted);
  rig.out.entries.clear();
  say(rig, 3, kNoticeChanged);
  say(rig, 4, kNoticeTrading);
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.state(), BookState::kHalted);
}

TEST(Notice, WhatIsSaidAgainChangesNothing) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeTrading);
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_TRUE(rig.out.entries.empty());
  say(rig, 3, kNoticeHalted);
  rig.out.entries.clear();
  say(rig, 4, kNoticeHalted);
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("gaps"), 0);
}

TEST(Notice, AnInstrumentCanBeHaltedFromTheStart) {
  Rig rig(kPerp);
  say(rig, 0, kNoticeHalted);
  EXPECT_EQ(rig.state(), BookState::kHalted);
  rig.send(at(1), depth(10, 12, 9));
  say(rig, 2, kNoticeTrading);
  rig.send(at(3), depth(20, 22, 19));
  rig.send(at(4), snapshot(21));
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(Notice, AHaltOutlastsLostFramesAndIsToldWithTheFreshBook) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, kNoticeHalted);
  rig.turn(at(3), FeedInput::lost());
  EXPECT_EQ(rig.state(), BookState::kHalted);
  rig.out.entries.clear();
  rig.turn(at(4), FeedInput::room_again(1, 5));
  const auto told = rig.take(1);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front().book_state(), BookState::kDropped);
  EXPECT_EQ(told.back().book_state(), BookState::kHalted);
}

TEST(Notice, UnknownWordsAndInstrumentsAreRefused) {
  Rig rig(kPerp);
  build(rig);
  say(rig, 2, "delisted");
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kBadFrame);
  FeedFrame frame{at(3), FrameFormat::kNotice, kNoticeHalted};
  frame.instrument = 1;
  rig.send(at(3), frame);
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kUnknownSymbol);
  EXPECT_EQ(rig.count("bad_lines"), 2);
  EXPECT_EQ(rig.count("notices"), 0);
  EXPECT_EQ(rig.state(), BookState::kValid);
}

}  // namespace
}  // namespace pinstripe::feed_test
