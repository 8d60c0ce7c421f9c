// The sequence guard and the first book, message by message.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr const char* kPerp = "BINANCE_USDM:BTCUSDT";
constexpr const char* kSpot = "BINANCE_SPOT:BTCUSDT";

TimeNs at(std::int64_t ms) { return TimeNs(kStart + ms * kNsPerMs); }

std::string perp_depth(int first, int last, int prev, const std::string& bids = R"(["100.0","1"])",
                       const std::string& asks = R"(["100.1","1"])") {
  return R"({"e":"depthUpdate","E":1699999999000,"T":1,"s":"BTCUSDT","U":)" + std::to_string(first) +
         R"(,"u":)" + std::to_string(last) + R"(,"pu":)" + std::to_string(prev) + R"(,"b":[)" + bids +
         R"(],"a":[)" + asks + "]}";
}
std::string spot_depth(int first, int last, const std::string& bids = R"(["100.0","1"])") {
  return R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":)" + std::to_string(first) + R"(,"u":)" +
         std::to_string(last) + R"(,"b":[)" + bids + R"(],"a":[["100.1","1"]]})";
}
std::string snapshot(int id) {
  return R"({"lastUpdateId":)" + std::to_string(id) +
         R"(,"bids":[["100.0","5"],["99.9","6"]],"asks":[["100.1","7"],["100.2","8"]]})";
}
std::string ticker(int id, const std::string& bid = "100.0", const std::string& ask = "100.1",
                   const std::string& qty = "1") {
  return R"({"e":"bookTicker","u":)" + std::to_string(id) + R"(,"s":"BTCUSDT","b":")" + bid +
         R"(","B":")" + qty + R"(","a":")" + ask + R"(","A":"1","T":1,"E":1})";
}

std::vector<BookState> states(const std::vector<MarketEvent>& events) {
  std::vector<BookState> out;
  for (const MarketEvent& e : events) {
    if (e.h.type == MsgType::kBookState) out.push_back(e.book_state());
  }
  return out;
}
using States = std::vector<BookState>;

TEST(FirstBook, FuturesBufferIsAppliedFromTheUpdateThatContainsTheSnapshot) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9, R"(["99.0","3"])"));   // all of it is in the snapshot
  rig.send(at(1), perp_depth(13, 18, 12, R"(["99.9","0"])"));  // contains 15
  rig.send(at(2), perp_depth(19, 20, 18, R"(["99.8","4"])"));
  EXPECT_EQ(rig.state(), BookState::kWarming);
  rig.take(0);
  rig.send(at(3), snapshot(15));
  EXPECT_EQ(rig.state(), BookState::kValid);
  const auto events = rig.take(0);
  EXPECT_EQ(states(events), (States{BookState::kWarming, BookState::kValid}));
  ASSERT_TRUE(events.front().h.has(kFlagSnapshot));
  std::vector<std::pair<std::int64_t, std::int64_t>> bids;
  for (const MarketEvent& e : events) {
    if (e.h.type == MsgType::kLevel && e.h.side() == Side::kBuy) bids.emplace_back(e.a, e.b);
  }
  EXPECT_EQ(bids, (std::vector<std::pair<std::int64_t, std::int64_t>>{{998, 4'000}, {1000,
      5'000}}));
}

TEST(FirstBook, SpotSnapshotNeedsTheUpdateAfterIt) {
  Rig rig(kSpot);
  rig.send(at(0), spot_depth(11, 14));
  rig.send(at(1), spot_depth(15, 18));
  rig.send(at(2), snapshot(14));  // 15 is the first id that it lacks
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(FirstBook, SnapshotThatDoesNotJoinIsRefusedAndCounted) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(20, 25, 19));
  rig.send(at(1), snapshot(15));
  EXPECT_EQ(rig.state(), BookState::kWarming);
  EXPECT_EQ(rig.count("snapshots_refused"), 1);
}

TEST(FirstBook, SnapshotNewerThanTheUpdatesWaitsForTheOneThatContainsIt) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(20));
  EXPECT_EQ(rig.state(), BookState::kWarming);
  rig.send(at(2), perp_depth(13, 17, 12, R"(["1.0","9"])"));  // in the snapshot already
  EXPECT_EQ(rig.state(), BookState::kWarming);
  rig.send(at(3), perp_depth(18, 22, 17));
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_EQ(rig.count(std::string(kPerp) + ".bid_levels"), 2);
}

