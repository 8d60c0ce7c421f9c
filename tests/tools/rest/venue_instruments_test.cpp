// Instruments out of the venues' own answers: recorded ones, those of the simulated exchange, and
// everything that an answer can be that it should not.
#include "tools/rest/venue_instruments.h"

#include "feed/instrument_table.h"
#include "tests/support/data.h"
#include "tests/tools/rest/venue_support.h"
#include "tools/rest/venue_clock.h"

namespace pinstripe {
namespace {

using VenueInstrumentsTest = VenueTest;

Result<Instrument> one(std::string_view venue, const std::string& answer,
                       const std::string& symbol) {
  auto all = read_instruments(venue, std::span(&answer, 1), std::span(&symbol, 1));
  if (!all) return std::unexpected(all.error());
  return all->front();
}

TEST(VenueInstruments, BinanceSpotsRecordedAnswerIsReadWithLotsOfATenthOfTheStep) {
  PINSTRIPE_NEED_DATA(file, "rest_raw/binance_spot_api_v3_exchangeInfo.json.gz");
  const auto sut = one("BINANCE_SPOT", unpacked(file), "BTCUSDT");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  const auto table = find_instrument("BINANCE_SPOT:BTCUSDT");
  EXPECT_EQ(sut->tick_e8, table->tick_e8);
  EXPECT_EQ(sut->lot_e8, table->lot_e8);
  EXPECT_EQ(sut->order_step_lots, table->order_step_lots);
  EXPECT_EQ(sut->qty_min, table->qty_min);
  EXPECT_EQ(sut->qty_max, table->qty_max);
  EXPECT_EQ(sut->notional_min_e8, 1'000'000'000) << "10 then, 5 in the table of today";
  EXPECT_EQ(sut->base, "BTC");
  EXPECT_EQ(sut->settle, "USDT");
  EXPECT_TRUE(sut->buy_fee_in_base);
}

TEST(VenueInstruments, BinanceUsdmsRecordedAnswerIsRead) {
  PINSTRIPE_NEED_DATA(file, "rest_raw/binance_usdm_fapi_v1_exchangeInfo.json.gz");
  const std::string answer = unpacked(file);
  const auto sut = one("BINANCE_USDM", answer, "BTCUSDT");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->tick_e8, 1'000'000);
  EXPECT_EQ(sut->lot_e8, 100'000);
  EXPECT_EQ(sut->order_step_lots, 1);
  EXPECT_EQ(sut->qty_max.value, 1'000'000);
  EXPECT_EQ(sut->notional_min_e8, 500'000'000);
  EXPECT_EQ(sut->price_band_bps, 500) << "the venue's own, 15 %, is wider";
  EXPECT_FALSE(sut->tiers.empty()) << "those of the shipped table";
  const auto dated = one("BINANCE_USDM", answer, "BTCUSDT_210924");
  ASSERT_FALSE(dated.has_value());
  EXPECT_NE(dated.error().message.find("CURRENT_QUARTER"), std::string::npos)
      << dated.error().message;
}

TEST(VenueInstruments, BybitsRecordedAnswersAgreeWithTheTables) {
  const std::string stem = "rest_raw/bybit_v5_market_instruments_info_category_";
  PINSTRIPE_NEED_DATA(linear, stem + "linear_status_Trading_limit_1000.json.gz");
  PINSTRIPE_NEED_DATA(spot, stem + "spot_status_Trading_limit_1000.json.gz");
  const std::pair<const char*, std::string> answers[] = {{"BYBIT_LINEAR", unpacked(linear)},
                                                         {"BYBIT", unpacked(spot)}};
  for (const auto& [venue, answer] : answers) {
    for (const char* symbol : {"BTCUSDT", "ETHUSDT"}) {
      const auto sut = one(venue, answer, symbol);
      ASSERT_TRUE(sut.has_value()) << sut.error().message;
      const auto table = find_instrument(venue, symbol);
      EXPECT_EQ(sut->tick_e8, table->tick_e8) << sut->id;
      EXPECT_EQ(sut->lot_e8, table->lot_e8) << sut->id;
      EXPECT_EQ(sut->qty_max, table->qty_max) << sut->id;
      EXPECT_EQ(sut->notional_min_e8, table->notional_min_e8) << sut->id;
      EXPECT_LT(sut->price_band_bps, table->price_band_bps) << "the venue's is narrower";
    }
  }
}

TEST(VenueInstruments, OkxsRecordedAnswersAgreeWithTheTables) {
  PINSTRIPE_NEED_DATA(swaps, "rest_raw/okx_api_v5_public_instruments_instType_SWAP.json.gz");
  PINSTRIPE_NEED_DATA(spot, "rest_raw/okx_api_v5_public_instruments_instType_SPOT.json.gz");
  const auto swap = one("OKX_SWAP", unpacked(swaps), "ETH-USDT-SWAP");
  ASSERT_TRUE(swap.has_value()) << swap.error().message;
  EXPECT_EQ(swap->multiplier_e8, 10'000'000) << "a contract is 0.1 ETH";
  EXPECT_EQ(swap->market, Market::kLinear);
  EXPECT_EQ(swap->settle, "USDT");
  const auto inverse = one("OKX_SWAP", unpacked(swaps), "UNI-USD-SWAP");
  ASSERT_TRUE(inverse.has_value()) << inverse.error().message;
  EXPECT_EQ(inverse->market, Market::kInverse);
  EXPECT_EQ(inverse->multiplier_e8, 1'000'000'000) << "a contract is 10 USD";
  EXPECT_EQ(inverse->settle, "UNI");
  const auto coin = one("OKX", unpacked(spot), "BTC-USDT");
  ASSERT_TRUE(coin.has_value()) << coin.error().message;
  const auto table = find_instrument("OKX:BTC-USDT");
  EXPECT_EQ(coin->tick_e8, table->tick_e8);
  EXPECT_EQ(coin->lot_e8, table->lot_e8);
  EXPECT_EQ(coin->qty_min, table->qty_min);
  EXPECT_LE(coin->qty_max.value, kLotsMax) << "the venue's maximum is beyond our range";
}

TEST(VenueInstruments, FixturesOfOtherProjectsAreRead) {
  const std::string folder = "fixtures/binance_py/http_responses/";
  PINSTRIPE_NEED_DATA(futures, folder + "http_futures_market_exchange_info.json");
  PINSTRIPE_NEED_DATA(swaps, "fixtures/okx/http_get_instruments_swap.json");
  PINSTRIPE_NEED_DATA(linear, "fixtures/bybit/http_get_instruments_linear.json");
  EXPECT_TRUE(one("BINANCE_USDM", unpacked(futures), "BTCUSDT").has_value());
  EXPECT_TRUE(one("OKX_SWAP", unpacked(swaps), "BTC-USD-SWAP").has_value());
  const auto sut = one("BYBIT_LINEAR", unpacked(linear), "ETHUSDT");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->tick_e8, 5'000'000);
  EXPECT_EQ(sut->lot_e8, 1'000'000);
}

/// One linear contract of Bybit; `from` in it is replaced by `to`.
Result<Instrument> changed(const std::string& from, const std::string& to) {
  std::string answer = R"({"retCode":0,"retMsg":"OK","result":{"nextPageCursor":"","list":[
      {"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC",
       "quoteCoin":"USDT","settleCoin":"USDT","priceFilter":{"tickSize":"0.10"},
       "lotSizeFilter":{"maxOrderQty":"1190","minOrderQty":"0.001","qtyStep":"0.001",
                        "minNotionalValue":"5"},
       "riskParameters":{"priceLimitRatioX":"0.01"}}]}})";
  const std::size_t at = answer.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  answer.replace(at, from.size(), to);
  return one("BYBIT_LINEAR", answer, "BTCUSDT");
}

