// Liquidations of live markets: of ours they are told, of others passed over.
#include <gtest/gtest.h>

#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

/// Two coins on every market; every tenth order that takes liquidates somebody.
nlohmann::json two_coins() {
  return nlohmann::json::parse(R"({"history_s": 60, "liquidation_every": 10, "assets": [
      {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.1", "lot": "0.001",
       "rate_per_s": 100},
      {"base": "ETH", "quote": "USDT", "price": "3000", "tick": "0.01", "lot": "0.01",
       "rate_per_s": 100}]})");
}

TEST(LiveLiquidations, OfOursAreToldAndOfOthersAreNoFault) {
  VenueProcess venue(two_coins());
  HubOptions options;
  options.candles = "";  // open candles count as `other` too
  LiveMarket market(venue, {"OKX_SWAP:BTC-USDT-SWAP"}, options);
  ASSERT_EQ(market.error, "");
  // OKX's channel is of all swaps, so ETH's come along.
  const auto both = [&] { return market.sink.liquidations[0] > 2 && market.count("other") > 2; };
  ASSERT_TRUE(market.run(30, both)) << market.sink.liquidations[0] << " of ours, "
                                    << market.count("other") << " of others";
  EXPECT_EQ(market.count("liquidations"),
            static_cast<std::int64_t>(market.sink.liquidations[0]));
  EXPECT_EQ(market.count("unknown_symbol"), 0);
  EXPECT_EQ(market.count("bad_lines"), 0);
}

TEST(LiveLiquidations, ComeFromEachMarketOfPerpetuals) {
  VenueProcess venue(two_coins());
  LiveMarket market(venue, {"BINANCE_USDM:BTCUSDT", "BYBIT_LINEAR:BTCUSDT",
                            "OKX_SWAP:BTC-USDT-SWAP", "OKX_SWAP:ETH-USDT-SWAP"});
  ASSERT_EQ(market.error, "");
  const auto all = [&] {
    auto& told = market.sink.liquidations;
    return told[0] > 0 && told[1] > 0 && told[2] > 0 && told[3] > 0;
  };
  EXPECT_TRUE(market.run(30, all));
  EXPECT_EQ(market.count("bad_lines"), 0);
}

}  // namespace
}  // namespace pinstripe
