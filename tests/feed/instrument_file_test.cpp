// Definitions beside captures: written, read back, and which of several count.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "feed/inspect.h"
#include "feed/instrument_file.h"
#include "feed/instrument_finder.h"
#include "feed/instrument_table.h"
#include "tests/support/temp_dir.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

/// One that no table ships.
Instrument own_instrument(std::int64_t tick_e8 = 1'000'000) {
  Instrument i = find_instrument("BYBIT_LINEAR:BTCUSDT").value();
  i.symbol = "OWNUSDT";
  i.id = "BYBIT_LINEAR:OWNUSDT";
  i.base = "OWN";
  i.tick_e8 = tick_e8;
  return i;
}

class InstrumentFile : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return dir_.path() + "/" + name; }
  static std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  /// A folder with a recording of one trade of OWNUSDT in it, defined beside it by `tick_e8`.
  std::string recording(const std::string& folder, std::int64_t tick_e8) const {
    fs::create_directories(at(folder));
    const std::string path = at(folder + "/a.jsonl");
    std::ofstream(path)
        << R"({"t":"header","format":2,"exchange":"BYBIT"})" << "\n"
        << R"({"t":"connect","conn":"a","ts":1786310824.0,"addr":"wss://x/v5/public/linear"})"
        << "\n"
        << R"({"t":"recv","conn":"a","ts":1786310824.1,"data":"{\"topic\":\"publicTrade.OWNUSDT\",)"
        << R"(\"type\":\"snapshot\",\"ts\":1786310824099,\"data\":[{\"T\":1786310824098,)"
        << R"(\"s\":\"OWNUSDT\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"5\",\"L\":\"PlusTick\",)"
        << R"(\"i\":\"x\",\"BT\":false,\"seq\":1}]}"})" << "\n";
    if (tick_e8 > 0) {
      const Instrument own = own_instrument(tick_e8);
      EXPECT_TRUE(add_to_instrument_file(instrument_file_beside(path), std::span(&own, 1)));
    }
    return path;
  }
  TempDir dir_;
};

TEST_F(InstrumentFile, GivesEveryShippedInstrumentBackWhole) {
  std::vector<Instrument> all = shipped_instruments();
  all[0].settle = "OTHER";                  // a venue may settle in neither base nor quote
  all[1].maker_fee_e8 = -1'000;             // a rebate
  all[2].qty_max = QtyLots(kLotsMax);
  all[2].lot_e8 = 1;
  ASSERT_TRUE(add_to_instrument_file(at("instruments.json"), all).has_value());
  const auto again = read_instrument_file(at("instruments.json"));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  ASSERT_EQ(again->size(), all.size());
  for (const Instrument& i : all) {
    const auto same = std::ranges::find(*again, i.id, &Instrument::id);
    ASSERT_NE(same, again->end()) << i.id;
    EXPECT_EQ(definition_difference(i, *same), "") << i.id;
    EXPECT_EQ(same->qty_min, i.qty_min) << i.id;
    EXPECT_EQ(same->qty_max, i.qty_max) << i.id;
    EXPECT_EQ(same->order_step_lots, i.order_step_lots) << i.id;
    EXPECT_EQ(same->tiers.size(), i.tiers.size()) << i.id;
    EXPECT_EQ(same->settle, i.settle) << i.id;
  }
  EXPECT_EQ(instrument_file_text(*again), text_of(at("instruments.json"))) << "the same text again";
}

TEST_F(InstrumentFile, AQuantityBeyondTheRangeBecomesTheLargestThatItHolds) {
  Instrument huge = own_instrument();
  huge.lot_e8 = 100'000'000;
  huge.qty_max = QtyLots(kLotsMax);
  ASSERT_TRUE(add_to_instrument_file(at("instruments.json"), std::span(&huge, 1)).has_value());
  const auto again = read_instrument_file(at("instruments.json"));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->front().qty_max.value, INT64_MAX / huge.lot_e8);
}

