// `pinstripe record` on the simulated exchange: what it wrote is what came, and replays.
#include <gtest/gtest.h>

#include "tests/tools/record/record_support.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

TEST_F(RecordTest, ThreeVenuesReplayToTheSameBooksAndOrders) {
  VenueProcess venue(six_market_venue());
  const StartedCommand started = start(record_command(
      venue, {"--instruments", joined(kSixMarkets), "--for", "23s", "--rotate-s", "12", "--json"}));
  // Into the second files, so that these hold updates to join on. Then the market stands still: the
  // last frames tell its books as they are then.
  ASSERT_TRUE(await_progress(started, 15));
  ASSERT_EQ(venue.post("/venue/pause", Json::object()).status, 200);
  const CommandResult recorded = wait(started);
  ASSERT_EQ(recorded.exit, 0) << recorded.err;
  const Json told = recorded.json();
  EXPECT_EQ(told.at("gaps"), 0);
  EXPECT_EQ(told.at("bad_lines"), 0);
  std::uint64_t shown = 0, on_disk = 0;
  for (const Json& s : told.at("sources")) shown += s.at("frames").get<std::uint64_t>();
  EXPECT_EQ(told.at("frames"), shown);
  for (const std::string& f : files()) on_disk += fs::file_size(f);
  EXPECT_EQ(told.at("bytes"), on_disk);
  EXPECT_GE(files().size(), 2 * kSixMarkets.size()) << "rotated";

  const Replayed again = replay(files());
  ASSERT_EQ(again.error, "");
  EXPECT_EQ(again.frames, shown) << "every frame that came, and no other";
  EXPECT_EQ(again.streams, kSixMarkets.size() + 2)
      << "files that follow each other are one stream; OKX's candles have connections of their own";
  EXPECT_EQ(again.gaps, 0);
  EXPECT_EQ(again.bad_lines, 0);
  ASSERT_EQ(again.instruments.size(), kSixMarkets.size());
  for (std::uint16_t i = 0; i < again.instruments.size(); ++i) {
    const Instrument& instrument = again.instruments[i];
    EXPECT_EQ(book_difference(venue, instrument, again.sink.books.at(i), 10), "") << instrument.id;
  }
  expect_same_orders(files());
}

TEST_F(RecordTest, WhatAKilledRecorderLeftIsWhole) {
  VenueProcess venue(six_market_venue());
  for (const char* packing : {"gz", "zstd", "none"}) {
    fs::remove_all(out());
    const StartedCommand started = start(record_command(
        venue, {"--instruments", joined(kSixMarkets), "--compress", packing}));
    ASSERT_TRUE(await_progress(started, 4)) << wait(started).err;
    ::kill(started.pid, SIGKILL);
    wait(started);
    const std::vector<std::uint64_t> told = progress(started);
    const Replayed left = replay(files());
    EXPECT_EQ(left.error, "") << packing;
    // All but the last second or so.
    EXPECT_GE(left.frames, told.at(told.size() - 3)) << packing;
    EXPECT_GT(left.frames, 0u);
    EXPECT_EQ(left.bad_lines, 0) << packing;
  }
}

TEST_F(RecordTest, AFullDiskIsToldAndLosesNothingBeforeIt) {
  VenueProcess venue(six_market_venue());
  std::string line = "ulimit -f 512; exec";  // of 512 bytes; the limiter needs less
  for (const std::string& word :
       record_command(venue, {"--instruments", joined(kSixMarkets), "--compress", "none"})) {
    line += " '" + word + "'";
  }
  const CommandResult full = run_program({"/bin/sh", "-c", line});
  EXPECT_EQ(full.exit, 1) << full.err;
  EXPECT_NE(full.err.find("cannot write '" + out()), std::string::npos) << full.err;
  EXPECT_NE(full.err.find("Make room"), std::string::npos) << full.err;
  const Replayed left = replay(files());
  EXPECT_EQ(left.error, "");
  EXPECT_GT(left.frames, 0u);
  EXPECT_EQ(left.bad_lines, 0);
}

TEST_F(RecordTest, ASessionConfigSaysWhatIsRecorded) {
  VenueProcess venue(six_market_venue());
  const std::string plan = config(
      R"({"mode": "live", "live": {"address": ")" + venue.address() + R"(", "ca_file": ")" +
          venue.ca_file() + R"("}, "instruments": ["OKX_SWAP:BTC-USDT-SWAP"]})",
      "live");
  const CommandResult recorded =
      run({"record", plan, "--out", out(), "--for", "2s", "--compress", "zstd", "--json"});
  ASSERT_EQ(recorded.exit, 0) << recorded.err;
  EXPECT_EQ(recorded.json().at("files").size(), 1u);
  EXPECT_EQ(replay(files()).instruments.at(0).id, "OKX_SWAP:BTC-USDT-SWAP");
}

/// A market that stands still makes a book stale by the defaults, and not by this session's own.
TEST_F(RecordTest, TheConfigsFeedKeepsTheBooksAndOptionsComeBeforeTheConfig) {
  VenueProcess venue(six_market_venue());
  const std::string plan = config(
      R"({"mode": "live", "live": {"address": "127.0.0.1:1", "ca_file": ")" + venue.ca_file() +
          R"("}, "instruments": ["OKX_SWAP:BTC-USDT-SWAP"],
          "feed": {"stale_depth_ns": 0, "stale_ticker_ns": 0}})",
      "live");
  const std::string only = kSixMarkets[1];
  const auto command = [&](const std::string& folder, const std::vector<std::string>& more) {
    std::vector<std::string> all{bin_ + "/pinstripe", "record", "--address", venue.address(),
                                 "--out", (folder_ / folder).string(), "--instruments", only,
                                 "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const StartedCommand own = start(command("own", {"--config", plan}));
  const StartedCommand plain = start(command("plain", {"--ca", venue.ca_file()}));
  ASSERT_TRUE(await_text(own, "books valid 1 of 1"));
  ASSERT_TRUE(await_text(plain, "books valid 1 of 1"));
  ASSERT_EQ(venue.post("/venue/pause", Json::object()).status, 200);
  ASSERT_TRUE(await_text(plain, "books valid 0 of 1"));
  ASSERT_TRUE(await_progress(own, progress(own).size() + 2));
  const CommandResult by_config = stop(own);
  stop(plain);
  ASSERT_EQ(by_config.exit, 0) << by_config.err;
  EXPECT_EQ(by_config.json().at("books_valid"), 1);
  const auto defined = read_instrument_file((folder_ / "own" / kInstrumentFileName).string());
  ASSERT_EQ(defined->size(), 1u);
  EXPECT_EQ(defined->front().id, only);
}

TEST_F(RecordTest, WrongUsageIsRefusedByName) {
  const CommandResult nothing = run({"record", "--out", out()});
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_NE(nothing.err.find("--instruments"), std::string::npos) << nothing.err;
  const CommandResult synthetic = run({"record", trading_config(), "--out", out()});
  EXPECT_EQ(synthetic.exit, 2);
  EXPECT_NE(synthetic.err.find("\"live\""), std::string::npos) << synthetic.err;
  const CommandResult nowhere = run({"record", "--instruments", "BYBIT:BTCUSDT", "--address",
                                     "127.0.0.1:1", "--out", out()});
  EXPECT_EQ(nowhere.exit, 1);
  EXPECT_FALSE(fs::exists(out())) << "no folder before there is a market";
}

}  // namespace
}  // namespace pinstripe
