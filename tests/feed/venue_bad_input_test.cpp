// Bad Bybit and OKX messages: refused, counted, named; never a crash, never a silent correction.
#include <gtest/gtest.h>

#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

struct BadMessage {
  const char* name;
  FrameFormat format;
  std::string text;
  FeedErrorKind kind;
};

std::string bybit_book(const std::string& level, const std::string& rest = R"(,"u":5,"seq":1)") {
  return R"({"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[)" +
         level + R"(],"a":[])" + rest + "}}";
}
std::string bybit_trade(const std::string& fields) {
  return R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{"s":"BTCUSDT",)" +
         fields + "}]}";
}
std::string okx_book(const std::string& level, const std::string& rest = R"(,"seqId":5,"prevSeqId":-1)") {
  return R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[],"bids":[)" +
         level + R"(],"ts":"1")" + rest + "}]}";
}
std::string okx_trade(const std::string& fields) {
  return R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{)" + fields + R"(,"ts":"1"}]})";
}

class BadVenueMessage : public testing::TestWithParam<BadMessage> {};

TEST_P(BadVenueMessage, IsRefusedAndCounted) {
  const bool is_bybit = GetParam().format == FrameFormat::kBybitRaw;
  Rig rig(is_bybit ? "BYBIT_LINEAR:BTCUSDT" : "OKX:BTC-USDT");
  rig.send(TimeNs(5), GetParam().text, GetParam().format);
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("bad_lines"), 1);
  EXPECT_EQ(rig.sut.last_error().kind, GetParam().kind);
  EXPECT_EQ(rig.state(), BookState::kEmpty);
}

using K = FeedErrorKind;
constexpr FrameFormat kB = FrameFormat::kBybitRaw;
constexpr FrameFormat kO = FrameFormat::kOkxRaw;

