// Books whose updates name the one before: what breaks the chain, what mends it, and the checksum.
#include <gtest/gtest.h>

#include "feed/book_checksum.h"
#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr const char* kBybit = "BYBIT_LINEAR:BTCUSDT";
constexpr const char* kOkx = "OKX:BTC-USDT";

std::string bybit(const char* type, std::uint64_t u, const std::string& bids,
                  const std::string& asks, int depth = 200) {
  return R"({"topic":"orderbook.)" + std::to_string(depth) + R"(.BTCUSDT","type":")" + type +
         R"(","ts":1,"data":{"s":"BTCUSDT","b":[)" + bids + R"(],"a":[)" + asks + R"(],"u":)" +
         std::to_string(u) + R"(,"seq":1}})";
}

std::string okx(const char* action, std::int64_t prev, std::int64_t id, const std::string& bids,
                const std::string& asks, std::int64_t checksum = 0) {
  return R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":")" + std::string(action) +
         R"(","data":[{"asks":[)" + asks + R"(],"bids":[)" + bids + R"(],"ts":"1","checksum":)" +
         std::to_string(checksum) + R"(,"prevSeqId":)" + std::to_string(prev) + R"(,"seqId":)" +
         std::to_string(id) + "}]}";
}

class Chain : public testing::Test {
 protected:
  void send(Rig& rig, const std::string& text, FrameFormat format) {
    rig.send(TimeNs(++now_), text, format);
  }
  void bybit_frame(const std::string& text) { send(bybit_, text, FrameFormat::kBybitRaw); }
  void okx_frame(const std::string& text) { send(okx_, text, FrameFormat::kOkxRaw); }
  std::int64_t levels(Rig& rig, const std::string& id) const {
    return rig.count(id + ".bid_levels") + rig.count(id + ".ask_levels");
  }
  Rig bybit_{kBybit};
  Rig okx_{kOkx};
  std::int64_t now_ = 1'000'000'000;
};

TEST_F(Chain, BybitCountsByOneAndABreakWaitsForASnapshot) {
  bybit_frame(bybit("delta", 6, R"(["100.0","9"])", ""));
  EXPECT_EQ(bybit_.state(), BookState::kWarming) << "no book before its snapshot";
  EXPECT_EQ(bybit_.count("updates_unused"), 1);
  bybit_frame(bybit("snapshot", 7, R"(["100.0","1"],["99.9","1"])", R"(["100.1","1"])"));
  EXPECT_EQ(bybit_.state(), BookState::kValid);
  bybit_frame(bybit("delta", 8, R"(["99.9","0"])", ""));
  EXPECT_EQ(levels(bybit_, kBybit), 2);
  bybit_frame(bybit("delta", 8, R"(["99.0","1"])", ""));
  EXPECT_EQ(bybit_.count("duplicates"), 1);
  bybit_frame(bybit("delta", 5, R"(["98.0","1"])", ""));
  EXPECT_EQ(bybit_.count("out_of_order"), 1);
  EXPECT_EQ(levels(bybit_, kBybit), 2) << "neither changed the book";
  bybit_frame(bybit("delta", 10, R"(["97.0","1"])", ""));
  EXPECT_EQ(bybit_.count("gaps"), 1);
  EXPECT_EQ(bybit_.state(), BookState::kGap);
  EXPECT_EQ(levels(bybit_, kBybit), 0);
  bybit_frame(bybit("delta", 11, R"(["97.0","1"])", ""));
  EXPECT_EQ(bybit_.state(), BookState::kGap) << "an update cannot mend it";
  bybit_frame(bybit("snapshot", 30, R"(["100.0","1"])", R"(["100.1","1"])"));
  EXPECT_EQ(bybit_.state(), BookState::kValid);
  EXPECT_EQ(bybit_.count("resyncs"), 1);
}

TEST_F(Chain, BybitBeginsAnewWithUOneAndWithEverySnapshot) {
  bybit_frame(bybit("snapshot", 700, R"(["100.0","1"],["99.9","1"])", R"(["100.1","1"])"));
  bybit_frame(bybit("delta", 1, R"(["50.0","2"])", R"(["50.1","2"])"));
  EXPECT_EQ(bybit_.state(), BookState::kValid);
  EXPECT_EQ(levels(bybit_, kBybit), 2) << "of the old book nothing is left";
  bybit_frame(bybit("delta", 2, R"(["49.9","2"])", ""));
  EXPECT_EQ(levels(bybit_, kBybit), 3);
  bybit_frame(bybit("snapshot", 2, R"(["60.0","2"])", R"(["60.1","2"])"));
  EXPECT_EQ(levels(bybit_, kBybit), 2);
  EXPECT_EQ(bybit_.count("gaps"), 0);
}

