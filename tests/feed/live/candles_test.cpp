// Closed candles of live markets: each told once, and as the exchange's own REST says it.
#include <gtest/gtest.h>

#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMinuteNs = 60 * kNsPerSecond;

/// The exchange's answer about the newest one-minute candles of BTC, of each of kSixMarkets.
const std::vector<std::string> kTargets{
    "/api/v3/klines?interval=1m&limit=5&symbol=BTCUSDT",
    "/fapi/v1/klines?interval=1m&limit=5&symbol=BTCUSDT",
    "/v5/market/kline?category=spot&interval=1&limit=5&symbol=BTCUSDT",
    "/v5/market/kline?category=linear&interval=1&limit=5&symbol=BTCUSDT",
    "/api/v5/market/candles?bar=1m&limit=5&instId=BTC-USDT",
    "/api/v5/market/candles?bar=1m&limit=5&instId=BTC-USDT-SWAP"};

/// The row of the candle that began at `start_ns`: [ms, open, high, low, close, volume, ...] at all
/// three venues; an empty array where there is none.
Json row_of(const VenueProcess& venue, std::size_t market, std::int64_t start_ns) {
  const PlainAnswer answer = venue.get(kTargets.at(market));
  Json rows = Json::parse(answer.body, nullptr, false);
  if (rows.is_object() && rows.contains("result")) rows = rows["result"]["list"];
  if (rows.is_object() && rows.contains("data")) rows = rows["data"];
  if (!rows.is_array()) return Json::array();
  for (const Json& row : rows) {
    const std::string ms = row[0].is_string() ? row[0].get<std::string>() : row[0].dump();
    if (std::stoll(ms) * kNsPerMs == start_ns) return row;
  }
  return Json::array();
}

void expect_equal(const BookSink::Bar& bar, const Json& row, const Instrument& i) {
  ASSERT_GE(row.size(), 6u) << i.id << ": the exchange knows no such candle";
  EXPECT_EQ(bar.open_ticks, plain_e8(row[1]) / i.tick_e8) << i.id << row;
  EXPECT_EQ(bar.high_ticks, plain_e8(row[2]) / i.tick_e8) << i.id << row;
  EXPECT_EQ(bar.low_ticks, plain_e8(row[3]) / i.tick_e8) << i.id << row;
  EXPECT_EQ(bar.close_ticks, plain_e8(row[4]) / i.tick_e8) << i.id << row;
  EXPECT_EQ(bar.volume_lots, plain_e8(row[5]) / i.lot_e8) << i.id << row;
  EXPECT_EQ(bar.interval_ns, kMinuteNs) << i.id;
  EXPECT_GT(bar.volume_lots, 0) << i.id << ": the market traded";
}

TEST(LiveCandles, OfSixMarketsAreToldOnceAndAsTheExchangeKnowsThem) {
  VenueProcess venue(six_market_venue());
  HubOptions options;
  options.redundant = true;  // two connections bring each
  LiveMarket market(venue, kSixMarkets, options);
  ASSERT_EQ(market.error, "");
  const auto& bars = market.sink.bars;
  const auto each_has_one = [&] {
    for (std::uint16_t i = 0; i < kSixMarkets.size(); ++i) {
      if (std::ranges::count(bars, i, &BookSink::Bar::instrument) == 0) return false;
    }
    return true;
  };
  ASSERT_TRUE(market.run(80, each_has_one)) << bars.size() << " candles in more than a minute";
  market.run(2);  // what the second connections bring
  for (std::uint16_t i = 0; i < kSixMarkets.size(); ++i) {
    const auto bar = std::ranges::find(bars, i, &BookSink::Bar::instrument);
    expect_equal(*bar, row_of(venue, i, bar->start_ns), market.instruments()[i]);
    const auto same = [&](const BookSink::Bar& b) {
      return b.instrument == i && b.start_ns == bar->start_ns;
    };
    EXPECT_EQ(std::ranges::count_if(bars, same), 1) << kSixMarkets[i];
  }
  EXPECT_GE(market.count("bar_duplicates"), 1);
  EXPECT_EQ(market.count("bad_lines"), 0);
  EXPECT_EQ(market.count("gaps"), 0);
}

TEST(LiveCandles, AreNotAskedForWhereNoneAreWanted) {
  VenueProcess venue(six_market_venue());
  HubOptions options;
  options.candles = "";
  LiveMarket market(venue, kSixMarkets, options);
  ASSERT_EQ(market.error, "");
  ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); }));
  for (const std::string& name : market.hub->names()) {
    EXPECT_FALSE(name.contains("business")) << name;
  }
}

}  // namespace
}  // namespace pinstripe
