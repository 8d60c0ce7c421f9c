#include "tools/venue/binance.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/data.h"
#include "tests/tools/venue/venue_bench.h"

namespace pinstripe::venue {
namespace {

/// Keeps a book by the venue's own rule: snapshot, older changes dropped, the chain checked.
TEST(BinanceStreams, ABookKeptByTheVenuesRuleEqualsTheNextSnapshot) {
  for (const ListingMarket market : {ListingMarket::kBinance, ListingMarket::kBinanceUsdm}) {
    VenueBench bench;
    BinanceProtocol sut(*bench.engine, market, true);
    const bool spot = market == ListingMarket::kBinance;
    const std::string root = spot ? "/api/v3" : "/fapi/v1";
    KeptPeer peer(spot ? "/ws/btcusdt@depth@100ms" : "/public/ws/btcusdt@depth@100ms");
    sut.opened(peer, bench.now);
    bench.move(350, &sut);
    const Json first = Json::parse(
        bench.ask(sut, root + "/depth", {{"symbol", "BTCUSDT"}, {"limit", "1000"}}).body);
    bench.move(5'000, &sut);
    TextBook book;
    book.apply(first["bids"], first["asks"]);
    std::uint64_t id = first["lastUpdateId"];
    int applied = 0;
    for (const Json& e : peer.sent) {
      const std::uint64_t u = e["u"];
      if (u <= id) continue;
      ASSERT_LE(e["U"].get<std::uint64_t>(), id + 1) << "a gap";
      if (!spot && applied > 0) {
        ASSERT_EQ(e["pu"].get<std::uint64_t>(), id);
      }
      if (spot && applied > 0) {
        ASSERT_EQ(e["U"].get<std::uint64_t>(), id + 1);
      }
      book.apply(e["b"], e["a"]);
      id = u;
      ++applied;
    }
    EXPECT_GT(applied, 40);
    sut.tick(bench.now + 1'000);  // what is left of the last tenth of a second
    const Json& last = peer.sent.back();
    if (last["u"].get<std::uint64_t>() > id) book.apply(last["b"], last["a"]);
    const Json now = Json::parse(
        bench.ask(sut, root + "/depth", {{"symbol", "BTCUSDT"}, {"limit", "1000"}}).body);
    EXPECT_EQ(last["u"], now["lastUpdateId"]);
    TextBook venues;
    venues.apply(now["bids"], now["asks"]);
    EXPECT_TRUE(book == venues);
  }
}

TEST(BinanceStreams, SubscribeUnsubscribeAndListAnswerWithTheRequestsId) {
  VenueBench bench;
  BinanceProtocol sut(*bench.engine, ListingMarket::kBinance, true);
  KeptPeer peer("/stream");
  sut.opened(peer, bench.now);
  sut.received(peer, R"({"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":"a1"})", bench.now);
  bench.move(2'000, &sut);
  ASSERT_FALSE(peer.sent.empty());
  EXPECT_EQ(peer.sent.front()["stream"], "btcusdt@trade");
  EXPECT_EQ(peer.sent.front()["data"]["e"], "trade");
  sut.received(peer, R"({"method":"LIST_SUBSCRIPTIONS","id":7})", bench.now);
  sut.received(peer, R"({"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":8})", bench.now);
  const std::vector<std::string> expected{R"({"result":null,"id":"a1"})",
                                          R"({"result":["btcusdt@trade"],"id":7})",
                                          R"({"result":null,"id":8})"};
  EXPECT_EQ(peer.replies, expected);
  const std::size_t count = peer.sent.size();
  bench.move(2'000, &sut);
  EXPECT_EQ(peer.sent.size(), count);
}

TEST(BinanceStreams, WhoSendsMoreThanFiveMessagesASecondIsClosed) {
  VenueBench bench;
  BinanceProtocol sut(*bench.engine, ListingMarket::kBinance, true);
  KeptPeer peer("/ws");
  sut.opened(peer, bench.now);
  for (int i = 0; i < 5; ++i) sut.received(peer, R"({"method":"GET_PROPERTY","id":1})", bench.now);
  EXPECT_EQ(peer.closed_with, 0u);
  sut.received(peer, R"({"method":"GET_PROPERTY","id":1})", bench.now);
  EXPECT_EQ(peer.closed_with, 1008u);
}

TEST(BinanceRest, CountsWeightAndAnswers429ThenBans) {
  VenueBench bench;
  BinanceProtocol sut(*bench.engine, ListingMarket::kBinance, true);
  const std::map<std::string, std::string> whole{{"symbol", "BTCUSDT"}, {"limit", "5000"}};
  bench.now = bench.now / 60'000 * 60'000 + 10'000;  // 50 s are left of this minute
  for (int i = 1; i <= 24; ++i) {
    const HttpAnswer ok = bench.ask(sut, "/api/v3/depth", whole);
    ASSERT_EQ(ok.status, 200u);
    ASSERT_EQ(ok.headers.back().second, std::to_string(250 * i));
  }
  const HttpAnswer over = bench.ask(sut, "/api/v3/time");
  EXPECT_EQ(over.status, 429u);
  EXPECT_EQ(over.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "50"}));
  EXPECT_EQ(Json::parse(over.body)["code"], -1003);
  unsigned status = 429;
  for (int i = 0; i < 20; ++i) status = bench.ask(sut, "/api/v3/time").status;
  EXPECT_EQ(status, 418u);
  bench.now += 60'000;
  EXPECT_EQ(bench.ask(sut, "/api/v3/time").status, 418u) << "a ban outlives the minute";
  bench.now += 61'000;
  EXPECT_EQ(bench.ask(sut, "/api/v3/time").status, 200u);
}

TEST(BinanceRest, RefusesAsTheVenueDoes) {
  VenueBench bench;
  BinanceProtocol sut(*bench.engine, ListingMarket::kBinance, true);
  EXPECT_EQ(Json::parse(bench.ask(sut, "/api/v3/depth").body)["code"], -1102);
  EXPECT_EQ(Json::parse(bench.ask(sut, "/api/v3/depth", {{"symbol", "NO"}}).body)["code"], -1121);
  const auto bad = bench.ask(sut, "/api/v3/klines", {{"symbol", "BTCUSDT"}, {"interval", "7x"}});
  EXPECT_EQ(Json::parse(bad.body)["code"], -1120);
  EXPECT_EQ(bad.status, 400u);
  EXPECT_EQ(bench.ask(sut, "/api/v3/nowhere").status, 404u);
}

/// Every field that a recorded message has is in ours, with the same JSON type.
void expect_shape(const Json& recorded, const Json& ours, const std::string& where) {
  for (const auto& [key, value] : recorded.items()) {
    ASSERT_TRUE(ours.contains(key)) << where << " lacks " << key;
    const bool numbers = value.is_number() && ours[key].is_number();
    EXPECT_TRUE(numbers || value.type() == ours[key].type()) << where << " " << key;
    if (value.is_object()) expect_shape(value, ours[key], where + "." + key);
  }
}

TEST(BinanceStreams, NoFieldOfARecordedFuturesMessageIsMissing) {
  PINSTRIPE_NEED_DATA(folder, "fixtures/binance/futures/market_data_json");
  VenueBench bench;
  BinanceProtocol sut(*bench.engine, ListingMarket::kBinanceUsdm, false);
  KeptPeer peer("/market/ws");
  sut.opened(peer, bench.now);
  sut.received(peer, R"({"method":"SUBSCRIBE","id":1,"params":["btcusdt@depth@100ms",
      "btcusdt@aggTrade","btcusdt@bookTicker","btcusdt@kline_1m","btcusdt@markPrice@1s",
      "btcusdt@forceOrder","btcusdt@ticker","btcusdt@trade"]})", bench.now);
  bench.move(30'000, &sut);
  std::map<std::string, Json> by_kind;
  for (const Json& e : peer.sent) by_kind[e["e"]] = e;
  for (const auto& [file, kind] : {std::pair{"depth_update_stream", "depthUpdate"},
                                   {"agg_trade_stream", "aggTrade"},
                                   {"book_ticker_stream", "bookTicker"},
                                   {"kline_stream_open", "kline"},
                                   {"mark_price_stream", "markPriceUpdate"},
                                   {"liquidation_stream", "forceOrder"},
                                   {"ticker_stream", "24hrTicker"},
                                   {"trade_stream", "trade"}}) {
    ASSERT_TRUE(by_kind.contains(kind)) << kind;
    std::ifstream in(folder + "/" + file + ".json");
    expect_shape(Json::parse(in), by_kind[kind], kind);
  }
}

}  // namespace
}  // namespace pinstripe::venue
