// Open interest of Binance USD-M, which no stream tells: asked for by REST.
#include <gtest/gtest.h>

#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

TEST(LiveOpenInterest, OfUsdMIsWhatTheExchangeSays) {
  VenueProcess venue(six_market_venue());
  // It moves with every trade there, so the market stands still.
  ASSERT_EQ(venue.post("/venue/pause", nlohmann::json::object()).status, 200);
  LiveMarket market(venue, {"BYBIT:BTCUSDT", "BINANCE_USDM:BTCUSDT"});
  ASSERT_EQ(market.error, "");
  auto& told = market.sink.open_interest_e8;
  ASSERT_TRUE(market.run(20, [&] { return told.contains(1); }));
  const PlainAnswer answer = venue.get("/fapi/v1/openInterest?symbol=BTCUSDT");
  const auto said = nlohmann::json::parse(answer.body, nullptr, false);
  ASSERT_TRUE(said.contains("openInterest")) << answer.body;
  EXPECT_EQ(told[1], plain_e8(said["openInterest"]));
  EXPECT_FALSE(told.contains(0)) << "a spot market has none";
  EXPECT_EQ(market.count("bad_lines"), 0);
}

}  // namespace
}  // namespace pinstripe
