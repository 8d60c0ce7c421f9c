// Bybit's and OKX's documented example messages decode to the values that stand in them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "feed/venue_decoder.h"
#include "tests/support/data.h"

namespace pinstripe {
namespace {

class VenueFixtures : public testing::Test {
 protected:
  FeedErrorKind decode(FrameFormat format, const std::string& text) {
    text_ = text;
    text_.append(kFramePadding, ' ');
    return decoder_.decode(format, {text_.data(), text.size()}, m_).kind;
  }
  FeedErrorKind decode_file(FrameFormat format, const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return decode(format, text.str());
  }
  VenueDecoder decoder_{1 << 20};
  VenueMessage m_{4'096};
  std::string text_;
};

TEST_F(VenueFixtures, BybitBooks) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/bybit");
  ASSERT_EQ(decode_file(FrameFormat::kBybitRaw, dir + "/ws_orderbook_snapshot.json"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kChainedBook);
  EXPECT_TRUE(m_.is_fresh);
  EXPECT_EQ(m_.symbol, "BTCUSDT");
  EXPECT_EQ(m_.book_depth, 1);
  EXPECT_EQ(m_.last_id, 123'456'789u);
  EXPECT_EQ(m_.venue_us, 1'709'891'679'000'000);
  ASSERT_EQ(m_.bid_count, 2u);
  ASSERT_EQ(m_.ask_count, 2u);
  EXPECT_EQ(m_.bids[1].price_e8, 2'744'950'000'000);
  EXPECT_EQ(m_.bids[1].qty_e8, 100'000'000);
  EXPECT_EQ(m_.asks[0].price_e8, 2'745'100'000'000);
  EXPECT_EQ(m_.asks[0].qty_e8, 75'000'000);
  EXPECT_FALSE(m_.has_checksum);
  ASSERT_EQ(decode_file(FrameFormat::kBybitRaw, dir + "/ws_orderbook_delta.json"),
            FeedErrorKind::kNone);
  EXPECT_FALSE(m_.is_fresh);
  EXPECT_TRUE(m_.has_prev);
  EXPECT_EQ(m_.last_id, 123'456'790u);
  EXPECT_EQ(m_.prev_id, 123'456'789u);
  EXPECT_EQ(m_.asks[0].qty_e8, 0);
}

TEST_F(VenueFixtures, BybitTradesAndTickers) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/bybit");
  ASSERT_EQ(decode_file(FrameFormat::kBybitRaw, dir + "/ws_public_trade.json"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kTrades);
  ASSERT_EQ(m_.trade_count, 1u);
  EXPECT_EQ(m_.trades[0].price_e8, 2'745'100'000'000);
  EXPECT_EQ(m_.trades[0].qty_e8, 1'000'000);
  EXPECT_FALSE(m_.trades[0].is_sell);
  EXPECT_TRUE(m_.trades[0].is_market);
  ASSERT_EQ(decode_file(FrameFormat::kBybitRaw, dir + "/ws_ticker_linear.json"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kTickerState);
  const RawTickerState& t = m_.ticker;
  EXPECT_EQ(t.has, 511) << "every field is there";
  EXPECT_EQ(t.bid_price_e8, 1'721'550'000'000);
  EXPECT_EQ(t.bid_qty_e8, 8'448'900'000);
  EXPECT_EQ(t.ask_price_e8, 1'721'600'000'000);
  EXPECT_EQ(t.ask_qty_e8, 8'302'000'000);
  EXPECT_EQ(t.mark_e8, 1'721'733'000'000);
  EXPECT_EQ(t.index_e8, 1'722'736'000'000);
  EXPECT_EQ(t.rate_e8, -21'200);
  EXPECT_EQ(t.funding_ms, 1'673'280'000'000);
  EXPECT_EQ(t.open_interest_e8, 6'874'476'100'000);
  for (const char* other : {"/ws_subscription_ack.json", "/ws_subscription_failure.json"}) {
    ASSERT_EQ(decode_file(FrameFormat::kBybitRaw, dir + other), FeedErrorKind::kNone) << other;
    EXPECT_EQ(m_.kind, VenueKind::kOther) << other;
  }
}

TEST_F(VenueFixtures, OkxBooks) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/okx");
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_books_snapshot.json"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kChainedBook);
  EXPECT_TRUE(m_.is_fresh);
  EXPECT_FALSE(m_.has_prev);
  EXPECT_EQ(m_.symbol, "BTC-USDT");
  EXPECT_EQ(m_.book_depth, 400);
  EXPECT_EQ(m_.last_id, 123'456u);
  EXPECT_EQ(m_.venue_us, 1'597'026'383'085'000);
  EXPECT_TRUE(m_.has_checksum);
  EXPECT_EQ(m_.checksum, -855'196'043);
  ASSERT_EQ(m_.bid_count, 8u);
  ASSERT_EQ(m_.ask_count, 8u);
  EXPECT_EQ(m_.asks[0].price_e8, 847'698'000'000);
  EXPECT_EQ(m_.asks[7].qty_e8, 10'000'000'000);
  EXPECT_EQ(m_.bids[7].price_e8, 844'600'000'000);
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_books_update.json"),
            FeedErrorKind::kNone);
  EXPECT_FALSE(m_.is_fresh);
  EXPECT_TRUE(m_.has_prev);
  EXPECT_EQ(m_.prev_id, 123'456u);
  EXPECT_EQ(m_.last_id, 123'457u);
}

TEST_F(VenueFixtures, OkxTradesTickersFundingAndTheRest) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/okx");
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_trades.json"), FeedErrorKind::kNone);
  ASSERT_EQ(m_.trade_count, 1u);
  EXPECT_EQ(m_.trades[0].price_e8, 4'221'990'000'000);
  EXPECT_EQ(m_.trades[0].qty_e8, 12'060'306);
  EXPECT_EQ(m_.trades[0].id, 130'639'474u);
  EXPECT_EQ(m_.trades[0].count, 3u);
  EXPECT_FALSE(m_.trades[0].is_sell);
  EXPECT_EQ(m_.venue_us, 1'630'048'897'897'000);
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_tickers.json"), FeedErrorKind::kNone);
  EXPECT_EQ(m_.ticker.has, kHasBidPrice | kHasBidQty | kHasAskPrice | kHasAskQty);
  EXPECT_EQ(m_.ticker.bid_price_e8, 888'888'000'000);
  EXPECT_EQ(m_.ticker.ask_qty_e8, 1'100'000'000);
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_funding_rate.json"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.ticker.has, kHasRate | kHasFundingTime);
  EXPECT_EQ(m_.ticker.rate_e8, 10'000);
  EXPECT_EQ(m_.ticker.funding_ms, 1'744'590'349'506);
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_instruments.json"), FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kOther);
}

TEST_F(VenueFixtures, OkxCandles) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/okx");
  ASSERT_EQ(decode_file(FrameFormat::kOkxRaw, dir + "/ws_candle.json"), FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kBars);
  EXPECT_EQ(m_.symbol, "BTC-USDT");
  ASSERT_EQ(m_.bar_count, 1u);
  const RawBar& b = m_.bars[0];
  EXPECT_EQ(b.start_ms, 1'597'026'383'085);
  EXPECT_EQ(b.last_ms, 1'597'026'383'085 + 24 * 3'600'000 - 1);
  EXPECT_EQ(b.open_e8, 853'302'000'000);
  EXPECT_EQ(b.high_e8, 855'374'000'000);
  EXPECT_EQ(b.low_e8, 852'717'000'000);
  EXPECT_EQ(b.close_e8, 854'826'000'000);
  EXPECT_EQ(b.volume_e8, 4'524'700'000'000);
}

TEST_F(VenueFixtures, OkxCandlesOfEveryLength) {
  const auto last = [&](const std::string& length) {
    const std::string text = R"({"arg":{"channel":"candle)" + length +
                             R"(","instId":"A-B"},"data":[["1000","1","2","1","2","5","5","9","1"]]})";
    EXPECT_EQ(decode(FrameFormat::kOkxRaw, text), FeedErrorKind::kNone) << length;
    EXPECT_EQ(m_.kind, VenueKind::kBars) << length;
    return m_.bars[0].last_ms;
  };
  EXPECT_EQ(last("1s"), 1'999);
  EXPECT_EQ(last("15m"), 900'999);
  EXPECT_EQ(last("4H"), 14'400'999);
  EXPECT_EQ(last("1Dutc"), 86'400'999);
  EXPECT_EQ(last("1W"), 604'800'999);
  EXPECT_EQ(last("1M"), 0) << "months differ";
}

TEST_F(VenueFixtures, LiquidationsTellTheSideOfTheOrderThatCloses) {
  // Bybit names the side of the position that is closed.
  ASSERT_EQ(decode(FrameFormat::kBybitRaw,
                   R"({"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":7,"data":[)"
                   R"({"T":6,"s":"BTCUSDT","S":"Buy","v":"0.5","p":"43511.70"},)"
                   R"({"T":6,"s":"BTCUSDT","S":"Sell","v":"1","p":"2"}]})"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kLiquidations);
  EXPECT_EQ(m_.venue_us, 7'000);
  ASSERT_EQ(m_.liquidation_count, 2u);
  EXPECT_TRUE(m_.liquidations[0].is_sell);
  EXPECT_EQ(m_.liquidations[0].price_e8, 4'351'170'000'000);
  EXPECT_EQ(m_.liquidations[0].qty_e8, 50'000'000);
  EXPECT_EQ(m_.liquidations[0].symbol, "BTCUSDT");
  EXPECT_FALSE(m_.liquidations[1].is_sell);
  // OKX names the side of the order, and speaks of all instruments of a kind in one channel.
  ASSERT_EQ(decode(FrameFormat::kOkxRaw,
                   R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[)"
                   R"({"details":[{"side":"buy","posSide":"short","bkPx":"0.0078","sz":"13","ts":"9"}],)"
                   R"("instId":"IOST-USDT-SWAP"},{"instId":"A-B-SWAP","details":[]}]})"),
            FeedErrorKind::kNone);
  ASSERT_EQ(m_.liquidation_count, 1u);
  EXPECT_FALSE(m_.liquidations[0].is_sell);
  EXPECT_EQ(m_.liquidations[0].symbol, "IOST-USDT-SWAP");
  EXPECT_EQ(m_.liquidations[0].price_e8, 780'000);
  EXPECT_EQ(m_.liquidations[0].qty_e8, 1'300'000'000);
  EXPECT_EQ(m_.venue_us, 9'000);
}

TEST_F(VenueFixtures, LiquidationsWithoutAPartOfThemAreRefused) {
  for (const char* text :
       {R"({"arg":{"channel":"liquidation-orders"},"data":[{"details":[{"side":"buy","bkPx":"1","sz":"1"}]}]})",
        R"({"arg":{"channel":"liquidation-orders"},"data":[{"instId":"X","details":[{"bkPx":"1","sz":"1"}]}]})",
        R"({"arg":{"channel":"candle1m","instId":"X"},"data":[["1","1","2","1"]],"event":0})"}) {
    const FeedErrorKind kind = decode(FrameFormat::kOkxRaw, text);
    if (std::string_view(text).contains("candle")) {
      EXPECT_EQ(kind, FeedErrorKind::kNone) << "it does not say that it is closed";
    } else {
      EXPECT_EQ(kind, FeedErrorKind::kMissingField) << text;
    }
  }
  EXPECT_EQ(decode(FrameFormat::kBybitRaw,
                   R"({"topic":"kline.1.X","ts":1,"data":[{"confirm":true,"start":1,"open":"1"}]})"),
            FeedErrorKind::kMissingField);
  EXPECT_EQ(decode(FrameFormat::kBybitRaw,
                   R"({"topic":"allLiquidation.X","ts":1,"data":[{"s":"Y","S":"Buy","v":"1","p":"1"}]})"),
            FeedErrorKind::kUnknownSymbol);
}

TEST_F(VenueFixtures, OpenInterestIsCutWhereItIsFinerOrLargerThanAnOrder) {
  const auto interest = [&](const std::string& text) {
    EXPECT_EQ(decode(FrameFormat::kOkxRaw,
                     R"({"arg":{"channel":"open-interest","instId":"X"},"data":[{"instId":"X","oi":")" +
                         text + R"(","ts":"1"}]})"),
              FeedErrorKind::kNone)
        << text;
    return (m_.ticker.has & kHasOpenInterest) != 0 ? m_.ticker.open_interest_e8 : -1;
  };
  EXPECT_EQ(interest("2216113.01000000000309"), 221'611'301'000'000);
  EXPECT_EQ(interest("999999999999999"), INT64_MAX);
  EXPECT_EQ(interest(""), -1);
  EXPECT_EQ(decode(FrameFormat::kOkxRaw,
                   R"({"arg":{"channel":"open-interest","instId":"X"},"data":[{"oi":"-1","ts":"1"}]})"),
            FeedErrorKind::kBadNumber);
}

TEST_F(VenueFixtures, WhatHasNoPlaceIsRecognisedAsOther) {
  for (const char* text :
       {R"({"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1,"data":[{"open":"1"}]})",
        R"({"topic":"price_limit.BTCUSDT","type":"snapshot","ts":1,"data":{"buyLmt":"1"}})",
        R"({"op":"pong","ret_msg":"pong","success":true})"}) {
    ASSERT_EQ(decode(FrameFormat::kBybitRaw, text), FeedErrorKind::kNone) << text;
    EXPECT_EQ(m_.kind, VenueKind::kOther) << text;
  }
  for (const char* text :
       {"pong", R"({"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}})",
        R"({"event":"error","code":"60012","msg":"x"})",
        R"({"event":"notice","code":"64008","msg":"upgrade"})",
        R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[]}]})"}) {
    ASSERT_EQ(decode(FrameFormat::kOkxRaw, text), FeedErrorKind::kNone) << text;
    EXPECT_EQ(m_.kind, VenueKind::kOther) << text;
  }
}

TEST_F(VenueFixtures, MembersCountInWhateverOrder) {
  ASSERT_EQ(decode(FrameFormat::kBybitRaw,
                   R"({"data":{"u":7,"a":[["2","1"]],"b":[],"s":"X"},"type":"delta","topic":"orderbook.50.X"})"),
            FeedErrorKind::kNone);
  EXPECT_EQ(m_.kind, VenueKind::kChainedBook);
  EXPECT_EQ(m_.book_depth, 50);
  EXPECT_EQ(m_.ask_count, 1u);
  ASSERT_EQ(decode(FrameFormat::kOkxRaw,
                   R"({"data":[{"side":"sell","sz":"3","px":"2","ts":"1","tradeId":"9"}],"arg":{"instId":"A-B","channel":"trades"}})"),
            FeedErrorKind::kNone);
  ASSERT_EQ(m_.trade_count, 1u);
  EXPECT_TRUE(m_.trades[0].is_sell);
  EXPECT_EQ(m_.trades[0].count, 1u) << "one id a trade where no count is told";
}

}  // namespace
}  // namespace pinstripe
