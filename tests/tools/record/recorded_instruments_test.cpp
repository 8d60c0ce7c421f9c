// What was recorded brings its instruments along: they need not ship.
#include <gtest/gtest.h>

#include <sstream>

#include "feed/instrument_table.h"
#include "tests/tools/record/record_support.h"
#include "tools/session/prepare.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const std::vector<std::string> kSixFillers{
    "BINANCE_SPOT:S000USDT", "BINANCE_USDM:S000USDT", "BYBIT:S000USDT",
    "BYBIT_LINEAR:S000USDT", "OKX:S000-USDT",         "OKX_SWAP:S000-USDT-SWAP"};

/// An exchange with an asset that does not ship on every market, and one whose tick is told.
Json filler_venue(const std::string& tick = "0.1") {
  Json venue = six_market_venue();
  venue["assets"][0]["tick"] = tick;
  venue["fillers"] = {{"count", 1}, {"rate_per_s", 60}};
  return venue;
}

std::string text_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class RecordedInstruments : public RecordTest {
 protected:
  std::string definitions() const { return out() + "/" + kInstrumentFileName; }
  /// Records `ids` until `seconds` of them have been told of.
  void record(const VenueProcess& venue, const std::vector<std::string>& ids,
              std::size_t seconds) {
    const StartedCommand started = start(record_command(venue, {"--instruments", joined(ids)}));
    const bool has_come = await_progress(started, seconds);
    const CommandResult recorded = stop(started);
    ASSERT_TRUE(has_come) << recorded.err;
    ASSERT_EQ(recorded.exit, 0) << recorded.err;
    EXPECT_NE(recorded.out.find(definitions()), std::string::npos) << recorded.out;
  }
  /// The captures in another folder, without what lies beside them.
  std::vector<std::string> moved() const {
    const fs::path folder = folder_ / "moved";
    fs::create_directories(folder);
    std::vector<std::string> all;
    for (const std::string& f : files()) {
      all.push_back((folder / fs::path(f).filename()).string());
      fs::copy_file(f, all.back());
    }
    return all;
  }
};

TEST_F(RecordedInstruments, SymbolsThatDoNotShipDecideTheSameEveryWay) {
  VenueProcess venue(filler_venue());
  record(venue, kSixFillers, 14);
  const auto defined = read_instrument_file(definitions());
  ASSERT_TRUE(defined.has_value()) << defined.error().message;
  ASSERT_EQ(defined->size(), kSixFillers.size());
  for (const Instrument& i : *defined) EXPECT_FALSE(find_instrument(i.id).has_value()) << i.id;
  expect_same_orders(files());

  // Who names all of the folder names its definitions too; they are no capture.
  std::vector<std::string> all = files();
  all.push_back(definitions());
  const std::string plan = replay_config();
  const std::string kept = (folder_ / "kept").string();
  const CommandResult whole = trade("backtest", plan, all, {"--out", kept});
  const CommandResult session = trade("up", plan, files(), {"--set", "journal.mode=on"});
  ASSERT_EQ(whole.exit, 0) << whole.err;
  ASSERT_EQ(session.exit, 0) << session.err;
  EXPECT_EQ(whole.json().at("state_hash"), session.json().at("state_hash"));
  EXPECT_NE(whole.err.find("instruments as '" + definitions() + "'"), std::string::npos);
  const CommandResult again = run({"replay", session.json().at("journal").get<std::string>()});
  EXPECT_EQ(again.exit, 0) << again.out << again.err;

  // What a run decided by is in its resolved config, and so in the digest that identifies it.
  const Json resolved = Json::parse(text_of(kept + "/config.json"));
  for (const Json& i : resolved.at("instruments")) {
    const auto same = std::ranges::find(*defined, i.at("id").get<std::string>(), &Instrument::id);
    ASSERT_NE(same, defined->end());
    EXPECT_EQ(i.at("tick_e8"), same->tick_e8);
    EXPECT_EQ(i.at("qty_max_lots"), same->qty_max.value);
  }
}

/// What `up --resume` asks: a session keeps its definitions, and may trade a part of what came.
TEST_F(RecordedInstruments, APartOfARecordingIsKnownAgainWithoutItsDefinitions) {
  Json market = filler_venue();
  market["fillers"]["count"] = 2;
  VenueProcess venue(market);
  record(venue, {"BYBIT_LINEAR:S000USDT", "BYBIT_LINEAR:BTCUSDT", "BYBIT_LINEAR:S001USDT"}, 3);
  Overrides overrides;
  overrides.data = files();
  const std::string named =
      config(R"({"instruments": ["BYBIT_LINEAR:S001USDT", "BYBIT_LINEAR:S000USDT"]})", "named");
  const auto read = load_session_config(named, overrides);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const auto plan = prepare_plan(*read);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->instruments.size(), 2u);
  fs::remove(definitions());
  const auto same = verify_data(*plan);
  EXPECT_TRUE(same.has_value()) << same.error().message;
}

