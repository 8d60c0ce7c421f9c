#include "feed/live/market_rules.h"

#include <gtest/gtest.h>

#include <numeric>

#include "feed/instrument_table.h"

namespace pinstripe {
namespace {

std::vector<Instrument> instruments(const std::vector<std::string>& ids) {
  std::vector<Instrument> all;
  for (const std::string& id : ids) all.push_back(find_instrument(id).value());
  return all;
}

std::vector<std::uint16_t> all_of(std::size_t n) {
  std::vector<std::uint16_t> indices(n);
  std::iota(indices.begin(), indices.end(), std::uint16_t{0});
  return indices;
}

TEST(MarketRules, EachMarketHasItsOwnConnectionsAndPaths) {
  const auto known = instruments({"BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT", "BYBIT:BTCUSDT",
                                  "BYBIT_LINEAR:BTCUSDT", "OKX:BTC-USDT", "OKX_SWAP:BTC-USDT-SWAP"});
  const auto plans = plan_connections(known, all_of(known.size()), "1m");
  ASSERT_TRUE(plans.has_value()) << plans.error().message;
  std::vector<std::string> places;
  for (const ConnectionPlan& p : *plans) {
    places.push_back(p.name + " " + std::string(p.rules->stream_host) + p.path);
  }
  // USD-M is split in two since 2026-04 (venue facts); topics of Bybit's spot and linear are the
  // same, so only the path tells them apart.
  EXPECT_EQ(places, (std::vector<std::string>{
                        "BINANCE_SPOT/public/0 stream.binance.com/stream",
                        "BINANCE_USDM/public/0 fstream.binance.com/public/stream",
                        "BINANCE_USDM/market/0 fstream.binance.com/market/stream",
                        "BYBIT/public/0 stream.bybit.com/v5/public/spot",
                        "BYBIT_LINEAR/public/0 stream.bybit.com/v5/public/linear",
                        "OKX/public/0 ws.okx.com/ws/v5/public",
                        "OKX/business/0 ws.okx.com/ws/v5/business",
                        "OKX_SWAP/public/0 ws.okx.com/ws/v5/public",
                        "OKX_SWAP/business/0 ws.okx.com/ws/v5/business"}));
}

/// The topics of candles that the six markets are asked for, in order.
std::vector<std::string> candle_topics(std::string_view candles) {
  const auto known = instruments({"BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT", "BYBIT:BTCUSDT",
                                  "BYBIT_LINEAR:BTCUSDT", "OKX:BTC-USDT", "OKX_SWAP:BTC-USDT-SWAP"});
  std::vector<std::string> found;
  const auto plans = plan_connections(known, all_of(known.size()), candles);
  if (!plans) return {plans.error().message};
  for (const ConnectionPlan& p : *plans) {
    for (const MarketTopic& t : p.topics) {
      if (!t.text.contains("kline") && !t.text.contains("candle")) continue;
      EXPECT_EQ(t.channel, MarketChannel::kOther);
      found.push_back(p.name + " " + t.text);
    }
  }
  return found;
}

TEST(MarketRules, CandlesAreAskedForInEachVenuesWords) {
  EXPECT_EQ(candle_topics("1m"),
            (std::vector<std::string>{
                "BINANCE_SPOT/public/0 btcusdt@kline_1m", "BINANCE_USDM/market/0 btcusdt@kline_1m",
                "BYBIT/public/0 kline.1.BTCUSDT", "BYBIT_LINEAR/public/0 kline.1.BTCUSDT",
                R"(OKX/business/0 {"channel":"candle1m","instId":"BTC-USDT"})",
                R"(OKX_SWAP/business/0 {"channel":"candle1m","instId":"BTC-USDT-SWAP"})"}));
  EXPECT_EQ(candle_topics("6h"),
            (std::vector<std::string>{
                "BINANCE_SPOT/public/0 btcusdt@kline_6h", "BINANCE_USDM/market/0 btcusdt@kline_6h",
                "BYBIT/public/0 kline.360.BTCUSDT", "BYBIT_LINEAR/public/0 kline.360.BTCUSDT",
                R"(OKX/business/0 {"channel":"candle6Hutc","instId":"BTC-USDT"})",
                R"(OKX_SWAP/business/0 {"channel":"candle6Hutc","instId":"BTC-USDT-SWAP"})"}))
      << "the same six hours everywhere";
  EXPECT_TRUE(candle_topics("").empty());
}

TEST(MarketRules, LiquidationsOfAllSwapsAreAskedForOnce) {
  std::vector<Instrument> many(60, find_instrument("OKX_SWAP:BTC-USDT-SWAP").value());
  for (std::size_t i = 0; i < many.size(); ++i) many[i].symbol = "S" + std::to_string(i) + "-SWAP";
  const auto plans = plan_connections(many, all_of(many.size()), "");
  ASSERT_TRUE(plans.has_value());
  std::size_t found = 0, topics = 0;
  for (const ConnectionPlan& p : *plans) {
    topics += p.topics.size();
    for (const MarketTopic& t : p.topics) {
      if (t.text == R"({"channel":"liquidation-orders","instType":"SWAP"})") ++found;
    }
  }
  EXPECT_EQ(found, 1u);
  EXPECT_EQ(topics, many.size() * 5 + 1);  // books, trades, mark, funding, open interest; and it
}

TEST(MarketRules, ALengthThatSomeVenueDoesNotHaveIsRefusedWithThoseThatAllHave) {
  const auto said = candle_topics("8h");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("8h"), std::string::npos) << said[0];
  EXPECT_NE(said[0].find("6h, 12h"), std::string::npos) << said[0];
}

TEST(MarketRules, AConnectionOfCandlesAloneMayBeSilent) {
  const auto known = instruments({"OKX:BTC-USDT"});
  const auto plans = plan_connections(known, all_of(1), "1d");
  ASSERT_TRUE(plans.has_value());
  ASSERT_EQ(plans->size(), 2u);
  EXPECT_TRUE(plans->at(0).is_steady());
  EXPECT_FALSE(plans->at(1).is_steady());
}

TEST(MarketRules, TopicsAreSplitOverConnectionsAtTheVenuesLimit) {
  Instrument one = find_instrument("BINANCE_USDM:BTCUSDT").value();
  std::vector<Instrument> many(600, one);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].symbol = "S" + std::to_string(i) + "USDT";
  const auto plans = plan_connections(many, all_of(many.size()), "1m");
  ASSERT_TRUE(plans.has_value());
  std::size_t topics = 0;
  for (const ConnectionPlan& p : *plans) {
    EXPECT_LE(p.topics.size(), p.rules->topics_per_connection);
    topics += p.topics.size();
  }
  EXPECT_EQ(topics, many.size() * 6);  // depth, bookTicker; aggTrade, markPrice, forceOrder, kline
  EXPECT_EQ(plans->size(), 5u);        // 1,200 public and 2,400 market topics, 1,024 a connection
}