TEST_F(InstrumentFile, NamesTheFirstThingThatDiffers) {
  const Instrument a = own_instrument();
  for (const auto& [change, said] :
       std::vector<std::pair<std::function<void(Instrument&)>, std::string>>{
           {[](Instrument& i) { i.tick_e8 = 500'000; }, "tick 0.01 and 0.005"},
           {[](Instrument& i) { i.taker_fee_e8 = 0; }, "taker_fee 0.00055 and 0"},
           {[](Instrument& i) { i.price_band_bps = 7; }, "price_band_bps 500 and 7"},
           {[](Instrument& i) { i.qty_min = QtyLots(2); }, "qty_min 0.001 and 0.002"},
           {[](Instrument& i) { i.tiers.push_back({100'000'000, 1'000'000, 0}); },
            R"(tiers [] and [["1","0.01","0"]])"}}) {
    Instrument b = a;
    change(b);
    EXPECT_EQ(definition_difference(a, b), said);
  }
}

TEST_F(InstrumentFile, AddsWhatIsNewAndRefusesWhatChangedWithoutTouchingTheFile) {
  const std::string path = at("instruments.json");
  const std::vector<Instrument> both{own_instrument(), find_instrument("OKX:BTC-USDT").value()};
  ASSERT_TRUE(add_to_instrument_file(path, std::span(both).first(1)).has_value());
  ASSERT_TRUE(add_to_instrument_file(path, both).has_value());
  EXPECT_EQ(read_instrument_file(path)->size(), 2u);
  const std::string before = text_of(path);
  const Instrument changed = own_instrument(2'000'000);
  const auto refused = add_to_instrument_file(path, std::span(&changed, 1));
  ASSERT_FALSE(refused.has_value());
  for (const std::string& said : {path, changed.id, std::string("tick 0.01 and 0.02")}) {
    EXPECT_NE(refused.error().message.find(said), std::string::npos) << refused.error().message;
  }
  EXPECT_FALSE(check_instrument_file(path, std::span(&changed, 1)).has_value());
  EXPECT_TRUE(check_instrument_file(path, both).has_value());
  EXPECT_EQ(text_of(path), before);
}

TEST_F(InstrumentFile, RefusesWhatIsNoTableAndWhatStandsTwice) {
  EXPECT_TRUE(read_instrument_file(at("none.json"))->empty());
  std::ofstream(at("a.json")) << R"({"tables": 5})";
  std::ofstream(at("b.json")) << R"({"tables": [{"venue": "V", "market": "spot"}]})";
  std::ofstream(at("c.json")) << "{";
  const std::string row = R"({"symbol": "A", "base": "A", "quote": "B", "tick": "1", "lot": "1",
                              "qty_max": "5"})";
  std::ofstream(at("d.json")) << R"({"tables": [{"venue": "V", "market": "spot", "instruments": [)"
                              << row << ", " << row << "]}]}";
  for (const char* name : {"a.json", "b.json", "c.json", "d.json"}) {
    const auto refused = read_instrument_file(at(name));
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
  }
}

TEST_F(InstrumentFile, CapturesAreReadByTheDefinitionsBesideThem) {
  const std::string path = recording("a", 1'000'000);
  const auto info = inspect_captures({path, instrument_file_beside(path)}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  ASSERT_EQ(info->instruments.size(), 1u);
  EXPECT_EQ(info->instruments[0].tick_e8, 1'000'000);
  EXPECT_EQ(info->definition_files, std::vector<std::string>{instrument_file_beside(path)});
  // A session that has its own definitions does not depend on the file any more.
  fs::remove(instrument_file_beside(path));
  InspectOptions options;
  options.definitions = info->instruments;
  const auto later = inspect_captures({path}, options);
  ASSERT_TRUE(later.has_value()) << later.error().message;
  EXPECT_EQ(later->data_digest, info->data_digest);
  const auto unknown = inspect_captures({path}, {});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find(instrument_file_beside(path)), std::string::npos);
}

TEST_F(InstrumentFile, DefinitionsOfOneSessionMustAgree) {
  const std::string one = recording("one", 1'000'000), same = recording("same", 1'000'000);
  EXPECT_TRUE(inspect_captures({one, same}, {}).has_value());
  const std::string other = recording("other", 2'000'000);
  const auto refused = inspect_captures({one, other}, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("tick 0.01 and 0.02"), std::string::npos)
      << refused.error().message;
  std::ofstream(instrument_file_beside(other)) << "rubbish";
  const auto damaged = inspect_captures({other}, {});
  ASSERT_FALSE(damaged.has_value());
  EXPECT_NE(damaged.error().message.find(instrument_file_beside(other)), std::string::npos);
  const auto nothing = inspect_captures({instrument_file_beside(one)}, {});
  ASSERT_FALSE(nothing.has_value()) << "definitions alone are no market";
}

TEST_F(InstrumentFile, WhatIsGivenCountsFirstThenTheFolderThenWhatShips) {
  Instrument btc = find_instrument("BYBIT_LINEAR:BTCUSDT").value();
  btc.tick_e8 *= 5;
  InstrumentFinder sut({});
  ASSERT_TRUE(sut.enter(at("a.jsonl")).has_value());
  EXPECT_EQ(sut.find("BYBIT_LINEAR", "BTCUSDT")->tick_e8, btc.tick_e8 / 5);
  fs::create_directories(at("other"));
  ASSERT_TRUE(add_to_instrument_file(at("other/instruments.json"), std::span(&btc, 1)));
  ASSERT_TRUE(sut.enter(at("other/a.jsonl")).has_value());
  EXPECT_EQ(sut.find("BYBIT_LINEAR", "btcusdt")->tick_e8, btc.tick_e8);
  const Instrument given = own_instrument(7);
  InstrumentFinder with(std::span(&given, 1));
  EXPECT_EQ(with.find("BYBIT_LINEAR", "OWNUSDT")->tick_e8, 7);
  EXPECT_EQ(find_defined("BYBIT_LINEAR:BTCUSDT", sut.defined(), sut.files())->tick_e8, btc.tick_e8);
}

}  // namespace
}  // namespace pinstripe
