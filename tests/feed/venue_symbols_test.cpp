// Frames of several venues' connections: which instrument a symbol means.
#include <gtest/gtest.h>

#include "feed/feed_stage.h"
#include "feed/instrument_table.h"
#include "tests/support/test_sink.h"

namespace pinstripe {
namespace {

class VenueSymbols : public testing::Test {
 protected:
  void trade(std::uint8_t venue, const std::string& symbol, const char* price) {
    const std::string id = std::to_string(++id_);
    text_ = R"({"e":"aggTrade","E":1700000000000,"s":")" + symbol + R"(","a":)" + id + R"(,"p":")" +
            price + R"(","q":"1","f":)" + id + R"(,"l":)" + id +
            R"(,"T":1700000000000,"m":false})" + std::string(kFramePadding, ' ');
    FeedFrame frame;
    frame.origin_ns = TimeNs(1'700'000'000'000'000'000 + id_);
    frame.bytes = {text_.data(), text_.size() - kFramePadding};
    frame.venue = venue;
    sink.prepare(frame.origin_ns, nullptr);
    stage->on_event(frame.origin_ns, FeedInput::frame(frame), sink);
  }
  /// Instruments of the trades that came, in their order.
  std::vector<std::uint16_t> traded() const {
    std::vector<std::uint16_t> all;
    for (const auto& e : sink.entries) {
      if (e.port == 2 && e.message.h.type == MsgType::kTrade) all.push_back(e.message.h.instrument);
    }
    return all;
  }

  FeedConfig config;
  std::unique_ptr<FeedStage> stage;
  TestSink<MarketEvent> sink;
  std::string text_;
  std::uint64_t id_ = 0;
};

TEST_F(VenueSymbols, OneSymbolOfTwoVenuesIsTwoInstruments) {
  for (const char* id : {"BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT", "BINANCE_USDM:ETHUSDT"}) {
    config.instruments.push_back(find_instrument(id).value());
  }
  EXPECT_EQ(venue_numbers(config.instruments), (std::vector<std::uint8_t>{0, 1, 1}));
  stage = std::make_unique<FeedStage>(config);
  trade(1, "BTCUSDT", "60000.1");
  trade(0, "BTCUSDT", "60000.1");
  trade(1, "ETHUSDT", "3000.1");
  trade(kAnyVenue, "BTCUSDT", "60000.1");  // a file's: the first of that name
  EXPECT_EQ(traded(), (std::vector<std::uint16_t>{1, 0, 2, 0}));
  trade(0, "ETHUSDT", "3000.1");  // not traded on that venue
  EXPECT_EQ(traded().size(), 4u);
  EXPECT_EQ(stage->last_error().kind, FeedErrorKind::kUnknownSymbol);
}

TEST_F(VenueSymbols, HundredsAreEachFound) {
  const Instrument one = find_instrument("BINANCE_USDM:BTCUSDT").value();
  for (int i = 0; i < 300; ++i) {
    Instrument next = one;
    next.venue = i % 3 == 0 ? "A" : i % 3 == 1 ? "B" : "C";
    next.symbol = "S" + std::to_string(i / 3) + "USDT";
    config.instruments.push_back(next);
  }
  config.book_levels = 64;
  config.diffs_buffered_max = 4;
  config.diff_levels_buffered_max = 64;
  stage = std::make_unique<FeedStage>(config);
  for (std::uint16_t i = 0; i < 300; ++i) {
    trade(static_cast<std::uint8_t>(i % 3), config.instruments[i].symbol, "60000.1");
    ASSERT_EQ(traded().size(), i + 1u);
    ASSERT_EQ(traded().back(), i);
  }
}

}  // namespace
}  // namespace pinstripe
