#include "tools/venue/venue_config.h"

#include <gtest/gtest.h>

#include <set>

#include "tools/venue/venue_text.h"

namespace pinstripe::venue {
namespace {

Result<VenueConfig> read(const std::string& text) {
  auto root = ConfigNode::parse(text, "venue.json");
  if (!root) return std::unexpected(root.error());
  return read_venue_config(*root);
}

TEST(VenueConfig, AnAssetIsListedOnAllMarketsUnderEachVenuesName) {
  const auto sut = read(R"({"assets": [{"base": "ETH", "price": "3000", "tick": "0.01"}]})");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  std::set<std::string> names;
  for (const Listing& l : sut->listings) {
    names.insert(std::string(name_of(l.market)) + ":" + l.symbol);
    EXPECT_EQ(l.mid_ticks, 300'000);
    EXPECT_EQ(l.seed, sut->listings.front().seed) << "their prices move together";
  }
  const std::set<std::string> expected{"BINANCE:ETHUSDT", "BINANCE_USDM:ETHUSDT", "BYBIT:ETHUSDT",
                                       "BYBIT_LINEAR:ETHUSDT", "OKX:ETH-USDT",
                                       "OKX_SWAP:ETH-USDT-SWAP"};
  EXPECT_EQ(names, expected);
}

TEST(VenueConfig, FillersAreManyMarketsWithNamesOfTheirOwn) {
  const auto sut = read(R"({"fillers": {"count": 300, "markets": ["OKX", "BYBIT"]}})");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->listings.size(), 600u);
  EXPECT_EQ(sut->listings.back().symbol, "S299USDT");
}

TEST(VenueConfig, ARecordedAssetHasItsPriceFromTheRecordingAlone) {
  const auto sut = read(R"({"assets": [{"base": "ETH"}, {"base": "BTC", "recording": "a.gz",
      "recording_instrument": "BINANCE_USDM:BTCUSDT", "markets": ["OKX", "BYBIT"]}]})");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  ASSERT_EQ(sut->recorded.size(), 1u);
  EXPECT_EQ(sut->recorded[0].first_listing, 6u);
  EXPECT_EQ(sut->recorded[0].listings, 2u);
  EXPECT_EQ(sut->recorded[0].instrument, "BINANCE_USDM:BTCUSDT");
  const auto refused = read(R"({"assets": [{"base": "BTC", "recording": "a.gz", "tick": "1"}]})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("assets[0].tick"), std::string::npos);
}

TEST(VenueConfig, EverythingWrongIsRefusedAtOnce) {
  const auto sut = read(R"({"port": 70000, "certifcate": "expired", "assets": [
      {"base": "BTC", "tick": "0", "markets": ["NASDAQ"]},
      {"base": "BTC", "price": "1", "tick": "0.1"}, {"base": "BTC"}]})");
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  for (const char* part : {"port", "certificate", "assets[0].tick", "NASDAQ", "is 10 ticks",
                           "lists BTCUSDT twice on BINANCE"}) {
    EXPECT_NE(sut.error().message.find(part), std::string::npos)
        << part << " is not in: " << sut.error().message;
  }
}

TEST(VenueConfig, AnEmptyExchangeIsRefused) {
  const auto sut = read("{}");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("lists nothing"), std::string::npos);
}

TEST(VenueConfig, TheShippedConfigsAreRight) {
  for (const auto& [file, books] : {std::pair{"tools/configs/venue.json", 12u},
                                    {"tools/configs/venue-300.json", 300u},
                                    {"tests/venue/venue.json", 24u}}) {
    const auto sut = load_venue_config(file);
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    EXPECT_EQ(sut->listings.size(), books) << file;
  }
}

TEST(VenueText, NumbersAreWrittenAsTheVenuesWriteThem) {
  EXPECT_EQ(fixed_text(612'345'000, 3), "6.123");
  EXPECT_EQ(fixed_text(-5, 8), "-0.00000005");
  EXPECT_EQ(fixed_text(300'000'000, 0), "3");
  EXPECT_EQ(short_text(150'000'000), "1.5");
  EXPECT_EQ(short_text(0), "0");
  EXPECT_EQ(decimals_of(50'000'000), 1);
  EXPECT_EQ(decimals_of(100'000'000), 0);
  EXPECT_EQ(product_e8(6'000'000'000'000, 123'456), 7'407'360'000);
  EXPECT_EQ(*parse_e8("0.001"), 100'000);
  EXPECT_EQ(unescaped("a%40b+c%2"), "a@b c%2");
  for (const char* wrong : {"", ".5", "1e5", "-1", "1.123456789", "1,5"}) {
    EXPECT_FALSE(parse_e8(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace pinstripe::venue
