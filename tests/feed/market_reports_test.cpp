// Open interest, liquidations and closed candles: what is told of them, to whom, and how often.
#include <gtest/gtest.h>

#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr const char* kPerp = "BINANCE_USDM:BTCUSDT";  // tick 0.1, lot 0.001
constexpr const char* kBybit = "BYBIT_LINEAR:BTCUSDT";
constexpr const char* kOkx = "OKX_SWAP:BTC-USDT-SWAP";

TimeNs at(std::int64_t ms) { return TimeNs(1'700'000'000'000'000'000 + ms * kNsPerMs); }

/// Everything that went to features; nobody else may have got anything.
std::vector<MarketEvent> told(Rig& rig) {
  for (const Entry& e : rig.out.entries) EXPECT_EQ(e.port, 0u);
  return rig.take(0);
}
std::string candle(bool is_closed, const std::string& low = "99.9") {
  return R"({"e":"kline","E":60000,"s":"BTCUSDT","k":{"t":0,"T":59999,"s":"BTCUSDT","i":"1m","f":1,)"
         R"("L":9,"o":"100.0","c":"100.2","h":"100.3","l":")" + low +
         R"(","v":"12.345","n":9,"x":)" + (is_closed ? "true" : "false") + R"(,"q":"1","V":"1"}})";
}
std::string force_order(const std::string& symbol, const char* price, const char* side) {
  return R"({"e":"forceOrder","E":5,"o":{"s":")" + symbol + R"(","S":")" + side +
         R"(","o":"LIMIT","f":"IOC","q":"0.014","p":")" + price + R"(","X":"FILLED","T":4}})";
}

TEST(OpenInterest, OfEveryVenueIsToldWhenItChanges) {
  Rig binance(kPerp), bybit(kBybit), okx(kOkx);
  binance.send(at(0), R"({"openInterest":"10659.509","symbol":"BTCUSDT","time":1589437530011})");
  bybit.send(at(0), R"({"topic":"tickers.BTCUSDT","type":"delta","ts":1,"data":{"symbol":"BTCUSDT",)"
                    R"("openInterest":"68744.761"}})", FrameFormat::kBybitRaw);
  const std::string said =
      R"({"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":)"
      R"("BTC-USDT-SWAP","oi":"2216113.01000000000309","oiCcy":"1","ts":"5"}]})";
  okx.send(at(0), said, FrameFormat::kOkxRaw);
  okx.send(at(1), said, FrameFormat::kOkxRaw);
  const std::int64_t expected[] = {1'065'950'900'000, 6'874'476'100'000, 221'611'301'000'000};
  Rig* rigs[] = {&binance, &bybit, &okx};
  for (int i = 0; i < 3; ++i) {
    const auto events = told(*rigs[i]);
    ASSERT_EQ(events.size(), 1u) << i;
    EXPECT_EQ(events[0].h.type, MsgType::kOpenInterest);
    EXPECT_EQ(events[0].a, expected[i]);
    EXPECT_EQ(events[0].b, 0);
    EXPECT_TRUE(events[0].ends_update());
    EXPECT_EQ(rigs[i]->count("open_interests"), 1);
  }
}

TEST(OpenInterest, StandsBeforeTheMarkOfTheSameMessage) {
  Rig rig(kBybit);
  rig.send(at(0), R"({"topic":"tickers.BTCUSDT","type":"snapshot","ts":1,"data":{"symbol":"BTCUSDT",)"
                  R"("markPrice":"100.05","openInterest":"5"}})", FrameFormat::kBybitRaw);
  const auto events = rig.take(0);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].h.type, MsgType::kOpenInterest);
  EXPECT_FALSE(events[0].ends_update());
  EXPECT_EQ(events[1].h.type, MsgType::kMark);
  EXPECT_TRUE(events[1].ends_update());
}