TEST_F(RecordedInstruments, WhatTheRecordingDefinesCountsBeforeWhatShips) {
  VenueProcess venue(filler_venue("0.5"));
  record(venue, {"BINANCE_USDM:BTCUSDT"}, 3);
  const Replayed left = replay(files());
  ASSERT_EQ(left.error, "");
  EXPECT_EQ(left.instruments.at(0).tick_e8, 50'000'000);
  EXPECT_EQ(find_instrument("BINANCE_USDM:BTCUSDT")->tick_e8, 10'000'000);
}

TEST_F(RecordedInstruments, AConvertedCaptureTakesItsDefinitionAlong) {
  VenueProcess venue(filler_venue());
  record(venue, {"BINANCE_USDM:S000USDT"}, 8);
  const fs::path other = folder_ / "binary", third = folder_ / "text";
  fs::create_directories(other);
  fs::create_directories(third);
  const std::string binary = (other / "s.pscap").string(), text = (third / "s.txt").string();
  const CommandResult converted = run({"convert", files().at(0), binary});
  ASSERT_EQ(converted.exit, 0) << converted.err;
  const CommandResult back = run({"convert", binary, "--back", text});
  ASSERT_EQ(back.exit, 0) << back.err;
  const std::string plan = replay_config();
  const CommandResult first = trade("backtest", plan, files());
  ASSERT_EQ(first.exit, 0) << first.err;
  for (const std::string& capture : {binary, text}) {
    const CommandResult same = trade("backtest", plan, {capture});
    ASSERT_EQ(same.exit, 0) << same.err;
    EXPECT_EQ(same.json().at("orders_digest"), first.json().at("orders_digest")) << capture;
    EXPECT_EQ(same.json().at("state_hash"), first.json().at("state_hash")) << capture;
  }
  const CommandResult verified = trade("verify", plan, files(), {"--kills", "0"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
}

TEST_F(RecordedInstruments, ADefinitionThatChangedIsNeverMixedWithTheOld) {
  const std::vector<std::string> ids{"BINANCE_USDM:BTCUSDT"};
  {
    VenueProcess before(filler_venue());
    record(before, ids, 3);
    record(before, {"BINANCE_USDM:S000USDT"}, 2);
    EXPECT_EQ(read_instrument_file(definitions())->size(), 2u) << "what is new is added";
  }
  const std::vector<std::string> old = files();
  const std::string text = text_of(definitions());
  VenueProcess after(filler_venue("0.5"));
  std::vector<std::string> command =
      record_command(after, {"--instruments", joined(ids), "--for", "2s"});
  const CommandResult refused = run_program(command);
  EXPECT_EQ(refused.exit, 1);
  for (const std::string& said : {definitions(), ids[0], std::string("tick 0.1 and 0.5"),
                                  std::string("another folder")}) {
    EXPECT_NE(refused.err.find(said), std::string::npos) << refused.err;
  }
  EXPECT_EQ(files(), old) << "nothing was written beside the old captures";
  EXPECT_EQ(text_of(definitions()), text);

  // Nor does one session take both.
  command.insert(command.end(), {"--out", (folder_ / "new").string()});
  const auto first_out = std::ranges::find(command, "--out");
  command.erase(first_out, first_out + 2);
  ASSERT_EQ(run_program(command).exit, 0);
  std::vector<std::string> both = old;
  for (const auto& f : fs::directory_iterator(folder_ / "new")) both.push_back(f.path().string());
  const CommandResult mixed = trade("backtest", replay_config(), both);
  EXPECT_EQ(mixed.exit, 2);
  EXPECT_NE(mixed.err.find("tick 0.1 and 0.5"), std::string::npos) << mixed.err;
}

TEST_F(RecordedInstruments, ASymbolWithoutADefinitionIsToldWhereItWasLookedFor) {
  VenueProcess venue(filler_venue());
  record(venue, {"BINANCE_USDM:S000USDT", "BYBIT:S000USDT"}, 3);
  const std::string plan = replay_config();
  for (const std::string& capture : moved()) {
    const CommandResult refused = trade("backtest", plan, {capture});
    EXPECT_EQ(refused.exit, 2) << capture;
    for (const char* said : {"S000USDT", "instruments.json", "feed/instruments/"}) {
      EXPECT_NE(refused.err.find(said), std::string::npos) << refused.err;
    }
  }
  // Named, but neither recorded nor shipped.
  const std::string named = config(R"({"instruments": ["BINANCE_USDM:S007USDT"]})", "named");
  const CommandResult refused = trade("backtest", named, files());
  EXPECT_EQ(refused.exit, 2);
  EXPECT_NE(refused.err.find("S007USDT"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find(definitions()), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace pinstripe
