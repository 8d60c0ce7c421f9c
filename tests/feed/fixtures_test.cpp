// The venue's documented example messages decode to the values that stand in them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "feed/binance_decoder.h"
#include "feed/frame.h"
#include "tests/support/data.h"

namespace pinstripe {
namespace {

class Fixtures : public testing::Test {
 protected:
  /// Decodes a fixture; the view into the text stays alive in the fixture object.
  bool decode(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    text_ = text.str();
    const std::size_t size = text_.size();
    text_.append(kFramePadding, '\0');
    return decoder_.decode({text_.data(), size}, m_).kind == FeedErrorKind::kNone;
  }
  BinanceDecoder decoder_{1 << 20};
  VenueMessage m_{4'096};
  std::string text_;
};

TEST_F(Fixtures, FuturesStreams) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/binance/futures/market_data_json");
  ASSERT_TRUE(decode(dir + "/agg_trade_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kAggTrade);
  EXPECT_EQ(m_.price_e8, 100'000);
  EXPECT_EQ(m_.qty_e8, 10'000'000'000);
  EXPECT_EQ(m_.first_id, 100u);
  EXPECT_EQ(m_.last_id, 105u);
  EXPECT_EQ(m_.venue_us, 123'456'789'000);
  ASSERT_TRUE(decode(dir + "/book_ticker_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kTicker);
  EXPECT_EQ(m_.last_id, 400'900'217u);
  EXPECT_EQ(m_.symbol, "BNBUSDT");
  EXPECT_EQ(m_.bids[0].price_e8, 2'535'190'000);
  EXPECT_EQ(m_.asks[0].qty_e8, 4'066'000'000);
  ASSERT_TRUE(decode(dir + "/depth_update_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kDepth);
  EXPECT_EQ(m_.first_id, 157u);
  EXPECT_EQ(m_.last_id, 160u);
  EXPECT_EQ(m_.prev_id, 149u);
  ASSERT_EQ(m_.bid_count, 1u);
  EXPECT_EQ(m_.bids[0].price_e8, 240'000);
  EXPECT_EQ(m_.asks[0].qty_e8, 10'000'000'000);
  ASSERT_TRUE(decode(dir + "/mark_price_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kMark);
  EXPECT_EQ(m_.price_e8, 1'179'415'000'000);
  EXPECT_EQ(m_.qty_e8, 1'178'462'659'091);
  EXPECT_EQ(m_.rate_e8, 38'167);
  EXPECT_EQ(m_.funding_ms, 1'562'306'400'000);
  ASSERT_TRUE(decode(dir + "/trade_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kTrade);
  EXPECT_EQ(m_.last_id, 5'933'014u);
  EXPECT_TRUE(m_.is_buyer_maker);
  EXPECT_TRUE(m_.is_market);
}

TEST_F(Fixtures, StreamsThatAreNotUsedArePassedOver) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/binance/futures/market_data_json");
  for (const char* name : {"kline_stream_open", "ticker_stream"}) {
    ASSERT_TRUE(decode(dir + "/" + name + ".json")) << name;
    EXPECT_EQ(m_.kind, VenueKind::kOther) << name;
  }
}

TEST_F(Fixtures, ClosedCandleAndLiquidation) {
  PINSTRIPE_NEED_DATA(dir, "fixtures/binance/futures/market_data_json");
  ASSERT_TRUE(decode(dir + "/kline_stream_closed.json"));
  EXPECT_EQ(m_.kind, VenueKind::kBars);
  EXPECT_EQ(m_.symbol, "BTCUSDT");
  EXPECT_EQ(m_.venue_us, 1'638'747'660'000'000);
  ASSERT_EQ(m_.bar_count, 1u);
  const RawBar& b = m_.bars[0];
  EXPECT_EQ(b.start_ms, 1'638'747'660'000);
  EXPECT_EQ(b.last_ms, 1'638'747'719'999);
  EXPECT_EQ(b.open_e8, 100'000);
  EXPECT_EQ(b.close_e8, 200'000);
  EXPECT_EQ(b.high_e8, 250'000);
  EXPECT_EQ(b.low_e8, 100'000);
  EXPECT_EQ(b.volume_e8, 100'000'000'000);
  EXPECT_EQ(b.trades, 100u);
  ASSERT_TRUE(decode(dir + "/liquidation_stream.json"));
  EXPECT_EQ(m_.kind, VenueKind::kLiquidations);
  EXPECT_EQ(m_.venue_us, 1'568'014'460'893'000);
  ASSERT_EQ(m_.liquidation_count, 1u);
  EXPECT_EQ(m_.liquidations[0].symbol, "BTCUSDT");
  EXPECT_TRUE(m_.liquidations[0].is_sell);
  EXPECT_EQ(m_.liquidations[0].price_e8, 991'000'000'000);
  EXPECT_EQ(m_.liquidations[0].qty_e8, 1'400'000);
}

TEST_F(Fixtures, RestOpenInterest) {
  PINSTRIPE_NEED_DATA(file,
                      "fixtures/binance_py/http_responses/http_futures_market_open_interest.json");
  ASSERT_TRUE(decode(file));
  EXPECT_EQ(m_.kind, VenueKind::kTickerState);
  EXPECT_EQ(m_.symbol, "BTCUSDT");
  EXPECT_EQ(m_.venue_us, 1'589'437'530'011'000);
  EXPECT_EQ(m_.ticker.has, kHasOpenInterest);
  EXPECT_EQ(m_.ticker.open_interest_e8, 1'065'950'900'000);
}

TEST_F(Fixtures, RestDepthIsASnapshot) {
  PINSTRIPE_NEED_DATA(file, "fixtures/binance/spot/http_json/depth_response.json");
  ASSERT_TRUE(decode(file));
  EXPECT_EQ(m_.kind, VenueKind::kSnapshot);
  EXPECT_GT(m_.last_id, 0u);
  EXPECT_GT(m_.bid_count, 0u);
  EXPECT_GT(m_.ask_count, 0u);
  EXPECT_LT(m_.bids[0].price_e8, m_.asks[0].price_e8);
}

}  // namespace
}  // namespace pinstripe
