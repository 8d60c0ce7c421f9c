// The shipped instruments.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "feed/instrument_table.h"
#include "feed/synthetic.h"

namespace pinstripe {
namespace {

TEST(InstrumentTable, ShipsTwentySymbolsOfEachBinanceMarketAndEachOnce) {
  std::map<std::string, int> count;
  std::set<std::string> ids;
  for (const Instrument& i : shipped_instruments()) {
    ++count[i.venue];
    EXPECT_TRUE(ids.insert(i.id).second) << i.id;
    EXPECT_EQ(i.id, i.venue + ":" + i.symbol);
    EXPECT_GT(i.tick_e8, 0);
    EXPECT_GT(i.lot_e8, 0);
    EXPECT_GE(i.qty_min, QtyLots(1));
    EXPECT_LE(i.qty_max.value, kLotsMax) << i.id;
    EXPECT_GE(i.order_step_lots, 1);
  }
  for (const char* venue : {"BINANCE_SPOT", "BINANCE_USDM", "BINANCE_COINM"}) {
    EXPECT_EQ(count[venue], 20) << venue;
  }
}

TEST(InstrumentTable, HoldsTheContractsOfTheBrief) {
  const auto perp = find_instrument("BINANCE_USDM", "btcusdt");
  ASSERT_TRUE(perp.has_value());
  EXPECT_EQ(perp->tick_e8, 10'000'000);
  EXPECT_EQ(perp->lot_e8, 100'000);
  EXPECT_EQ(perp->maker_fee_e8, 20'000);
  EXPECT_EQ(perp->taker_fee_e8, 50'000);
  EXPECT_EQ(perp->settle, "USDT");
  EXPECT_EQ(perp->market, Market::kLinear);
  const auto coin = find_instrument("BINANCE_COINM:BTCUSD_PERP");
  ASSERT_TRUE(coin.has_value());
  EXPECT_EQ(coin->multiplier_e8, 10'000'000'000);
  EXPECT_EQ(coin->lot_e8, 100'000'000);
  EXPECT_EQ(coin->settle, "BTC");
  EXPECT_EQ(coin->market, Market::kInverse);
  const auto spot = find_instrument("BINANCE_SPOT", "BTCUSDT");
  ASSERT_TRUE(spot.has_value());
  EXPECT_EQ(spot->maker_fee_e8, 100'000);
  EXPECT_TRUE(spot->buy_fee_in_base);
  EXPECT_EQ(spot->lot_e8 * spot->order_step_lots, 1'000) << "orders are multiples of 0.00001";
  EXPECT_EQ(spot->qty_min.value, spot->order_step_lots);
  EXPECT_EQ(synthetic_instrument().id, "SYNTHETIC:PINUSD");
}

TEST(InstrumentTable, HoldsWhatBybitAndOkxStated) {
  struct Stated {
    const char* id;
    std::int64_t tick_e8, lot_e8, multiplier_e8;
    const char* settle;
  };
  for (const Stated& s : {Stated{"BYBIT_LINEAR:BTCUSDT", 10'000'000, 100'000, 100'000'000, "USDT"},
                          Stated{"BYBIT_LINEAR:DOGEUSDT", 1'000, 100'000'000, 100'000'000, "USDT"},
                          Stated{"BYBIT:ETHUSDT", 1'000'000, 1'000, 100'000'000, "USDT"},
                          Stated{"OKX:BTC-USDT", 10'000'000, 1, 100'000'000, "USDT"},
                          Stated{"OKX_SWAP:BTC-USDT-SWAP", 10'000'000, 100'000'000, 1'000'000,
                                 "USDT"},
                          Stated{"OKX_SWAP:UNI-USD-SWAP", 100'000, 100'000'000, 1'000'000'000,
                                 "UNI"},
                          Stated{"OKX_FUTURES:BTC-USD-220527", 10'000'000, 100'000'000,
                                 10'000'000'000, "BTC"}}) {
    const auto found = find_instrument(s.id);
    ASSERT_TRUE(found.has_value()) << s.id;
    EXPECT_EQ(found->tick_e8, s.tick_e8) << s.id;
    EXPECT_EQ(found->lot_e8, s.lot_e8) << s.id;
    EXPECT_EQ(found->multiplier_e8, s.multiplier_e8) << s.id;
    EXPECT_EQ(found->settle, s.settle) << s.id;
  }
  EXPECT_EQ(find_instrument("OKX:BTC-USDT")->qty_min.value, 1'000);
}

TEST(InstrumentTable, UnknownSymbolNamesTheNearestAndWhatToDo) {
  const auto found = find_instrument("BINANCE_USDM", "BTCUSD");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().exit, Exit::kUsage);
  EXPECT_NE(found.error().message.find("'BINANCE_USDM:BTCUSDT'"), std::string::npos);
  EXPECT_FALSE(find_instrument("BTCUSDT").has_value());
}

TEST(InstrumentTable, BadTablesAreRefusedWithThePlace) {
  const auto message = [](const char* text) {
    const auto table = read_instrument_table(text, "t");
    return table ? std::string() : table.error().message;
  };
  EXPECT_NE(message("[]"), "");
  EXPECT_NE(message("{"), "");
  EXPECT_NE(message(R"({"market":"spot","instruments":[]})").find("t.venue"), std::string::npos);
  EXPECT_NE(message(R"({"venue":"V","market":"swap","instruments":[]})").find("t.market"), std::string::npos);
  EXPECT_NE(message(R"({"venue":"V","market":"spot","instruments":[{"symbol":"A","base":"A","quote":"B","tick":"0.1x","lot":"1","qty_max":"5"}]})")
                .find("t.instruments[0].tick"),
            std::string::npos);
  EXPECT_NE(message(R"({"venue":"V","market":"spot","instruments":[1]})"), "");
}

}  // namespace
}  // namespace pinstripe