TEST_F(Chain, OfSeveralDepthsTheDeepestCounts) {
  bybit_frame(bybit("snapshot", 5, R"(["100.0","1"])", R"(["100.1","1"])", 1));
  bybit_frame(bybit("snapshot", 900, R"(["100.0","1"],["99.9","1"])", R"(["100.1","1"])", 50));
  bybit_frame(bybit("delta", 6, R"(["100.0","7"])", "", 1));
  bybit_frame(bybit("delta", 901, R"(["99.8","1"])", "", 50));
  EXPECT_EQ(bybit_.count("gaps"), 0);
  EXPECT_EQ(bybit_.count("other"), 1);
  EXPECT_EQ(levels(bybit_, kBybit), 4);
}

TEST_F(Chain, OkxNamesTheMessageBefore) {
  okx_frame(okx("snapshot", -1, 10, R"(["100","1","0","1"],["99","1","0","1"])",
                R"(["101","1","0","1"])"));
  EXPECT_EQ(okx_.state(), BookState::kValid);
  okx_frame(okx("update", 10, 17, R"(["99","0","0","0"])", ""));
  okx_frame(okx("update", 17, 17, "", ""));
  EXPECT_EQ(okx_.count("heartbeats"), 1);
  okx_frame(okx("update", 17, 3, R"(["98","1","0","1"])", ""));
  EXPECT_EQ(okx_.count("gaps"), 0) << "a smaller id that names its predecessor begins the chain anew";
  okx_frame(okx("update", 3, 5, R"(["97","1","0","1"])", ""));
  EXPECT_EQ(levels(okx_, kOkx), 4);
  okx_frame(okx("update", 9, 12, R"(["96","1","0","1"])", ""));
  EXPECT_EQ(okx_.count("gaps"), 1);
  EXPECT_EQ(okx_.state(), BookState::kGap);
  okx_frame(okx("update", -1, 13, R"(["96","1","0","1"])", ""));
  EXPECT_EQ(okx_.state(), BookState::kGap);
  okx_frame(okx("snapshot", -1, 40, R"(["100","1","0","1"])", R"(["101","1","0","1"])"));
  EXPECT_EQ(okx_.state(), BookState::kValid);
}

TEST_F(Chain, OkxHeartbeatOfAnotherChainIsAGap) {
  okx_frame(okx("snapshot", -1, 10, R"(["100","1","0","1"])", R"(["101","1","0","1"])"));
  okx_frame(okx("update", 12, 12, "", ""));
  EXPECT_EQ(okx_.count("gaps"), 1);
}

TEST_F(Chain, ChecksumIsProvenOnlyWhereOneIsSent) {
  // "100:1:101:2.5" by zlib's crc32.
  constexpr std::int64_t kRight = -928'228'692;
  okx_frame(okx("snapshot", -1, 10, R"(["100","1","0","1"])", R"(["101","2.50","0","1"])", kRight));
  EXPECT_EQ(okx_.count("checksum_matches"), 1);
  EXPECT_EQ(okx_.state(), BookState::kValid);
  okx_frame(okx("update", 10, 11, R"(["99","1","0","1"])", "", 0));
  EXPECT_EQ(okx_.count("checksum_matches") + okx_.count("checksum_mismatches"), 1);
  okx_frame(okx("update", 11, 12, R"(["98","1","0","1"])", "", -5));
  EXPECT_EQ(okx_.count("checksum_mismatches"), 1);
  EXPECT_EQ(okx_.state(), BookState::kGap);
  EXPECT_EQ(levels(okx_, kOkx), 0);
}

TEST_F(Chain, CrossedBooksAreForgotten) {
  okx_frame(okx("snapshot", -1, 10, R"(["100","1","0","1"])", R"(["101","1","0","1"])"));
  okx_frame(okx("update", 10, 11, R"(["102","1","0","1"])", ""));
  EXPECT_EQ(okx_.count("crossed"), 1);
  EXPECT_EQ(okx_.state(), BookState::kCrossed);
}

TEST(BookChecksum, IsCrc32OfTheIeeePolynomial) {
  EXPECT_EQ(crc32_of("123456789", 9), 0xCBF43926u) << "the check value of CRC-32/ISO-HDLC";
  EXPECT_EQ(crc32_of("", 0), 0u);
}

