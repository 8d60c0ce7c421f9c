#include "tools/venue/bybit.h"

#include <gtest/gtest.h>

#include "tests/tools/venue/venue_bench.h"

namespace pinstripe::venue {
namespace {

TEST(BybitStreams, ABookKeptFromSnapshotAndDeltasEqualsTheRestBook) {
  for (const std::string category : {"spot", "linear"}) {
    VenueBench bench;
    BybitProtocol sut(*bench.engine, true);
    KeptPeer early("/v5/public/" + category);
    KeptPeer late("/v5/public/" + category);
    const char* subscribe = R"({"op":"subscribe","req_id":"r","args":["orderbook.50.BTCUSDT"]})";
    sut.opened(early, bench.now);
    sut.received(early, subscribe, bench.now);
    bench.move(1'000, &sut);
    sut.opened(late, bench.now);
    sut.received(late, subscribe, bench.now);  // its snapshot is what the early one knows
    bench.move(3'000, &sut);
    sut.tick(bench.now + 100);
    const Json rest = Json::parse(bench.ask(sut, "/v5/market/orderbook",
        {{"category", category}, {"symbol", "BTCUSDT"}, {"limit", "200"}}).body)["result"];
    TextBook venues;
    venues.apply(rest["b"], rest["a"]);
    for (const KeptPeer* peer : {&early, &late}) {
      TextBook book;
      std::uint64_t u = 0;
      for (const Json& m : peer->sent) {
        if (m["type"] == "snapshot") {
          ASSERT_EQ(u, 0u) << "one snapshot is enough";
        } else {
          ASSERT_EQ(m["data"]["u"].get<std::uint64_t>(), u + 1);
        }
        u = m["data"]["u"];
        book.apply(m["data"]["b"], m["data"]["a"]);
      }
      EXPECT_GT(peer->sent.size(), 40u);
      EXPECT_EQ(peer->sent.back()["data"]["seq"], rest["seq"]);
      EXPECT_TRUE(book == venues) << category;
    }
  }
}

TEST(BybitStreams, AResetSendsTheBookAnewAndCountsFromOne) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  KeptPeer peer("/v5/public/linear");
  KeptPeer other("/v5/public/linear");
  sut.opened(peer, bench.now);
  sut.opened(other, bench.now);
  sut.received(peer, R"({"op":"subscribe","args":["orderbook.50.BTCUSDT"]})", bench.now);
  sut.received(other, R"({"op":"subscribe","args":["publicTrade.BTCUSDT"]})", bench.now);
  bench.move(1'000, &sut);
  ASSERT_GT(peer.sent.back()["data"]["u"].get<std::uint64_t>(), 1u);
  EXPECT_EQ(sut.restart_books("ETHUSDT", bench.now), 0u);
  const std::size_t before = peer.sent.size();
  EXPECT_EQ(sut.restart_books("BTCUSDT", bench.now), 1u);
  bench.move(2'000, &sut);
  sut.tick(bench.now + 100);
  ASSERT_GT(peer.sent.size(), before + 10);
  TextBook book;
  for (std::size_t i = before; i < peer.sent.size(); ++i) {
    const Json& m = peer.sent[i];
    EXPECT_EQ(m["type"], i == before ? "snapshot" : "delta");
    ASSERT_EQ(m["data"]["u"].get<std::size_t>(), i - before + 1);
    book.apply(m["data"]["b"], m["data"]["a"]);
  }
  const Json rest = Json::parse(bench.ask(sut, "/v5/market/orderbook",
      {{"category", "linear"}, {"symbol", "BTCUSDT"}, {"limit", "200"}}).body)["result"];
  TextBook venues;
  venues.apply(rest["b"], rest["a"]);
  EXPECT_TRUE(book == venues);
}

TEST(BybitStreams, AQuietTouchIsSentAgainAfterThreeSecondsWithTheSameU) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  KeptPeer peer("/v5/public/spot");
  sut.opened(peer, bench.now);
  sut.received(peer, R"({"op":"subscribe","args":["orderbook.1.BTCUSDT"]})", bench.now);
  ASSERT_EQ(peer.sent.size(), 1u);
  const std::int64_t u = peer.sent[0]["data"]["u"];
  for (int s = 1; s <= 7; ++s) sut.tick(bench.now + s * 1'000);  // the market stands still
  ASSERT_EQ(peer.sent.size(), 3u);
  EXPECT_EQ(peer.sent[2]["type"], "snapshot");
  EXPECT_EQ(peer.sent[2]["data"]["u"], u);
  EXPECT_EQ(peer.sent[2]["data"]["b"], peer.sent[0]["data"]["b"]);
  bench.now += 7'000;
  bench.move(1'000, &sut);
  ASSERT_GT(peer.sent.size(), 3u);
  EXPECT_EQ(peer.sent[3]["data"]["u"], u + 1);
}

TEST(BybitStreams, PingIsAnsweredAndAWrongTopicRefusesTheWholeRequest) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  KeptPeer peer("/v5/public/linear");
  sut.opened(peer, bench.now);
  sut.received(peer, R"({"op":"ping","req_id":"9"})", bench.now);
  Json reply = Json::parse(peer.replies.back());
  EXPECT_EQ(reply["ret_msg"], "pong");
  EXPECT_EQ(reply["req_id"], "9");
  sut.received(peer, R"({"op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.3.BTCUSDT"]})",
               bench.now);
  reply = Json::parse(peer.replies.back());
  EXPECT_EQ(reply["success"], false);
  EXPECT_EQ(reply["ret_msg"], "error:handler not found,topic:orderbook.3.BTCUSDT");
  bench.move(1'000, &sut);
  EXPECT_TRUE(peer.sent.empty());
}

TEST(BybitStreams, TickerDeltasAddUpToTheNextSnapshot) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  KeptPeer peer("/v5/public/linear");
  sut.opened(peer, bench.now);
  sut.received(peer, R"({"op":"subscribe","args":["tickers.BTCUSDT"]})", bench.now);
  bench.move(3'000, &sut);
  ASSERT_GT(peer.sent.size(), 10u);
  Json sum = peer.sent.front()["data"];
  for (const Json& m : peer.sent) {
    for (const auto& [key, value] : m["data"].items()) sum[key] = value;
  }
  KeptPeer second("/v5/public/linear");
  sut.opened(second, bench.now);
  sut.received(second, R"({"op":"subscribe","args":["tickers.BTCUSDT"]})", bench.now);
  ASSERT_EQ(second.sent.size(), 1u);
  EXPECT_EQ(second.sent.front()["data"], sum);
}

TEST(BybitRest, SixHundredRequestsInFiveSecondsAndNotOneMore) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  for (int i = 0; i < 600; ++i) ASSERT_EQ(bench.ask(sut, "/v5/market/time").status, 200u);
  const HttpAnswer refused = bench.ask(sut, "/v5/market/time");
  EXPECT_EQ(refused.status, 403u);
  EXPECT_EQ(Json::parse(refused.body)["retCode"], 10006);
  bench.now += 5'000;
  EXPECT_EQ(bench.ask(sut, "/v5/market/time").status, 200u);
}

TEST(BybitRest, RefusesAnUnknownSymbolWithItsOwnCode) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  const HttpAnswer a =
      bench.ask(sut, "/v5/market/orderbook", {{"category", "linear"}, {"symbol", "NO"}});
  EXPECT_EQ(a.status, 200u);
  EXPECT_EQ(Json::parse(a.body)["retCode"], 10001);
}

}  // namespace
}  // namespace pinstripe::venue