TEST(MarketRules, SubscriptionsReadAsTheVenuesDocumentThem) {
  const auto known = instruments({"BINANCE_SPOT:BTCUSDT", "BYBIT:BTCUSDT", "OKX:BTC-USDT"});
  const auto plans = plan_connections(known, all_of(known.size()), "");
  ASSERT_TRUE(plans.has_value());
  const auto text = [&](std::size_t i, bool leaves) {
    const ConnectionPlan& p = plans->at(i);
    return subscription_text(*p.rules, {p.topics.data(), 2}, leaves, 7);
  };
  EXPECT_EQ(text(0, false),
            R"({"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@bookTicker"],"id":7})");
  EXPECT_EQ(text(1, true),
            R"({"req_id":"7","op":"unsubscribe","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT"]})");
  EXPECT_EQ(text(2, false), R"({"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},)"
                            R"({"channel":"trades","instId":"BTC-USDT"}]})");
}

TEST(MarketRules, AVenueWithoutLiveMarketsIsRefusedByName) {
  const auto known = instruments({"BINANCE_COINM:BTCUSD_PERP"});
  const auto plans = plan_connections(known, all_of(1), "1m");
  ASSERT_FALSE(plans.has_value());
  EXPECT_NE(plans.error().message.find("BINANCE_COINM"), std::string::npos);
  EXPECT_NE(plans.error().message.find("BINANCE_USDM"), std::string::npos) << "says which there are";
}