TEST(FirstBook, WithoutSnapshotTwentyMatchesAndFiveSecondsProveIt) {
  Rig rig(kPerp);
  int id = 100;
  for (int i = 0; i < 30; ++i) {
    rig.send(at(i * 100), perp_depth(id + 1, id + 5, id));
    id += 5;
    rig.send(at(i * 100 + 1), ticker(id));
  }
  EXPECT_EQ(rig.count("ticker_matches"), 30);
  EXPECT_EQ(rig.state(), BookState::kWarming) << "enough matches, but not enough time";
  rig.send(at(5'000), perp_depth(id + 1, id + 5, id));
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(FirstBook, MismatchStartsTheCountOfMatchesAnew) {
  Rig rig(kPerp);
  int id = 100;
  for (int i = 0; i < 70; ++i) {
    rig.send(at(i * 100), perp_depth(id + 1, id + 5, id));
    id += 5;
    // Every fifteenth ticker shows another touch than the book knows.
    rig.send(at(i * 100 + 1), ticker(id, "100.0", "100.1", i % 15 == 14 ? "2" : "1"));
  }
  EXPECT_EQ(rig.state(), BookState::kWarming);
}

TEST(SequenceGuard, GapInvalidatesAndTellsEveryReader) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  ASSERT_EQ(rig.state(), BookState::kValid);
  rig.out.entries.clear();
  rig.send(at(2), perp_depth(20, 22, 19));
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.state(), BookState::kGap);
  const auto entries = rig.out.entries;
  for (unsigned port = 0; port < 3; ++port) {
    std::vector<MarketEvent> events;
    for (const Entry& e : entries) {
      if (e.port == port) events.push_back(e.message);
    }
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.front().h.type, MsgType::kBookState);
    EXPECT_EQ(events.front().book_state(), BookState::kGap);
    EXPECT_EQ(events.front().b, 1);
    EXPECT_TRUE(events.front().h.has(kFlagSnapshot));
    EXPECT_TRUE(events.back().ends_update());
    for (std::size_t i = 0; i + 1 < events.size(); ++i) EXPECT_FALSE(events[i].ends_update());
  }
}

TEST(SequenceGuard, SpotGapIsASkippedId) {
  Rig rig(kSpot);
  rig.send(at(0), spot_depth(10, 12));
  rig.send(at(1), spot_depth(13, 13));
  EXPECT_EQ(rig.count("gaps"), 0);
  rig.send(at(2), spot_depth(15, 16));
  EXPECT_EQ(rig.count("gaps"), 1);
}

TEST(SequenceGuard, DuplicatesAndOldUpdatesAreCountedAndChangeNothing) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), perp_depth(13, 15, 12, R"(["99.0","4"])"));
  const std::int64_t levels = rig.count(std::string(kPerp) + ".bid_levels");
  rig.out.entries.clear();
  rig.send(at(2), perp_depth(13, 15, 12, R"(["98.0","4"])"));
  rig.send(at(3), perp_depth(10, 12, 9, R"(["97.0","4"])"));
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("duplicates"), 1);
  EXPECT_EQ(rig.count("out_of_order"), 1);
  EXPECT_EQ(rig.count("gaps"), 0);
  EXPECT_EQ(rig.count(std::string(kPerp) + ".bid_levels"), levels);
}

TEST(SequenceGuard, CrossedBookIsCountedAndBuiltAnew) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  rig.send(at(2), perp_depth(13, 15, 12, R"(["100.5","4"])"));
  EXPECT_EQ(rig.count("crossed"), 1);
  EXPECT_EQ(rig.state(), BookState::kCrossed);
  rig.send(at(3), ticker(16, "100.3", "100.2"));
  EXPECT_EQ(rig.count("crossed"), 2);
  EXPECT_EQ(rig.count("gaps"), 0);
}

TEST(SequenceGuard, BookComesBackAfterAGapWithoutSnapshot) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  int id = 100;
  rig.send(at(10), perp_depth(90, id, 89));
  ASSERT_EQ(rig.state(), BookState::kGap);
  for (int i = 1; i <= 60; ++i) {
    rig.send(at(i * 100), perp_depth(id + 1, id + 5, id));
    id += 5;
    rig.send(at(i * 100 + 1), ticker(id));
  }
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_EQ(rig.count("resyncs"), 1);
}

TEST(SequenceGuard, SnapshotAfterAGapBringsTheBookBackAtOnce) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  rig.send(at(2), perp_depth(20, 22, 19));
  rig.send(at(3), snapshot(21));
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_EQ(rig.count("resyncs"), 1);
}