TEST(VenueInstruments, WhatIsWrongIsRefusedByFieldName) {
  ASSERT_TRUE(changed("BTCUSDT", "BTCUSDT").has_value());
  const char* const wrong[][3] = {
      {R"("0.10")", R"("NaN")", "tickSize"},        {R"("0.10")", R"("1e-1")", "tickSize"},
      {R"("0.10")", R"("-0.10")", "tickSize"},      {R"("0.10")", R"("0")", "tickSize"},
      {R"("0.10")", R"("")", "tickSize"},           {R"("0.10")", "0.10", "tickSize"},
      {R"("0.10")", "null", "tickSize"},            {R"("0.10")", R"("0.000000001")", "tickSize"},
      {R"("0.10")", R"(" 0.1")", "tickSize"},
      {R"("qtyStep":"0.001")", R"("x":"0")", "qtyStep"},
      {R"("1190")", R"("0.0001")", "lotSizeFilter"},
      {R"("1190")", R"("inf")", "maxOrderQty"},
      {R"("minOrderQty":"0.001")", R"("minOrderQty":"-1")", "minOrderQty"},
      {R"({"tickSize":"0.10"})", "[]", "priceFilter"},
      {R"("0.01")", R"("0,01")", "priceLimitRatioX"},
      {R"("Trading")", "7", "status"},              {R"("LinearPerpetual")", "[]", "contractType"}};
  for (const auto& [from, to, field] : wrong) {
    const auto sut = changed(from, to);
    ASSERT_FALSE(sut.has_value()) << from << " as " << to;
    EXPECT_NE(sut.error().message.find(field), std::string::npos) << sut.error().message;
  }
}

