#include "tools/venue/candles.h"

#include <gtest/gtest.h>

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kHour = 1'700'002'800'000;  // a whole hour

TEST(CandleBook, AMinuteWithoutATradeIsFlatAtTheLastPrice) {
  CandleBook sut;
  sut.begin(kHour + 5'000, 100);
  sut.trade(kHour + 10'000, 107, 2, 0, true, 1);
  sut.roll(kHour + 3 * kMinuteMs);
  ASSERT_EQ(sut.minutes().size(), 4u);
  const Candle& flat = sut.minutes()[2];
  EXPECT_EQ(flat.open_ms, kHour + 2 * kMinuteMs);
  EXPECT_EQ(flat.open, 107);
  EXPECT_EQ(flat.high, 107);
  EXPECT_EQ(flat.trades, 0u);
  EXPECT_GT(flat.first_trade, flat.last_trade) << "no trade is named";
}

TEST(CandleBook, LongerCandlesBeginAtMultiplesOfTheirLengthAndJoinTheMinutes) {
  CandleBook sut;
  sut.begin(kHour + 3 * kMinuteMs, 100);
  for (std::int64_t m = 3; m < 12; ++m) {
    sut.trade(kHour + m * kMinuteMs + 1, 100 + m, 1, 10, m % 2 == 0,
              static_cast<std::uint64_t>(m));
  }
  const auto five = sut.of_length(5, 0, INT64_MAX, 100);
  ASSERT_EQ(five.size(), 3u);
  EXPECT_EQ(five[0].open_ms, kHour);
  EXPECT_EQ(five[0].open, 103);
  EXPECT_EQ(five[0].close, 104);
  EXPECT_EQ(five[1].open_ms, kHour + 5 * kMinuteMs);
  EXPECT_EQ(five[1].low, 105);
  EXPECT_EQ(five[1].high, 109);
  EXPECT_EQ(five[1].lots, 5);
  EXPECT_EQ(five[1].buy_lots, 2);
  EXPECT_EQ(five[1].quote_e8, 50);
  EXPECT_EQ(five[1].trades, 5u);
  EXPECT_EQ(sut.of_length(5, 0, INT64_MAX, 1).front().open_ms, kHour + 10 * kMinuteMs);
  EXPECT_EQ(sut.of_length(5, kHour + 1, kHour + 9 * kMinuteMs, 9).size(), 1u);
  EXPECT_EQ(sut.day().lots, 9);
}

TEST(CandleBook, IntervalsAreReadAsTheVenuesWriteThem) {
  EXPECT_EQ(interval_minutes("1m"), 1);
  EXPECT_EQ(interval_minutes("4h"), 240);
  EXPECT_EQ(interval_minutes("1H"), 60);
  EXPECT_EQ(interval_minutes("1D"), 1'440);
  for (const char* wrong : {"", "m", "0m", "1", "1x", "7mm", "2d", "-1m"}) {
    EXPECT_EQ(interval_minutes(wrong), 0) << wrong;
  }
}

}  // namespace
}  // namespace pinstripe::venue
