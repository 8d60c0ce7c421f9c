#include "tools/venue/recorded_liquidity.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/data.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kFirstNs = 1'723'161'255 * kSecondNs;

/// A Binance USD-M capture: a line every tenth of a second.
class Capture {
 public:
  void line(const std::string& json) {
    text_ += std::to_string(kFirstNs + at_ * 100'000'000) + " " + json + "\n";
    ++at_;
  }
  void depth(int from, int to, const std::string& bids, const std::string& asks) {
    line(R"({"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":)" + ms() + R"(,"T":)" +
         ms() + R"(,"s":"BTCUSDT","U":)" + std::to_string(from + 1) + R"(,"u":)" +
         std::to_string(to) + R"(,"pu":)" + std::to_string(from) + R"(,"b":[)" + bids +
         R"(],"a":[)" + asks + "]}}");
  }
  void snapshot(int id, const std::string& bids, const std::string& asks) {
    line(R"({"lastUpdateId":)" + std::to_string(id) + R"(,"E":)" + ms() + R"(,"T":)" + ms() +
         R"(,"bids":[)" + bids + R"(],"asks":[)" + asks + "]}");
  }
  void trade(int id, const std::string& price, const std::string& qty, bool buyer_makes) {
    line(R"({"stream":"btcusdt@trade","data":{"e":"trade","E":)" + ms() + R"(,"T":)" + ms() +
         R"(,"s":"BTCUSDT","t":)" + std::to_string(id) + R"(,"p":")" + price + R"(","q":")" + qty +
         R"(","X":"MARKET","m":)" + (buyer_makes ? "true" : "false") + "}}");
  }
  std::string write(const std::string& name) const {
    const std::string file = ::testing::TempDir() + name;
    std::ofstream(file) << text_;
    return file;
  }

 private:
  std::string ms() const { return std::to_string((kFirstNs + at_ * 100'000'000) / 1'000'000 - 2); }
  std::string text_;
  std::int64_t at_ = 0;
};

/// One second: an update, the snapshot that it joins, a trade, changes on both sides.
std::string small_capture() {
  Capture c;
  c.depth(99, 101, R"(["60000.00","1.000"])", R"(["60000.10","2.000"])");
  c.snapshot(100, R"(["60000.00","3.000"],["59999.90","5.000"])",
             R"(["60000.10","2.500"],["60000.20","4.000"])");
  c.depth(101, 102, R"(["59999.80","7.000"])", "");
  c.trade(1, "60000.10", "0.500", false);
  c.depth(102, 103, "", R"(["60000.10","1.500"])");
  c.depth(103, 104, R"(["60000.10","0.700"])", R"(["60000.10","0"])");  // the bid steps up
  c.depth(104, 105, R"(["59999.90","0"])", "");
  return c.write("pinstripe_recorded_liquidity.txt");
}

std::unique_ptr<VenueEngine> engine_of(const RecordedMarket& recording) {
  Listing l;
  l.market = ListingMarket::kBinanceUsdm;
  l.base = "BTC";
  l.quote = "USDT";
  l.symbol = "BTCUSDT";
  l.tick_e8 = recording.instrument.tick_e8;
  l.lot_e8 = recording.instrument.lot_e8;
  l.mid_ticks = recording.mid_ticks;
  return std::make_unique<VenueEngine>(std::vector<Listing>{l}, kStart);
}

using Ladder = std::map<std::int64_t, std::int64_t>;

template <class Side>
Ladder ladder_of(const Side& side) {
  Ladder out;
  for (const auto& [price, level] : side) out[price] = level.lots;
  return out;
}