/// The answer of Binance for two perpetuals, the first of which has `filters`.
std::string two_perpetuals(const std::string& filters) {
  const std::string head = R"("status":"TRADING","baseAsset":"X","quoteAsset":"USDT",
      "marginAsset":"USDT","contractType":"PERPETUAL","filters":)";
  return R"({"symbols":[{"symbol":"AUSDT",)" + head + filters + R"(},{"symbol":"BUSDT",)" + head +
         R"([{"filterType":"PRICE_FILTER","tickSize":"0.1"},
             {"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.001","maxQty":"100"},
             {"filterType":"MIN_NOTIONAL","notional":"5"}]}]})";
}

TEST(VenueInstruments, AFilterOfAWrongTypeIsAnErrorThatNamesVenuePathAndField) {
  const char* const wrong[][2] = {{R"([{"filterType":5}])", "filters[0].filterType"},
                                  {R"([{"filterType":null}])", "filters[0].filterType"},
                                  {R"([{"filterType":["LOT_SIZE"]}])", "filters[0].filterType"},
                                  {R"([7])", "filters[0]"},
                                  {R"({})", "filters"}};
  for (const auto& [filters, field] : wrong) {
    const auto sut = one("BINANCE_USDM", two_perpetuals(filters), "AUSDT");
    ASSERT_FALSE(sut.has_value()) << filters;
    for (const std::string part : {"BINANCE_USDM /fapi/v1/exchangeInfo", "BINANCE_USDM:AUSDT",
                                   field}) {
      EXPECT_NE(sut.error().message.find(part), std::string::npos) << sut.error().message;
    }
    EXPECT_TRUE(one("BINANCE_USDM", two_perpetuals(filters), "BUSDT").has_value())
        << "the other's row is whole";
  }
}

TEST(VenueInstruments, ARowThatCannotBeReadIsThatSymbolsProblemAlone) {
  const std::string answer = two_perpetuals(R"([{"filterType":5}])");
  const std::vector<std::string> symbols{"AUSDT", "BUSDT", "CUSDT"};
  const auto sut = read_statuses("BINANCE_USDM", std::span(&answer, 1), symbols);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_NE(sut->at(0).problem.find("BINANCE_USDM:AUSDT.filters[0].filterType"),
            std::string::npos) << sut->at(0).problem;
  EXPECT_TRUE(sut->at(1).record.has_value()) << sut->at(1).problem;
  EXPECT_EQ(sut->at(2).problem, "");
  EXPECT_NE(sut->at(2).refusal.find("not listed"), std::string::npos);
  const std::string hidden = R"({"symbols":[{"symbol":5},7]})";
  const auto maybe = read_statuses("BINANCE_USDM", std::span(&hidden, 1), symbols);
  ASSERT_TRUE(maybe.has_value());
  EXPECT_EQ(maybe->at(0).refusal, "") << "it may be one of the rows without a name";
  EXPECT_NE(maybe->at(0).problem.find("2 rows"), std::string::npos) << maybe->at(0).problem;
}