TEST(Liquidation, IsToldInTicksAndLotsWithTheSideOfItsOrder) {
  Rig rig(kPerp);
  rig.send(at(0), force_order("BTCUSDT", "9910.00000000", "SELL"));
  rig.send(at(1), force_order("BTCUSDT", "9910.06", "BUY"));
  const auto events = told(rig);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].h.type, MsgType::kLiquidation);
  EXPECT_EQ(events[0].price(), PriceTicks(99'100));
  EXPECT_EQ(events[0].qty(), QtyLots(14));
  EXPECT_EQ(events[0].h.side(), Side::kSell);
  EXPECT_TRUE(events[0].ends_update());
  EXPECT_EQ(events[1].price(), PriceTicks(99'101)) << "a computed price: the nearest tick";
  EXPECT_EQ(events[1].h.side(), Side::kBuy);
  EXPECT_EQ(rig.count("bad_lines"), 0);
}

TEST(Liquidation, OfOtherInstrumentsIsNoFault) {
  FeedConfig config = Rig::config_of(kOkx);
  config.instruments.push_back(instrument("OKX:BTC-USDT"));
  Rig rig(config);
  const auto one = [](const char* id, const char* size) {
    return std::string(R"({"instId":")") + id + R"(","details":[{"side":"sell","posSide":"long",)" +
           R"("bkPx":"100.0","sz":")" + size + R"(","ts":"5"}]})";
  };
  rig.send(at(0), R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[)" +
                      one("BTC-USDT-SWAP", "1") + "," + one("DOGE-USDT-SWAP", "7") + "," +
                      one("BTC-USDT", "2") + "]}", FrameFormat::kOkxRaw);
  const auto events = told(rig);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].h.instrument, 0);
  EXPECT_EQ(events[1].h.instrument, 1);
  for (const MarketEvent& e : events) EXPECT_TRUE(e.ends_update()) << "an update each";
  EXPECT_EQ(rig.count("liquidations"), 2);
  EXPECT_EQ(rig.count("other"), 1);
  EXPECT_EQ(rig.count("bad_lines"), 0);
}

TEST(Liquidation, OfAnotherInstrumentMayBeFinerOrLargerThanAnyOrderOfOurs) {
  Rig rig(kOkx);
  rig.send(at(0), R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[)"
                  R"({"instId":"SATS-USDT-SWAP","details":[{"side":"sell","posSide":"long",)"
                  R"("bkPx":"0.00000012345","sz":"999999999999999","ts":"5"}]},)"
                  R"({"instId":"BTC-USDT-SWAP","details":[{"side":"buy","posSide":"short",)"
                  R"("bkPx":"100.04","sz":"1","ts":"6"}]}]})", FrameFormat::kOkxRaw);
  const auto events = told(rig);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].h.type, MsgType::kLiquidation);
  EXPECT_EQ(events[0].price(), PriceTicks(1'000));
  EXPECT_EQ(events[0].h.side(), Side::kBuy);
  EXPECT_EQ(rig.count("other"), 1);
  EXPECT_EQ(rig.count("bad_lines"), 0);
}

TEST(Liquidation, OfOursThatNoOrderCanBeIsRefused) {
  Rig rig(kOkx);
  rig.send(at(0), R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[)"
                  R"({"instId":"BTC-USDT-SWAP","details":[{"side":"buy","posSide":"short",)"
                  R"("bkPx":"100.0","sz":"999999999999999","ts":"6"}]}]})", FrameFormat::kOkxRaw);
  EXPECT_TRUE(told(rig).empty());
  EXPECT_EQ(rig.count("bad_lines"), 1);
}

TEST(Liquidation, OfAQuantityThatNoOrderHasIsRefused) {
  Rig rig(kPerp);
  rig.send(at(0), R"({"e":"forceOrder","o":{"s":"BTCUSDT","S":"SELL","q":"0.0145","p":"9"}})");
  EXPECT_EQ(rig.count("off_grid"), 1);
  EXPECT_TRUE(told(rig).empty());
}

TEST(Bar, IsFourMessagesOnceItIsClosed) {
  Rig rig(kPerp);
  rig.send(at(0), candle(false));
  EXPECT_TRUE(told(rig).empty());
  EXPECT_EQ(rig.count("other"), 1);
  rig.send(at(1), candle(true));
  const auto events = told(rig);
  using Row = std::tuple<MsgType, std::int64_t, std::int64_t>;
  std::vector<Row> rows;
  for (const MarketEvent& e : events) rows.emplace_back(e.h.type, e.a, e.b);
  EXPECT_EQ(rows, (std::vector<Row>{{MsgType::kBar, 0, 60 * kNsPerSecond},
                                    {MsgType::kBarBody, 1'000, 1'002},
                                    {MsgType::kBarRange, 1'003, 999},
                                    {MsgType::kBarVolume, 12'345, 9}}));
  EXPECT_TRUE(events.back().ends_update());
  EXPECT_FALSE(events.front().ends_update());
  EXPECT_EQ(rig.count("bars"), 1);
}

TEST(Bar, ThatTwoConnectionsBringIsToldOnce) {
  Rig rig(kPerp);
  rig.send(at(1), candle(true));
  rig.send(at(2), candle(true));
  EXPECT_EQ(told(rig).size(), 4u);
  EXPECT_EQ(rig.count("bars"), 1);
  EXPECT_EQ(rig.count("bar_duplicates"), 1);
  EXPECT_EQ(rig.count("bad_lines"), 0);
}

TEST(Bar, OfAnotherLengthIsNoRepetition) {
  Rig rig(kOkx);
  const auto closed = [](const char* channel) {
    return std::string(R"({"arg":{"channel":")") + channel +
           R"(","instId":"BTC-USDT-SWAP"},"data":[["300000","100.0","100.0","100.0","100.0","5",)"
           R"("5","9","1"]]})";
  };
  rig.send(at(0), closed("candle1m"), FrameFormat::kOkxRaw);
  rig.send(at(1), closed("candle5m"), FrameFormat::kOkxRaw);
  EXPECT_EQ(told(rig).size(), 8u);
  EXPECT_EQ(rig.count("bars"), 2);
  EXPECT_EQ(rig.count("bar_duplicates"), 0);
}

TEST(Bar, WithAPriceOffTheGridIsNotToldInPart) {
  Rig rig(kPerp);
  rig.send(at(0), candle(true, "99.95"));
  EXPECT_TRUE(told(rig).empty());
  EXPECT_EQ(rig.count("off_grid"), 1);
}

TEST(Bar, OfAMonthHasNoInterval) {
  Rig rig(kOkx);
  rig.send(at(0), R"({"arg":{"channel":"candle1M","instId":"BTC-USDT-SWAP"},"data":[["1000","100.0",)"
                  R"("100.0","100.0","100.0","5","5","9","1"]]})", FrameFormat::kOkxRaw);
  const auto events = told(rig);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].a, kNsPerSecond);
  EXPECT_EQ(events[0].b, 0);
}

TEST(Bar, AndLiquidationOfAHaltedInstrumentArePassedOver) {
  Rig rig(kPerp);
  rig.send(at(0), kNoticeChanged, FrameFormat::kNotice);
  rig.out.entries.clear();
  rig.send(at(1), candle(true));
  rig.send(at(2), force_order("BTCUSDT", "9910.0", "SELL"));
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("passed_over"), 2);
}

}  // namespace
}  // namespace pinstripe::feed_test
