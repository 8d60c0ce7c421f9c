// The fault matrix: every fault that the simulated exchange can do, on every market at once. What
// must hold: it is noticed where something was lost, nothing is built on it, and every book is the
// exchange's in the end. The outcomes stand in feed/live/README.md.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

/// Silences are found sooner than in a session: tests need not wait.
HubOptions quick() {
  HubOptions o;
  o.link.data_silence_ns = 1'500 * kNsPerMs;
  o.link.answer_ns = kNsPerSecond;
  return o;
}

class FaultMatrix : public testing::Test {
 protected:
  FaultMatrix() : venue(six_market_venue()), market(venue, kSixMarkets, quick()) {}

  void SetUp() override {
    ASSERT_EQ(market.error, "");
    ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); })) << states();
  }
  void fault(const std::string& name, Json more = Json::object()) {
    more["fault"] = name;
    const PlainAnswer answer = venue.post("/venue/fault", more);
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  /// Lets the market run on, then stand still: every book is valid and the exchange's.
  void expect_whole_books(double seconds = 30) {
    market.run(0.5);
    ASSERT_TRUE(market.run(seconds, [&] { return market.all_valid(); })) << states();
    market.run(1);
    ASSERT_EQ(venue.post("/venue/pause", Json::object()).status, 200);
    market.run(1);
    for (std::uint16_t i = 0; i < kSixMarkets.size(); ++i) {
      EXPECT_EQ(market.difference(i, 10), "") << kSixMarkets[i];
    }
    venue.post("/venue/resume", Json::object());
  }
  std::string states() const {
    std::string text;
    for (std::uint16_t i = 0; i < kSixMarkets.size(); ++i) {
      text += kSixMarkets[i] + " " +
              std::string(kBookStateNames[static_cast<std::size_t>(market.state(i))]) + "; ";
    }
    for (const LinkReport& l : market.hub->links()) {
      text += l.name + " " + std::string(kLinkStateNames[static_cast<std::size_t>(l.state)]) +
              " (" + l.last_text + "); ";
    }
    return text;
  }
  std::uint64_t opens() const {
    std::uint64_t sum = 0;
    for (const LinkReport& l : market.hub->links()) sum += l.counts.opens;
    return sum;
  }
  bool is_any_invalid() const { return !market.all_valid(); }

  VenueProcess venue;
  LiveMarket market;
};

TEST_F(FaultMatrix, WithoutAFaultNothingIsLostAndBooksAgree) {
  market.run(2);
  expect_whole_books();
  EXPECT_EQ(market.count("gaps"), 0);
  EXPECT_EQ(market.count("bad_lines"), 0);
  EXPECT_GT(market.sink.trades, 0u);
  EXPECT_GT(market.sink.marks, 0u);
  EXPECT_EQ(opens(), market.hub->links().size());
}

TEST_F(FaultMatrix, CutConnectionsAreMadeAnew) {
  const std::uint64_t before = opens();
  fault("cut");
  ASSERT_TRUE(market.run(20, [&] { return opens() >= before + market.hub->links().size(); }));
  expect_whole_books();
}

TEST_F(FaultMatrix, HalfOpenConnectionsAreFoundBySilence) {
  const std::uint64_t before = opens();
  fault("half_open");
  ASSERT_TRUE(market.run(30, [&] { return opens() >= before + market.hub->links().size(); }))
      << states();
  expect_whole_books();
}

TEST_F(FaultMatrix, LostMessagesAreGapsAndBooksAreBuiltAnew) {
  for (const char* text : {"depth", "orderbook", "books"}) fault("gap", {{"holds", text}, {"count", 2}});
  ASSERT_TRUE(market.run(20, [&] { return is_any_invalid(); }));
  expect_whole_books();
  EXPECT_GE(market.count("gaps"), 3);
  const ResyncTimes& by_stream = market.hub->resyncs(ResyncKind::kStream);
  const ResyncTimes& by_rest = market.hub->resyncs(ResyncKind::kRest);
  EXPECT_GT(by_stream.count, 0u);
  EXPECT_GT(by_rest.count, 0u);
  EXPECT_GE(by_stream.total_ns, by_stream.longest_ns);
  EXPECT_EQ(market.hub->resyncs(ResyncKind::kUrgent).count, 0u) << "nothing was at stake";
}

TEST_F(FaultMatrix, RepeatedMessagesAreDropped) {
  for (const char* text : {"depth", "orderbook", "books", "trade"}) {
    fault("duplicate", {{"holds", text}, {"count", 5}});
  }
  market.run(3);
  expect_whole_books();
  EXPECT_EQ(market.count("gaps"), 0);
  EXPECT_GE(market.count("duplicates") + market.count("out_of_order"), 3);
}