TEST(VenueInstruments, AnAnswerNestedWithoutEndIsRefused) {
  const std::string deep(1'000'000, '[');
  const auto sut = one("BINANCE_USDM", R"({"symbols":)" + deep, "AUSDT");
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("nested deeper"), std::string::npos) << sut.error().message;
}

TEST(VenueInstruments, AVeryLargeMaximumIsCutToOurRange) {
  const auto sut = changed("1190", "99999999999999999999");
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->qty_max.value, INT64_MAX / 100'000) << "what 1e-8 can hold, in lots";
}

TEST(VenueInstruments, WhatDoesNotTradeIsRefusedByItsStatus) {
  const auto sut = changed("Trading", "PreLaunch");
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  EXPECT_NE(sut.error().message.find("does not trade: its status is PreLaunch"),
            std::string::npos) << sut.error().message;
}

TEST(VenueInstruments, AnAnswerThatIsNoListIsRefused) {
  for (const char* answer : {"", "{", "[]", "7", "{}", R"({"result":[]})", R"({"result":{}})",
                             R"({"result":{"list":{}}})"}) {
    EXPECT_FALSE(one("BYBIT_LINEAR", answer, "BTCUSDT").has_value()) << answer;
  }
  const auto empty = one("BYBIT_LINEAR", R"({"result":{"list":[7,{"symbol":8}]}})", "BTCUSDT");
  ASSERT_FALSE(empty.has_value());
  EXPECT_NE(empty.error().message.find("unknown instrument"), std::string::npos);
}