TEST(Staleness, SilentDepthMakesTheBookStaleUntilItSpeaksAgain) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  ASSERT_EQ(rig.state(), BookState::kValid);
  rig.out.entries.clear();
  while (rig.sut.next_due() <= at(1'999)) rig.tick(rig.sut.next_due());
  EXPECT_EQ(rig.state(), BookState::kValid);
  const TimeNs due = rig.sut.next_due();
  EXPECT_EQ(due, at(2'000));
  rig.tick(due);
  EXPECT_EQ(rig.state(), BookState::kStale);
  EXPECT_EQ(rig.count("stale"), 1);
  EXPECT_GT(rig.sut.next_due(), due);
  EXPECT_EQ(states(rig.take(1)), States{BookState::kStale});
  rig.send(at(2'500), perp_depth(13, 15, 12));
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST(Touch, IsPublishedOnceASideWhenItChanges) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.take(1);
  rig.send(at(1), ticker(13));  // the same touch
  EXPECT_TRUE(rig.take(1).empty());
  rig.send(at(2), ticker(14, "100.0", "100.1", "2"));  // only the bid's quantity
  const auto events = rig.take(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].h.type, MsgType::kTouch);
  EXPECT_EQ(events[0].h.side(), Side::kBuy);
  EXPECT_EQ(events[0].price(), PriceTicks(1'000));
  EXPECT_EQ(events[0].qty(), QtyLots(2'000));
  EXPECT_TRUE(events[0].h.has(kFlagFromTicker));
  EXPECT_TRUE(events[0].ends_update());
}

TEST(Ports, RiskGetsNoLevelsAndTheOthersGetThem) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  std::array<int, 3> levels{};
  for (const Entry& e : rig.out.entries) levels[e.port] += e.message.h.type == MsgType::kLevel;
  EXPECT_EQ(levels, (std::array<int, 3>{2, 0, 2}));
}

TEST(Ports, RoomAgainBringsAFreshBookOnThatPortOnly) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  rig.out.entries.clear();
  rig.turn(at(2), FeedInput::room_again(0, 17));
  EXPECT_EQ(rig.count("messages_dropped"), 17);
  for (const Entry& e : rig.out.entries) EXPECT_EQ(e.port, 0u);
  const auto events = rig.take(0);
  ASSERT_GE(events.size(), 8u);
  EXPECT_EQ(events.front().book_state(), BookState::kDropped);
  EXPECT_EQ(events.back().book_state(), BookState::kValid);
  EXPECT_TRUE(events.back().ends_update());
}

TEST(Ports, WhoMissedTheFundingRateIsToldItWithTheFreshBook) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), R"({"e":"markPriceUpdate","E":5,"s":"BTCUSDT","p":"100.0","i":"100.0",)"
                  R"("r":"0.0001","T":1700006400000})");
  rig.out.entries.clear();
  rig.turn(at(2), FeedInput::room_again(1, 1));
  const auto events = rig.take(1);
  const auto funding = std::ranges::find_if(
      events, [](const MarketEvent& e) { return e.h.type == MsgType::kFunding; });
  ASSERT_NE(funding, events.end());
  EXPECT_EQ(funding->a, 10'000);
  EXPECT_EQ(funding->b, 1'700'006'400'000 * kNsPerMs);
}

TEST(SequenceGuard, FramesThatWereLostMakeAGapOfEveryBookUntilASnapshotJoins) {
  Rig rig(kPerp);
  rig.turn(at(0), FeedInput::lost());
  EXPECT_EQ(rig.count("gaps"), 0) << "nothing was known yet";
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), snapshot(11));
  ASSERT_EQ(rig.state(), BookState::kValid);
  rig.out.entries.clear();
  rig.turn(at(2), FeedInput::lost());
  EXPECT_EQ(rig.state(), BookState::kGap);
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.count("interruptions"), 2);
  const auto told = rig.take(1);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].book_state(), BookState::kGap);
  EXPECT_TRUE(told[0].h.has(kFlagSnapshot));
  rig.send(at(3), perp_depth(20, 22, 19));
  EXPECT_EQ(rig.count("gaps"), 1) << "one gap is told once";
  rig.send(at(4), snapshot(21));
  EXPECT_EQ(rig.state(), BookState::kValid);
}

std::string trade(int id, const std::string& extra = "", const std::string& qty = "0.002") {
  return R"({"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":)" + std::to_string(id) +
         R"(,"p":"100.1","q":")" + qty + R"(",)" + extra + R"("m":false})";
}
std::string agg_trade(int id, int first, int last) {
  return R"({"e":"aggTrade","E":5,"a":)" + std::to_string(id) +
         R"(,"s":"BTCUSDT","p":"100.0","q":"0.001","f":)" + std::to_string(first) + R"(,"l":)" +
         std::to_string(last) + R"(,"T":4,"m":true})";
}

