// `pinstripe record` on the simulated exchange: what it wrote is what came, and replays.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "feed/inspect.h"
#include "tests/feed/live/live_market.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ",") + id;
  return list;
}

/// What a feed makes of files.
struct Replayed {
  BookSink sink;
  std::vector<Instrument> instruments;
  std::size_t streams = 0;
  std::uint64_t frames = 0;
  std::int64_t gaps = 0, bad_lines = 0;
  std::string error;
};

Replayed replay(const std::vector<std::string>& files) {
  Replayed r;
  auto info = inspect_captures(files, {});
  if (!info) return r.error = info.error().message, r;
  FeedConfig config;
  config.instruments = r.instruments = info->instruments;
  r.streams = info->streams.size();
  FeedStage stage(config);
  auto source = open_captures(info->streams);
  if (!source) return r.error = source.error().message, r;
  for (; const FeedFrame* frame = (*source)->peek(); (*source)->pop()) {
    const FeedFrame copy = *frame;
    stage.on_event(copy.origin_ns, FeedInput::frame(copy), r.sink);
    while (stage.more()) stage.on_event(copy.origin_ns, FeedInput::continued(), r.sink);
    ++r.frames;
  }
  if ((*source)->error()) r.error = (*source)->error()->message;
  const auto names = stage.counter_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "gaps") r.gaps = stage.counters()[i];
    if (names[i] == "bad_lines") r.bad_lines = stage.counters()[i];
  }
  return r;
}

class RecordTest : public CliTest {
 protected:
  std::vector<std::string> record_command(const VenueProcess& venue,
                                          const std::vector<std::string>& more) {
    std::vector<std::string> command{bin_ + "/pinstripe", "record", "--address", venue.address(),
                                     "--ca", venue.ca_file(), "--out", out()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::string out() const { return (folder_ / "captures").string(); }
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& f : fs::directory_iterator(out())) all.push_back(f.path().string());
    std::sort(all.begin(), all.end());
    return all;
  }
  /// Frames as each progress line so far tells them.
  static std::vector<std::uint64_t> progress(const StartedCommand& command) {
    static const std::regex line(R"(pinstripe: ([\d,' _]+) frames, [\d.]+ MB, gaps )");
    std::ifstream in(command.err_file);
    std::vector<std::uint64_t> told;
    std::smatch found;
    for (std::string text; std::getline(in, text);) {
      if (!std::regex_search(text, found, line)) continue;
      std::string digits = found[1].str();
      std::erase_if(digits, [](unsigned char c) { return std::isdigit(c) == 0; });
      told.push_back(std::stoull(digits));
    }
    return told;
  }
  /// Waits for `count` progress lines; false where the command ends before.
  static bool await_progress(const StartedCommand& command, std::size_t count) {
    for (int i = 0; i < 6'000; ++i) {
      if (progress(command).size() >= count) return true;
      if (has_ended(command)) return false;
      ::usleep(10'000);
    }
    return false;
  }
  std::string replay_config() {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
        "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})",
                  "replay");
  }
  void expect_same_orders(const std::vector<std::string>& captures) {
    const std::string plan = replay_config();
    std::vector<std::string> backtest{"backtest", plan, "--json", "--data"};
    std::vector<std::string> up{"up", plan, "--json", "--data"};
    backtest.insert(backtest.end(), captures.begin(), captures.end());
    up.insert(up.end(), captures.begin(), captures.end());
    const CommandResult one = run(backtest);
    ASSERT_EQ(one.exit, 0) << one.err;
    const CommandResult two = run(backtest);
    const CommandResult session = run(up);
    ASSERT_EQ(session.exit, 0) << session.err;
    EXPECT_EQ(one.json().at("gaps"), 0);
    EXPECT_EQ(one.json().at("bad_lines"), 0);
    EXPECT_GT(one.json().at("orders"), 0);
    for (const char* key : {"orders_digest", "signals_digest", "state_hash", "events", "gaps"}) {
      EXPECT_EQ(one.json().at(key), two.json().at(key)) << key;
      EXPECT_EQ(one.json().at(key), session.json().at(key)) << key;
    }
  }
};

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