TEST(RecordedLiquidity, TheLadderAndTheTradesAreTheRecordingsRoundAfterRound) {
  const auto recording = open_recording(small_capture(), "");
  ASSERT_TRUE(recording.has_value()) << recording.error().message;
  EXPECT_EQ((*recording)->mid_ticks, 600'000);
  const auto engine = engine_of(**recording);
  RecordedLiquidity sut(*engine, 0, LiquidityShape{}, *recording, kStart);
  const VenueBook& b = engine->at(0);
  std::int64_t round = kStart;
  for (std::uint64_t prints = 1; prints <= 3; ++prints) {
    sut.advance(round + 250);
    EXPECT_EQ(ladder_of(b.book.bids()), (Ladder{{600'000, 1'000}, {599'999, 5'000},
                                                {599'998, 7'000}}));
    EXPECT_EQ(ladder_of(b.book.asks()), (Ladder{{600'001, 2'000}, {600'002, 4'000}}));
    sut.advance(round + 350);
    ASSERT_EQ(b.trade_id, prints);
    EXPECT_EQ(b.prints.back().price_ticks, 600'001);
    EXPECT_EQ(b.prints.back().lots, 500);
    EXPECT_TRUE(b.prints.back().taker_buys);
    EXPECT_EQ(b.prints.back().time_ms, round + 300);
    EXPECT_EQ(b.book.asks().begin()->second.lots, 1'500);
    sut.advance(round + 600);
    EXPECT_EQ(ladder_of(b.book.bids()), (Ladder{{600'001, 700}, {600'000, 1'000},
                                                {599'998, 7'000}}));
    EXPECT_EQ(ladder_of(b.book.asks()), (Ladder{{600'002, 4'000}}));
    EXPECT_EQ(b.trade_id, prints) << "a ladder that moves trades with nobody";
    round += (*recording)->length_ms;
  }
  sut.advance(round + 1'250);  // a second without a mark is over
  EXPECT_EQ(b.mark.mark_e8, 6'000'015'000'000);
}

TEST(RecordedLiquidity, ARecordingWithoutACompleteBookIsRefused) {
  Capture c;
  c.depth(99, 101, R"(["60000.00","1.000"])", R"(["60000.10","2.000"])");
  c.depth(101, 102, R"(["60000.00","2.000"])", "");
  const auto refused = open_recording(c.write("pinstripe_no_book.txt"), "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("never becomes complete"), std::string::npos)
      << refused.error().message;
  EXPECT_FALSE(open_recording("/nowhere/capture.gz", "").has_value());
}

/// The engine's book equals the recording's ladder whenever the recording has spoken of it.
void expect_played(const std::string& file, const std::string& instrument) {
  const auto recording = open_recording(file, instrument);
  ASSERT_TRUE(recording.has_value()) << recording.error().message;
  const auto engine = engine_of(**recording);
  RecordedLiquidity sut(*engine, 0, LiquidityShape{}, *recording, kStart);
  RecordingPlayer player(**recording);
  std::int64_t since_ms = 0;
  int compared = 0;
  while (player.peek_ms(since_ms)) {
    player.step();
    std::int64_t next_ms = 0;
    if (!player.peek_ms(next_ms) || next_ms == since_ms) continue;  // more of this millisecond
    sut.advance(kStart + since_ms);
    if (!player.is_complete() || player.changes().empty() || ++compared % 50 != 0) continue;
    ASSERT_EQ(ladder_of(engine->at(0).book.bids()), player.ladder(true)) << since_ms;
    ASSERT_EQ(ladder_of(engine->at(0).book.asks()), player.ladder(false)) << since_ms;
  }
  EXPECT_GT(compared, 50);
  EXPECT_GT(engine->at(0).trade_id, 0u);
}

TEST(RecordedLiquidity, CapturesOfThreeVenuesArePlayed) {
  PINSTRIPE_NEED_DATA(raw, "binance_l2_raw");
  PINSTRIPE_NEED_DATA(sessions, "ws_raw");
  expect_played(raw + "/usdm_btcusdt_20230404.txt.gz", "");
  expect_played(sessions + "/bybit_v5_linear_20260809.jsonl.zst", "BYBIT_LINEAR:BTCUSDT");
  expect_played(sessions + "/okx_v5_books_20220513.jsonl.zst", "OKX:BTC-USDT");
}

}  // namespace
}  // namespace pinstripe::venue