TEST_F(FaultMatrix, MessagesOutOfOrderAreGaps) {
  // What a message is put behind may be another topic's: some of them change nothing.
  for (const char* text : {"depth", "orderbook", "books"}) {
    fault("reorder", {{"holds", text}, {"count", 20}});
  }
  ASSERT_TRUE(market.run(20, [&] { return market.count("gaps") > 0; }));
  expect_whole_books();
}

TEST_F(FaultMatrix, CorruptMessagesEndTheConnection) {
  const std::uint64_t before = opens();
  fault("corrupt", {{"count", 1}});
  ASSERT_TRUE(market.run(20, [&] { return opens() > before; }));
  expect_whole_books();
}

TEST_F(FaultMatrix, AWrongChecksumIsAGap) {
  fault("wrong_checksum", {{"venue", "okx"}, {"count", 2}});
  ASSERT_TRUE(market.run(20, [&] { return market.count("checksum_mismatches") > 0; }));
  expect_whole_books();
}

TEST_F(FaultMatrix, ABookThatTheVenueBeginsAnewIsTaken) {
  fault("reset", {{"venue", "bybit"}});
  market.run(3);
  expect_whole_books();
  EXPECT_EQ(market.count("gaps"), 0);
}

TEST_F(FaultMatrix, StreamsThatAreSilentWithHeartbeatsAreFound) {
  const std::uint64_t before = opens();
  fault("silent", {{"for_ms", 4'000}});
  ASSERT_TRUE(market.run(20, [&] { return opens() > before; })) << states();
  expect_whole_books();
}

TEST_F(FaultMatrix, StreamsThatBringNothingButRubbishAreMadeAnew) {
  const std::uint64_t before = opens();
  fault("rubbish", {{"for_ms", 6'000}});
  ASSERT_TRUE(market.run(30, [&] { return opens() >= before + 4; })) << states();
  EXPECT_GT(market.count("bad_lines") + market.count("bad_json"), 0);
  expect_whole_books(60);
}

/// A touch that stands still makes a book stale, and that is all: the rest of it goes on.
TEST_F(FaultMatrix, AQuietTouchIsNoReasonToConnectAnew) {
  const std::uint64_t before = opens();
  fault("silent", {{"venue", "binance"}, {"holds", "bookTicker"}, {"for_ms", 7'000}});
  ASSERT_TRUE(market.run(7, [&] { return market.state(0) == BookState::kStale; })) << states();
  market.run(4);
  EXPECT_EQ(opens(), before) << states();
  expect_whole_books();
}

TEST_F(FaultMatrix, SlowAndStalledStreamsLoseNothing) {
  fault("slow", {{"for_ms", 1'000}, {"amount_ms", 300}});
  market.run(2);
  fault("stall", {{"for_ms", 1'000}});
  market.run(2);
  expect_whole_books();
  EXPECT_EQ(market.count("gaps"), 0);
}

TEST_F(FaultMatrix, SnapshotsThatFailAreAskedForAgain) {
  for (const char* how : {"server_error", "too_many", "late_snapshot"}) {
    fault(how, {{"for_ms", 2'500}, {"amount_ms", 1'000}});
    fault("gap", {{"holds", "depth"}, {"count", 1}});
    ASSERT_TRUE(market.run(20, [&] { return is_any_invalid(); })) << how;
    expect_whole_books(60);
  }
}

/// The touch may agree while levels behind it are missing: time and tickers prove nothing.
TEST_F(FaultMatrix, NoBookIsWholeAgainWithoutItsSnapshot) {
  fault("server_error", {{"holds", "depth"}, {"for_ms", 9'000}});
  fault("gap", {{"holds", "depth"}, {"count", 4}});
  const auto is_lost = [&](std::uint16_t i) { return market.state(i) != BookState::kValid; };
  ASSERT_TRUE(market.run(5, [&] { return is_lost(0) && is_lost(1); })) << states();
  EXPECT_FALSE(market.run(6, [&] { return !is_lost(0) || !is_lost(1); })) << states();
  EXPECT_GT(market.hub->desks()[0]->counts().failures, 0u);
  expect_whole_books(60);
}

TEST_F(FaultMatrix, ABanIsAFullStopForItsTime) {
  fault("banned", {{"venue", "binance"}, {"for_ms", 6'000}});
  fault("gap", {{"holds", "depth"}, {"venue", "binance"}, {"count", 1}});
  ASSERT_TRUE(market.run(20, [&] { return is_any_invalid(); }));
  const DeskCounts& desk = market.hub->desks()[0]->counts();
  ASSERT_TRUE(market.run(20, [&] { return desk.failures > 0; }));
  const std::uint64_t at_ban = desk.requests;
  market.run(1.5);  // the exchange gives its bans 2 s
  EXPECT_EQ(desk.requests, at_ban) << "sent to a venue that has banned us";
  for (std::uint16_t i = 1; i < kSixMarkets.size(); ++i) {
    EXPECT_EQ(market.state(i), BookState::kValid) << kSixMarkets[i] << " goes on";
  }
  expect_whole_books(60);
}

TEST_F(FaultMatrix, MaintenanceIsWaitedOut) {
  const std::uint64_t before = opens();
  fault("maintenance", {{"for_ms", 3'000}});
  ASSERT_TRUE(market.run(40, [&] { return opens() > before; })) << states();
  expect_whole_books(60);
}

TEST_F(FaultMatrix, ASkewedVenueClockChangesNoBook) {
  fault("clock_skew", {{"for_ms", 2'000}, {"amount_ms", 60'000}});
  market.run(3);
  expect_whole_books();
  EXPECT_EQ(market.count("gaps"), 0);
}

/// What is not a fault: connections that are renewed by plan, and pairs of them.
class PlannedChange : public testing::Test {
 protected:
  PlannedChange() : venue(six_market_venue()) {}
  void expect_whole_books(LiveMarket& market) {
    ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); }));
    market.run(1);
    ASSERT_EQ(venue.post("/venue/pause", Json::object()).status, 200);
    market.run(1);
    for (std::uint16_t i = 0; i < kSixMarkets.size(); ++i) {
      EXPECT_EQ(market.difference(i, 10), "") << kSixMarkets[i];
    }
  }
  VenueProcess venue;
};

TEST_F(PlannedChange, AnOldConnectionEndsOnceItsSuccessorDelivers) {
  HubOptions options = quick();
  options.cut_over_ns = 2 * kNsPerSecond;
  LiveMarket market(venue, kSixMarkets, options);
  ASSERT_EQ(market.error, "");
  ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); }));
  const std::int64_t resyncs = market.count("resyncs");
  const std::uint64_t requests = market.hub->desks()[0]->counts().requests;
  market.run(9);
  expect_whole_books(market);
  EXPECT_EQ(market.count("gaps"), 0);
  EXPECT_EQ(market.count("resyncs"), resyncs) << "no book was built anew";
  EXPECT_EQ(market.hub->desks()[0]->counts().requests, requests) << "no snapshot was asked for";
  EXPECT_GT(market.count("duplicates") + market.count("out_of_order"), 0) << "they overlapped";
}

TEST_F(PlannedChange, OfTwoConnectionsEachMessageCountsOnce) {
  HubOptions options = quick();
  options.redundant = true;
  LiveMarket market(venue, kSixMarkets, options);
  ASSERT_EQ(market.error, "");
  ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); }));
  market.run(4);
  expect_whole_books(market);
  EXPECT_EQ(market.count("gaps"), 0);
  EXPECT_GT(market.count("duplicates") + market.count("out_of_order"), 0);
  EXPECT_GT(market.count("trade_duplicates"), 0);
}

TEST(FaultMatrixAtStart, WhatComesBeforeAnythingWasAskedForIsPassedOver) {
  const VenueProcess venue(six_market_venue());
  ASSERT_EQ(venue.post("/venue/fault", {{"fault", "early"}, {"count", 100}}).status, 200);
  LiveMarket market(venue, kSixMarkets);
  ASSERT_EQ(market.error, "");
  EXPECT_TRUE(market.run(20, [&] { return market.all_valid(); }));
}

TEST(FaultMatrixAtStart, RubbishFromTheFirstMessageOnIsFoundToo) {
  const VenueProcess venue(six_market_venue());
  ASSERT_EQ(venue.post("/venue/fault", {{"fault", "rubbish"}, {"for_ms", 6'000}}).status, 200);
  LiveMarket market(venue, kSixMarkets, quick());
  ASSERT_EQ(market.error, "");
  const auto is_anew = [&](const LinkReport& l) {
    return l.counts.opens > 1 || !l.name.ends_with("public/0");
  };
  EXPECT_TRUE(market.run(20, [&] { return std::ranges::all_of(market.hub->links(), is_anew); }));
  EXPECT_TRUE(market.run(40, [&] { return market.all_valid(); }));
}

TEST(FaultMatrixAtStart, AWrongCertificateIsRefusedByName) {
  for (const char* wrong : {"other_host", "expired", "untrusted"}) {
    Json config = six_market_venue();
    config["certificate"] = wrong;
    VenueProcess venue(config);
    LiveMarket market(venue, {"BYBIT:BTCUSDT"});
    EXPECT_NE(market.error.find("certificate"), std::string::npos) << wrong << ": " << market.error;
    EXPECT_NE(market.error.find("stream.bybit.com"), std::string::npos) << market.error;
  }
}

}  // namespace
}  // namespace pinstripe
