// Live sessions socket to socket: the simulated exchange in a process of its own, five stages that
// trade on paper what its TLS streams bring.
#include <signal.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "shm/msg/market_event.h"
#include "tests/feed/live/venue_process.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

constexpr const char* kVenue = R"({"history_s": 60, "assets": [
    {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.5", "lot": "0.001",
     "rate_per_s": 100}]})";

class VenueLiveTest : public CliTest {
 protected:
  /// An order for every signal, on four markets of three venues.
  std::string live_config(const std::string& address, const std::string& ca_file, int seconds,
                          const std::string& instruments =
                              R"("BINANCE_USDM:BTCUSDT", "BINANCE_SPOT:BTCUSDT",
                                 "BYBIT_LINEAR:BTCUSDT", "OKX_SWAP:BTC-USDT-SWAP")") {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"mode": "live", "for_ns": )" + std::to_string(seconds) + R"(000000000,
      "live": {"address": ")" + address + R"(", "ca_file": ")" + ca_file +
                      R"(", "open_s": 5, "watch_s": 1},
      "instruments": [)" + instruments + R"(],
      "models": {"decision_interval_ns": 50000000, "threshold": 0.01, "min_voters": 1,
                 "members": [{"file": "model.json"}]},
      "risk": {"policy": "every_signal"},
      "supervision": {"backoff_first_ms": 0, "lift_kill_limit": true}})",
                  "venue_live");
  }
  void expect_replayed(const nlohmann::json& account) {
    const CommandResult replay = run({"replay", account.at("session"), "--json"});
    ASSERT_EQ(replay.exit, 0) << replay.err;
    for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
      EXPECT_EQ(replay.json().at(key), account.at(key)) << key;
    }
  }
  /// The helper of the session that `up` drives; 0: none.
  static pid_t watch_of(pid_t up) {
    const auto text_of = [](const std::filesystem::path& file) {
      std::ifstream in(file);
      return std::string(std::istreambuf_iterator<char>(in), {});
    };
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      if (text_of(entry.path() / "cmdline").find("pinstripe-watch") == std::string::npos) continue;
      const std::string stat = text_of(entry.path() / "stat");
      std::istringstream rest(stat.substr(stat.rfind(')') + 1));
      char state = 0;
      pid_t parent = 0;
      if (rest >> state >> parent && parent == up && state != 'Z') return std::stoi(stat);
    }
    return 0;
  }
  /// What `status` shows of the first instrument: feed's book, risk's view of it, orders opened.
  struct Sight {
    std::string book;
    bool is_halted_to_risk = false;
    std::int64_t opens = 0;
  };
  Sight sight() {
    const auto shown = run({"status", "venue_live", "--json"});
    if (shown.exit != 0) return {};
    const auto told = shown.json();
    const auto& first = told.at("instruments").at(0);
    Sight s{first.at("book"), false, 0};
    for (const auto& stage : told.at("stages")) {
      if (stage.at("name") != "risk") continue;
      const auto& counters = stage.at("counters");
      s.opens = counters.at("opens");
      s.is_halted_to_risk = counters.at(first.at("id").get<std::string>() + ".book_state") ==
                            static_cast<int>(BookState::kHalted);
    }
    return s;
  }
  template <class F>
  bool await(F&& is_so) {
    for (int i = 0; i < 600; ++i) {
      if (is_so(sight())) return true;
      usleep(50'000);
    }
    return false;
  }
  pid_t pid_of(const std::string& stage) {
    const auto shown = run({"status", "venue_live", "--json"});
    if (shown.exit != 0) return 0;
    const auto told = shown.json();
    for (const auto& s : told.at("stages")) {
      if (s.at("name") == stage && s.at("pid").is_number()) return s.at("pid");
    }
    return 0;
  }
};