/// What features hears after a depth update that says `qty` of a bid about which a newer ticker has
/// spoken, and another ticker.
std::vector<MarketEvent> heard_of_overruled(const std::string& qty) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));
  rig.send(at(1), ticker(20, "100.0", "100.1", "3"));
  rig.out.entries.clear();
  rig.send(at(2), perp_depth(13, 15, 12, R"(["100.0",")" + qty + R"("])"));
  EXPECT_TRUE(rig.out.entries.empty()) << "the book shows nothing of it: no message, no vector";
  rig.send(at(3), ticker(21, "100.0", "100.1", "4"));
  for (const Entry& e : rig.out.entries) {
    EXPECT_TRUE(e.port == 0 || e.message.h.type != MsgType::kOverruled);
  }
  return rig.take(0);
}

TEST(Overruled, FeaturesIsToldWhatTheDepthStreamSaidBesideTheNextMessage) {
  const auto five = heard_of_overruled("5"), six = heard_of_overruled("6");
  ASSERT_EQ(five.size(), 3U);
  ASSERT_EQ(six.size(), 3U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(five[i].h.type, i == 0 ? MsgType::kLevel : MsgType::kTouch);
    EXPECT_EQ(five[i].b, 4'000) << "the book is the ticker's";
    EXPECT_EQ(six[i].b, 4'000);
  }
  EXPECT_EQ(five[2].h.type, MsgType::kOverruled);
  EXPECT_TRUE(five[2].ends_update());
  EXPECT_EQ(five[2].b, 2) << "a bid and an ask";
  EXPECT_NE(five[2].a, six[2].a) << "other statements, another hash";
}

TEST(Trades, OneStreamCountsAndRepetitionsDoNot) {
  Rig rig(kPerp);
  rig.send(at(0), agg_trade(1, 10, 12));
  EXPECT_EQ(rig.count("trades"), 1);
  rig.send(at(1), trade(12));  // the aggregate held it
  EXPECT_EQ(rig.count("trade_duplicates"), 1);
  rig.send(at(2), trade(13));
  rig.send(at(3), agg_trade(2, 13, 13));
  rig.send(at(4), trade(15));
  EXPECT_EQ(rig.count("trades"), 3);
  EXPECT_EQ(rig.count("unused_trades"), 1);
  EXPECT_EQ(rig.count("trade_holes"), 1);
}

TEST(Trades, CarryAggressorAndNonMarketFlag) {
  Rig rig(kPerp);
  rig.send(at(0), trade(1, R"("X":"MARKET",)"));
  rig.send(at(1), trade(2, R"("X":"INSURANCE_FUND",)"));
  rig.send(at(2), agg_trade(1, 3, 3));
  const auto events = rig.take(2);
  ASSERT_EQ(events.size(), 2u) << "aggTrade does not count beside trade";
  EXPECT_EQ(events[0].h.flags, kFlagEndOfUpdate);
  EXPECT_EQ(events[0].qty(), QtyLots(2));
  EXPECT_EQ(events[1].h.flags, kFlagEndOfUpdate | kFlagNonMarket);
  EXPECT_EQ(rig.count("non_market_trades"), 1);
}

TEST(Marks, BringFundingWhenItChanges) {
  Rig rig(kPerp);
  const std::string mark =
      R"({"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000001","i":"11784.62659091","P":"1","r":"-0.00038167","T":1562306400000})";
  rig.send(at(0), mark);
  auto events = rig.take(1);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].h.type, MsgType::kMark);
  EXPECT_EQ(events[0].a, 1'179'415'000'001);
  EXPECT_EQ(events[0].b, 1'178'462'659'091);
  EXPECT_EQ(events[1].h.type, MsgType::kFunding);
  EXPECT_EQ(events[1].a, -38'167);
  EXPECT_EQ(events[1].b, 1'562'306'400'000'000'000);
  rig.send(at(1), mark);
  EXPECT_EQ(rig.take(1).size(), 1u);
}

TEST(Header, CarriesOriginInstrumentAndVenueOffset) {
  Rig rig(kPerp);
  rig.send(at(0), perp_depth(10, 12, 9));  // E is 1 s before
  const auto events = rig.take(0);
  ASSERT_FALSE(events.empty());
  for (const MarketEvent& e : events) {
    EXPECT_EQ(e.h.origin_ns, at(0));
    EXPECT_EQ(e.h.instrument, 0);
    EXPECT_EQ(e.h.venue_offset_us, -1'000'000);
  }
}

}  // namespace
}  // namespace pinstripe::feed_test