TEST_F(VenueInstrumentsTest, AllMarketsAreFetchedInTheOrderAskedFor) {
  start_venue();
  VenueRest rest_client = rest();
  const std::vector<std::string> ids{"OKX_SWAP:BTC-USDT-SWAP", "BINANCE_SPOT:ETHUSDT",
                                     "BINANCE_USDM:BTCUSDT",   "BYBIT:BTCUSDT",
                                     "BYBIT_LINEAR:ETHUSDT",   "OKX:ETH-USDT",
                                     "BINANCE_SPOT:BTCUSDT"};
  const auto sut = fetch_instruments(rest_client, ids);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  ASSERT_EQ(sut->size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ((*sut)[i].id, ids[i]);
  EXPECT_EQ((*sut)[0].multiplier_e8, 100'000) << "a contract is 0.001 BTC";
  EXPECT_EQ((*sut)[0].lot_e8, 100'000'000);
  EXPECT_EQ((*sut)[2].tick_e8, 10'000'000);
  EXPECT_EQ((*sut)[6].lot_e8, 10'000);
  EXPECT_EQ((*sut)[6].order_step_lots, 10);
  EXPECT_EQ(rest_client.requests(), 6u) << "one list a venue, whatever is wanted of it";
}

TEST_F(VenueInstrumentsTest, AnUnknownSymbolIsToldWithTheNearestOfTheVenue) {
  start_venue();
  VenueRest rest_client = rest();
  const std::vector<std::string> ids{"OKX_SWAP:BTC-USDT-SWOP"};
  const auto sut = fetch_instruments(rest_client, ids);
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().exit, Exit::kUsage);
  EXPECT_NE(sut.error().message.find("OKX_SWAP:BTC-USDT-SWAP"), std::string::npos)
      << sut.error().message;
  const std::vector<std::string> nowhere{"KRAKEN:XBTUSD"};
  EXPECT_FALSE(fetch_instruments(rest_client, nowhere).has_value());
}

TEST_F(VenueInstrumentsTest, AHaltedInstrumentIsRefusedByName) {
  start_venue();
  fault(R"({"fault": "instrument_change", "holds": "BTCUSDT", "for_ms": 60000})");
  VenueRest rest_client = rest();
  for (const char* id : {"BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT", "BYBIT_LINEAR:BTCUSDT"}) {
    const std::vector<std::string> ids{id};
    const auto sut = fetch_instruments(rest_client, ids);
    ASSERT_FALSE(sut.has_value()) << id;
    EXPECT_NE(sut.error().message.find(std::string("'") + id + "' does not trade"),
              std::string::npos) << sut.error().message;
  }
}

TEST_F(VenueInstrumentsTest, WhatIsHaltedOrNotListedIsAStatusToWhoeverWatches) {
  start_venue();
  fault(R"({"fault": "instrument_change", "holds": "BTCUSDT", "for_ms": 60000})");
  VenueRest rest_client = rest();
  for (const char* venue : {"BINANCE_SPOT", "BINANCE_USDM", "BYBIT_LINEAR"}) {
    const std::vector<std::string> symbols{"BTCUSDT", "ETHUSDT", "GONEUSDT"};
    const auto sut = fetch_statuses(rest_client, venue, symbols);
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    ASSERT_EQ(sut->size(), 3u);
    EXPECT_FALSE(sut->at(0).record.has_value()) << venue;
    EXPECT_TRUE(sut->at(0).refusal.starts_with("does not trade")) << sut->at(0).refusal;
    ASSERT_TRUE(sut->at(1).record.has_value()) << sut->at(1).refusal;
    EXPECT_EQ(sut->at(1).record->symbol, "ETHUSDT");
    EXPECT_FALSE(sut->at(2).record.has_value());
    EXPECT_NE(sut->at(2).refusal.find("not listed"), std::string::npos) << sut->at(2).refusal;
  }
  const std::vector<std::string> any{"XBTUSD"};
  EXPECT_FALSE(fetch_statuses(rest_client, "KRAKEN", any).has_value());
}

TEST_F(VenueInstrumentsTest, ManyContractsComeInPages) {
  start_venue(R"("fillers": {"count": 1000, "rate_per_s": 1, "markets": ["BYBIT_LINEAR"]}, )");
  VenueRest rest_client = rest();
  const std::vector<std::string> ids{"BYBIT_LINEAR:S000USDT", "BYBIT_LINEAR:S999USDT"};
  const auto sut = fetch_instruments(rest_client, ids);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(rest_client.requests(), 2u);
}

TEST_F(VenueInstrumentsTest, TheClockOfEachVenueIsMeasured) {
  start_venue();
  VenueRest rest_client = rest();
  fault(R"({"fault": "clock_skew", "venue": "bybit", "amount_ms": 5000, "for_ms": 60000})");
  for (const char* venue : {"BINANCE_SPOT", "BINANCE_USDM", "BYBIT", "OKX"}) {
    const auto sut = fetch_clock_offset(rest_client, venue);
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    const std::int64_t truth = std::string_view(venue) == "BYBIT" ? 5 * kNsPerSecond : 0;
    EXPECT_LE(std::abs(sut->offset_ns - truth), sut->error_ns) << venue;
    EXPECT_GT(sut->error_ns, 0);
  }
}

TEST(VenueClock, TimesAreReadInEachVenuesFormAndRubbishIsRefused) {
  EXPECT_EQ(read_venue_time("BINANCE_SPOT", R"({"serverTime":1633835466289})").value(),
            1'633'835'466'289 * kNsPerMs);
  EXPECT_EQ(read_venue_time("BYBIT", R"({"result":{"timeNano":"1688639403423213947"}})").value(),
            1'688'639'403'423'213'947);
  EXPECT_EQ(read_venue_time("OKX", R"({"code":"0","data":[{"ts":"1597026383085"}]})").value(),
            1'597'026'383'085 * kNsPerMs);
  for (const char* answer : {"", "[]", "{}", R"({"serverTime":-1})", R"({"serverTime":1.5})",
                             R"({"serverTime":"x"})", R"({"serverTime":99999999999999999})"}) {
    EXPECT_FALSE(read_venue_time("BINANCE_SPOT", answer).has_value()) << answer;
  }
  for (const char* answer : {R"({"data":[]})", R"({"data":[7]})", R"({"data":{}})"}) {
    EXPECT_FALSE(read_venue_time("OKX", answer).has_value()) << answer;
  }
}

}  // namespace
}  // namespace pinstripe