TEST_F(VenueLiveTest, TradesOnPaperWhatThreeVenuesStreamAndReplaysIt) {
  VenueProcess venue(nlohmann::json::parse(kVenue));
  const auto up = run({"up", live_config(venue.address(), venue.ca_file(), 8), "--json"});
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto account = up.json();
  EXPECT_EQ(account.at("mode"), "live");
  EXPECT_GE(account.at("simulated_ns"), 8'000'000'000);
  EXPECT_EQ(account.at("lost"), 0);
  EXPECT_EQ(account.at("gaps"), 0);
  EXPECT_EQ(account.at("bad_lines"), 0);
  EXPECT_GT(account.at("orders"), 0);
  for (const auto& i : account.at("instruments")) {
    EXPECT_GT(i.at("orders"), 0) << i.at("id") << " was traded";
  }
  expect_replayed(account);
}

TEST_F(VenueLiveTest, KilledStagesComeBackAndWhatWasMissedIsAGap) {
  VenueProcess venue(nlohmann::json::parse(kVenue));
  const auto started = start({bin_ + "/pinstripe", "up",
                              live_config(venue.address(), venue.ca_file(), 14), "--json"});
  ASSERT_TRUE(wait_until_running("venue_live"));
  for (const char* stage : {"feed", "risk", "features"}) {
    const pid_t victim = pid_of(stage);
    ASSERT_GT(victim, 0) << stage;
    kill(victim, SIGKILL);
    for (int i = 0; i < 500 && (pid_of(stage) == victim || pid_of(stage) == 0); ++i) usleep(20'000);
    ASSERT_NE(pid_of(stage), victim) << stage << " did not come back";
  }
  const auto up = wait(started);
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto account = up.json();
  EXPECT_EQ(account.at("lost"), 0);
  EXPECT_GT(account.at("gaps"), 0) << "the killed feed missed frames";
  EXPECT_GT(account.at("orders"), 0);
  expect_replayed(account);
}

TEST_F(VenueLiveTest, NothingOpensOnAnInstrumentThatItsVenueHaltsAndItTradesAgainAfter) {
  VenueProcess venue(nlohmann::json::parse(kVenue));
  const auto started = start({bin_ + "/pinstripe", "up",
                              live_config(venue.address(), venue.ca_file(), 120,
                                          R"("BYBIT_LINEAR:BTCUSDT")"), "--json"});
  ASSERT_TRUE(wait_until_running("venue_live"));
  ASSERT_TRUE(await([](const Sight& s) { return s.book == "valid" && s.opens > 0; }));
  const pid_t first = watch_of(started.pid);
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  pid_t second = 0;
  ASSERT_TRUE(await([&](const Sight&) {
    second = watch_of(started.pid);
    return second > 0 && second != first;
  })) << "the watch over the instruments was not started again";
  const nlohmann::json halt{{"fault", "instrument_change"}, {"venue", "bybit"},
                            {"holds", "BTCUSDT"}, {"for_ms", 4'000}};
  ASSERT_EQ(venue.post("/venue/fault", halt).status, 200);
  ASSERT_TRUE(await([](const Sight& s) { return s.book == "halted" && s.is_halted_to_risk; }));
  const std::int64_t opens = sight().opens;
  Sight last;
  ASSERT_TRUE(await([&](const Sight& s) {
    if (s.is_halted_to_risk) last = s;
    return s.book == "valid";
  }));
  EXPECT_GT(opens, 0);
  EXPECT_LE(last.opens, opens) << "an order was opened on a halted instrument";
  EXPECT_TRUE(await([&](const Sight& s) { return s.opens > opens; })) << "traded again";
  EXPECT_EQ(run({"down", "venue_live"}).exit, 0);
  const auto up = wait(started);
  ASSERT_EQ(up.exit, 0) << up.err;
  EXPECT_NE(up.err.find("the watch over the instruments"), std::string::npos) << up.err;
  EXPECT_EQ(watch_of(started.pid), 0) << "ends with its session";
  EXPECT_NE(kill(second, 0), 0);
  expect_replayed(up.json());
}

TEST_F(VenueLiveTest, WhatCannotBeReachedOrTrustedIsRefusedBeforeThereIsASession) {
  const auto refused = [&](const std::string& file, const std::string& word) {
    const auto up = run({"up", file, "--json"});
    EXPECT_NE(up.exit, 0);
    EXPECT_NE(up.err.find(word), std::string::npos) << up.err;
    EXPECT_FALSE(std::filesystem::exists(root_ / "pinstripe.venue_live"));
  };
  refused(live_config("127.0.0.1:1", "", 5), "127.0.0.1");
  refused(live_config("no-such-host.invalid:443", "", 5), "no-such-host.invalid");
  VenueProcess venue(nlohmann::json::parse(kVenue));
  refused(live_config(venue.address(), "", 5), "certificate");
  refused(live_config(venue.address(), venue.ca_file(), 5, R"("BYBIT_LINEAR:BTCUSDX")"),
          "BTCUSDT");  // the nearest symbol
  refused(live_config(venue.address(), venue.ca_file(), 5, R"("BITMEX:XBTUSD")"), "BYBIT_LINEAR");
}

}  // namespace
}  // namespace pinstripe