TEST(MarketRules, SnapshotsCostTheirWeight) {
  // Venue facts: limit 1000 costs 50 on spot, 20 on USD-M; limit 100 costs 5.
  const MarketRules& spot = *market_rules("BINANCE_SPOT");
  const MarketRules& usdm = *market_rules("BINANCE_USDM");
  EXPECT_EQ(snapshot_request(spot, "BTCUSDT", 1'000).target, "/api/v3/depth?symbol=BTCUSDT&limit=1000");
  EXPECT_EQ(snapshot_request(spot, "X", 1'000).weight, 50u);
  EXPECT_EQ(snapshot_request(usdm, "X", 1'000).weight, 20u);
  EXPECT_EQ(snapshot_request(usdm, "X", 20).weight, 5u);
}

TEST(MarketRules, TellsMarketDataFromAnswersRefusalsAndGoodbyes) {
  const MarketRules& binance = *market_rules("BINANCE_SPOT");
  const MarketRules& bybit = *market_rules("BYBIT");
  const MarketRules& okx = *market_rules("OKX");
  using enum StreamNote;
  EXPECT_EQ(note_of(binance, R"({"stream":"btcusdt@trade","data":{"e":"trade","error":1}})"), kMarket);
  EXPECT_EQ(note_of(binance, R"({"result":null,"id":1})"), kAnswer);
  EXPECT_EQ(note_of(binance, R"({"error":{"code":2,"msg":"Invalid"},"id":1})"), kRefusal);
  EXPECT_EQ(note_of(binance, R"({"stream":"x","data":{"e":"serverShutdown","E":1}})"), kLeaving);
  EXPECT_EQ(note_of(bybit, R"({"topic":"orderbook.50.X","type":"delta","data":{}})"), kMarket);
  EXPECT_EQ(note_of(bybit, R"({"success":true,"ret_msg":"pong","op":"ping"})"), kAnswer);
  EXPECT_EQ(note_of(bybit, R"({"success":false,"ret_msg":"bad topic","op":"subscribe"})"), kRefusal);
  EXPECT_EQ(note_of(okx, R"({"arg":{"channel":"books"},"action":"update","data":[]})"), kMarket);
  EXPECT_EQ(note_of(okx, "pong"), kAnswer);
  EXPECT_EQ(note_of(okx, R"({"event":"error","code":"60012","msg":"x"})"), kRefusal);
  EXPECT_EQ(note_of(okx, R"({"event":"notice","code":"64008","msg":"x"})"), kLeaving);
}

TEST(MarketRules, KnowsTheSnapshotOfAChainedBook) {
  const MarketRules& bybit = *market_rules("BYBIT");
  const MarketRules& okx = *market_rules("OKX");
  EXPECT_TRUE(is_book_snapshot(bybit, R"({"topic":"orderbook.50.X","ts":1,"type":"snapshot","data":{)"));
  EXPECT_FALSE(is_book_snapshot(bybit, R"({"topic":"orderbook.50.X","ts":1,"type":"delta","data":{)"));
  EXPECT_FALSE(is_book_snapshot(bybit, R"({"topic":"tickers.X","ts":1,"type":"snapshot","data":{)"));
  EXPECT_TRUE(is_book_snapshot(okx, R"({"arg":{"channel":"books","instId":"X"},"action":"snapshot")"));
  EXPECT_FALSE(is_book_snapshot(okx, R"({"arg":{"channel":"books","instId":"X"},"action":"update")"));
  EXPECT_FALSE(is_book_snapshot(*market_rules("BINANCE_SPOT"), R"({"lastUpdateId":1)"));
}

}  // namespace
}  // namespace pinstripe