TEST_F(Chain, TradesCountOnceAndHolesAreSeen) {
  const auto trade = [](int id, const char* more = "") {
    return R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":")" +
           std::to_string(id) + R"(","px":"100","sz":"1","side":"sell","ts":"1")" + more + "}]}";
  };
  okx_frame(trade(5));
  okx_frame(trade(6));
  okx_frame(trade(6));
  EXPECT_EQ(okx_.count("trades"), 2);
  EXPECT_EQ(okx_.count("trade_duplicates"), 1);
  okx_frame(trade(9, R"(,"count":"3")"));
  EXPECT_EQ(okx_.count("trade_holes"), 0) << "it stands for 7, 8 and 9";
  okx_frame(trade(11));
  EXPECT_EQ(okx_.count("trade_holes"), 1);
  for (const MarketEvent& e : okx_.take(1)) {
    EXPECT_EQ(e.h.type, MsgType::kTrade);
    EXPECT_TRUE(e.h.has(kFlagSell));
  }
}

TEST_F(Chain, TradesOfOneMatchShareTheirNumber) {
  const std::string two =
      R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[)"
      R"({"s":"BTCUSDT","S":"Buy","v":"1","p":"100.0","BT":false,"seq":7},)"
      R"({"s":"BTCUSDT","S":"Buy","v":"2","p":"100.1","BT":true,"seq":7}]})";
  bybit_frame(two);
  EXPECT_EQ(bybit_.count("trades"), 2);
  EXPECT_EQ(bybit_.count("non_market_trades"), 1) << "a block trade";
  std::string old = two;
  old.replace(old.find("\"seq\":7"), 7, "\"seq\":6");
  bybit_frame(old);
  EXPECT_EQ(bybit_.count("trade_duplicates"), 1);
  EXPECT_EQ(bybit_.count("trades"), 3);
}

TEST_F(Chain, TickersComeInPartsAndMarksAreWhole) {
  const auto ticker = [](const std::string& fields) {
    return R"({"topic":"tickers.BTCUSDT","type":"delta","ts":1,"data":{"symbol":"BTCUSDT",)" +
           fields + "}}";
  };
  bybit_frame(ticker(R"("indexPrice":"99.5")"));
  EXPECT_TRUE(bybit_.take(1).empty()) << "no mark is known yet";
  bybit_frame(ticker(R"("markPrice":"100.5","fundingRate":"0.0001","nextFundingTime":"1786320000000")"));
  auto got = bybit_.take(1);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].h.type, MsgType::kMark);
  EXPECT_EQ(got[0].a, 10'050'000'000);
  EXPECT_EQ(got[0].b, 9'950'000'000);
  EXPECT_EQ(got[1].h.type, MsgType::kFunding);
  EXPECT_EQ(got[1].a, 10'000);
  EXPECT_EQ(got[1].b, 1'786'320'000'000'000'000);
  bybit_frame(ticker(R"("fundingRate":"0.0002")"));
  got = bybit_.take(1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].a, 20'000);
  EXPECT_EQ(got[0].b, 1'786'320'000'000'000'000) << "the instant is the one before";
  bybit_frame(ticker(R"("bid1Price":"100.0","bid1Size":"1")"));
  EXPECT_TRUE(bybit_.take(1).empty()) << "its ids are not the book's: the touch is the book's";
  EXPECT_EQ(bybit_.count("tickers"), 4);
  EXPECT_EQ(bybit_.count("marks"), 1);
  bybit_.turn(TimeNs(++now_), FeedInput::lost());
  bybit_.out.entries.clear();
  bybit_frame(ticker(R"("indexPrice":"99.6")"));
  EXPECT_TRUE(bybit_.take(1).empty()) << "the mark of before the loss is not of now";
}

TEST_F(Chain, FramesThatWereLostMakeAGapThatOnlyASnapshotMends) {
  bybit_frame(bybit("snapshot", 7, R"(["100.0","1"])", R"(["100.1","1"])"));
  bybit_.turn(TimeNs(++now_), FeedInput::lost());
  EXPECT_EQ(bybit_.state(), BookState::kGap);
  EXPECT_EQ(bybit_.count("gaps"), 1);
  bybit_frame(bybit("delta", 9, R"(["99.0","1"])", ""));
  EXPECT_EQ(levels(bybit_, kBybit), 0);
  EXPECT_EQ(bybit_.count("gaps"), 1) << "one gap is told once";
  bybit_frame(bybit("snapshot", 30, R"(["100.0","1"])", R"(["100.1","1"])"));
  EXPECT_EQ(bybit_.state(), BookState::kValid);
}

}  // namespace
}  // namespace pinstripe::feed_test