INSTANTIATE_TEST_SUITE_P(
    All, BadVenueMessage,
    testing::Values(
        BadMessage{"BybitCut", kB, R"({"topic":"orderbook.50.BTC)", K::kBadJson},
        BadMessage{"BybitNotJson", kB, "pong", K::kBadJson},
        BadMessage{"BybitNothing", kB, "", K::kBadJson},
        BadMessage{"BybitNotUtf8", kB, "{\"topic\":\"\xff\"}", K::kBadJson},
        BadMessage{"BybitTwoMessages", kB, bybit_book("") + bybit_book(""), K::kBadJson},
        BadMessage{"BybitNan", kB, bybit_book(R"(["NaN","1"])"), K::kBadNumber},
        BadMessage{"BybitExponent", kB, bybit_book(R"(["1e5","1"])"), K::kBadNumber},
        BadMessage{"BybitNegativeSize", kB, bybit_book(R"(["100.0","-1"])"), K::kBadNumber},
        BadMessage{"BybitNegativePrice", kB, bybit_book(R"(["-100.0","1"])"), K::kBadNumber},
        BadMessage{"BybitZeroPrice", kB, bybit_book(R"(["0","1"])"), K::kOverflow},
        BadMessage{"BybitOffTick", kB, bybit_book(R"(["100.05","1"])"), K::kOffGrid},
        BadMessage{"BybitTooFine", kB, bybit_book(R"(["100.0","0.000000001"])"), K::kOffGrid},
        BadMessage{"BybitHuge", kB, bybit_book(R"(["99999999999999999999","1"])"), K::kOverflow},
        BadMessage{"BybitNumberInsteadOfText", kB, bybit_book("[100.0,1]"), K::kBadJson},
        BadMessage{"BybitOneInALevel", kB, bybit_book(R"(["100.0"])"), K::kBadJson},
        BadMessage{"BybitNoId", kB, bybit_book("", ""), K::kMissingField},
        BadMessage{"BybitBadId", kB, bybit_book("", R"(,"u":-5)"), K::kBadNumber},
        BadMessage{"BybitTextId", kB, bybit_book("", R"(,"u":"5")"), K::kBadNumber},
        BadMessage{"BybitNoData", kB, R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1})",
                   K::kMissingField},
        BadMessage{"BybitUnknownType", kB,
                   R"({"topic":"orderbook.50.BTCUSDT","type":"patch","data":{}})", K::kBadJson},
        BadMessage{"BybitNoDepth", kB, R"({"topic":"orderbook.BTCUSDT","type":"delta","data":{}})",
                   K::kBadJson},
        BadMessage{"BybitUnknownSymbol", kB,
                   R"({"topic":"publicTrade.XYZUSDT","type":"snapshot","data":[]})",
                   K::kUnknownSymbol},
        BadMessage{"BybitTwoSymbols", kB,
                   R"({"topic":"orderbook.50.BTCUSDT","type":"delta","data":{"s":"ETHUSDT","b":[],"a":[],"u":2}})",
                   K::kUnknownSymbol},
        BadMessage{"BybitTradeWithoutPrice", kB, bybit_trade(R"("S":"Buy","v":"1")"),
                   K::kMissingField},
        BadMessage{"BybitTradeSide", kB, bybit_trade(R"("S":"Hold","v":"1","p":"100.0")"),
                   K::kBadJson},
        BadMessage{"BybitTradeOffGrid", kB, bybit_trade(R"("S":"Buy","v":"1","p":"100.01")"),
                   K::kOffGrid},
        BadMessage{"BybitTickerNumber", kB,
                   R"({"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","markPrice":"x"}})",
                   K::kBadNumber},
        BadMessage{"OkxCut", kO, R"({"arg":{"channel":"books")", K::kBadJson},
        BadMessage{"OkxNotJson", kO, "ping", K::kBadJson},
        BadMessage{"OkxNan", kO, okx_book(R"(["NaN","1","0","1"])"), K::kBadNumber},
        BadMessage{"OkxExponent", kO, okx_book(R"(["1e5","1","0","1"])"), K::kBadNumber},
        BadMessage{"OkxNegativeSize", kO, okx_book(R"(["100","-1","0","1"])"), K::kBadNumber},
        BadMessage{"OkxOffTick", kO, okx_book(R"(["100.05","1","0","1"])"), K::kOffGrid},
        BadMessage{"OkxHuge", kO, okx_book(R"(["99999999999999999999","1","0","1"])"), K::kOverflow},
        BadMessage{"OkxNestedLevel", kO, okx_book(R"([["100","1"]])"), K::kBadJson},
        BadMessage{"OkxNoBids", kO,
                   R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[],"ts":"1"}]})",
                   K::kMissingField},
        BadMessage{"OkxNoTime", kO,
                   R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[],"bids":[]}]})",
                   K::kMissingField},
        BadMessage{"OkxNoAction", kO,
                   R"({"arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"asks":[],"bids":[],"ts":"1"}]})",
                   K::kMissingField},
        BadMessage{"OkxUnknownAction", kO,
                   R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"partial","data":[]})",
                   K::kBadJson},
        BadMessage{"OkxTwoBooks", kO,
                   R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1"},{"asks":[],"bids":[],"ts":"2"}]})",
                   K::kBadJson},
        BadMessage{"OkxChecksumTooLarge", kO, okx_book("", R"(,"checksum":99999999999)"),
                   K::kBadNumber},
        BadMessage{"OkxUnknownSymbol", kO,
                   R"({"arg":{"channel":"trades","instId":"XYZ-USDT"},"data":[{"px":"1","sz":"1","side":"buy","ts":"1"}]})",
                   K::kUnknownSymbol},
        BadMessage{"OkxTwoSymbols", kO,
                   okx_trade(R"("instId":"ETH-USDT","px":"1","sz":"1","side":"buy")"),
                   K::kUnknownSymbol},
        BadMessage{"OkxNoSymbol", kO, R"({"arg":{"channel":"trades"},"data":[]})",
                   K::kMissingField},
        BadMessage{"OkxTradeSide", kO, okx_trade(R"("px":"100","sz":"1","side":"x")"), K::kBadJson},
        BadMessage{"OkxTradeId", kO, okx_trade(R"("px":"100","sz":"1","side":"buy","tradeId":"9x")"),
                   K::kBadNumber},
        BadMessage{"OkxTimeAsNumber", kO,
                   R"({"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"ts":1}]})",
                   K::kBadJson}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(BadVenueMessages, LongerThanTheLimitsAreRefused) {
  FeedConfig config = Rig::config_of("BYBIT_LINEAR:BTCUSDT");
  config.frame_levels_max = 1'000;
  config.frame_bytes_max = 64 * 1024;
  Rig rig(config);
  std::string levels;
  for (int i = 0; i < 1'001; ++i) {
    levels += (i == 0 ? "" : ",") + std::string("[\"") + std::to_string(i + 1) + "\",\"1\"]";
  }
  rig.send(TimeNs(1), bybit_book(levels), FrameFormat::kBybitRaw);
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kTooLong);
  rig.send(TimeNs(2), bybit_book(std::string(70'000, ' ')), FrameFormat::kBybitRaw);
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kTooLong);
  rig.send(TimeNs(3), std::string(5'000, '['), FrameFormat::kBybitRaw);
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kBadJson);
  EXPECT_EQ(rig.count("bad_lines"), 3);
}

TEST(BadVenueMessages, EveryCutOfAMessageIsRefused) {
  for (const auto& [format, whole] :
       {std::pair{kB, bybit_book(R"(["100.0","1"])")}, std::pair{kO, okx_book(R"(["100","1","0","2"])")},
        std::pair{kB, bybit_trade(R"("S":"Buy","v":"1","p":"100.0")")},
        std::pair{kO, okx_trade(R"("px":"100","sz":"1","side":"buy","tradeId":"9")")}}) {
    Rig rig(format == kB ? "BYBIT_LINEAR:BTCUSDT" : "OKX:BTC-USDT");
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      rig.send(TimeNs(1), whole.substr(0, cut), format);
    }
    EXPECT_EQ(rig.count("bad_lines"), static_cast<std::int64_t>(whole.size()));
    rig.send(TimeNs(2), whole, format);
    EXPECT_EQ(rig.count("bad_lines"), static_cast<std::int64_t>(whole.size()));
  }
}

}  // namespace
}  // namespace pinstripe::feed_test
