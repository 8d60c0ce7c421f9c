// `pinstripe fetch` against the simulated exchange: nothing doubled, nothing missing, whatever
// comes in between.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "exec/funding_file.h"
#include "feed/capture_lines.h"
#include "feed/venue_decoder.h"
#include "shm/run/machine_time.h"
#include "tests/tools/rest/venue_support.h"
#include "tools/rest/backfill.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

class FetchTest : public VenueTest {
 protected:
  static constexpr std::int64_t kMinuteMs = 60'000;

  std::vector<std::string> command(const char* venue, const char* symbol, const char* what,
                                   std::int64_t from_ms, const std::string& out,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> c{"fetch", venue, symbol, "--what", what, "--from",
                               shown_time(from_ms * kNsPerMs), "--out", (folder_ / out).string(),
                               "--address", target_.address, "--ca", target_.ca_file, "--json"};
    c.insert(c.end(), more.begin(), more.end());
    return c;
  }
  /// Runs it to its end; its JSON.
  nlohmann::json fetched(const std::vector<std::string>& arguments) {
    const CommandResult r = run(arguments);
    EXPECT_EQ(r.exit, 0) << r.err << r.out;
    return r.exit == 0 ? r.json() : nlohmann::json::object();
  }
  StartedCommand start_fetch(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), bin_ + "/pinstripe");
    return start(arguments);
  }
  static std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  /// What the exchange itself answers.
  nlohmann::json ask(const std::string& target) {
    return nlohmann::json::parse(control().ask("GET", target).body);
  }
  void stop_the_market() { control().ask("POST", "/venue/pause"); }
};

constexpr const char* kMarkets[][2] = {
    {"BINANCE_SPOT", "BTCUSDT"}, {"BINANCE_USDM", "BTCUSDT"}, {"BYBIT", "BTCUSDT"},
    {"BYBIT_LINEAR", "BTCUSDT"}, {"OKX", "BTC-USDT"},         {"OKX_SWAP", "BTC-USDT-SWAP"}};

TEST_F(FetchTest, KlinesOfEveryVenueAreEachMinuteOnce) {
  start_venue(R"("history_s": 1200, )");
  stop_the_market();
  const std::int64_t from = realtime_ns() / kNsPerMs / kMinuteMs * kMinuteMs - 600 * kMinuteMs;
  for (const auto& [venue, symbol] : kMarkets) {
    const auto done = fetched(command(venue, symbol, "klines", from, "k"));
    const auto lines = lines_of(done["file"]);
    ASSERT_GT(lines.size(), 15u) << venue;
    EXPECT_EQ(lines[0], "open_time_ms,open,high,low,close,volume_base,volume_quote,trades");
    EXPECT_EQ(done["rows"], lines.size() - 1);
    for (std::size_t i = 2; i < lines.size(); ++i) {
      EXPECT_EQ(std::stoll(lines[i]) - std::stoll(lines[i - 1]), kMinuteMs) << venue;
    }
    EXPECT_LE(std::stoll(lines.back()) + kMinuteMs, done["to_ms"].get<std::int64_t>())
        << "one that has not ended is left out";
    const auto again = fetched(command(venue, symbol, "klines", from, "k"));
    EXPECT_GE(again["rows_before"], done["rows"]);
    EXPECT_LE(again["requests"], 1) << "nothing is asked for twice";
  }
}

TEST_F(FetchTest, AKlineSaysWhatTheVenueSays) {
  start_venue(R"("history_s": 600, )");
  stop_the_market();
  const std::int64_t from = realtime_ns() / kNsPerMs - 60 * kMinuteMs;
  const auto done = fetched(command("OKX_SWAP", "BTC-USDT-SWAP", "klines", from, "k"));
  const auto lines = lines_of(done["file"]);
  std::size_t met = 0;
  const auto candles = ask("/api/v5/market/candles?instId=BTC-USDT-SWAP&limit=300");
  for (const auto& c : candles["data"]) {
    const auto text = [&](int i) { return c[static_cast<std::size_t>(i)].get<std::string>(); };
    const std::string line = text(0) + "," + text(1) + "," + text(2) + "," + text(3) + "," +
                             text(4) + "," + text(6) + "," + text(7) + ",";
    met += std::ranges::count(lines, line) == 1 ? 1U : 0U;
  }
  EXPECT_EQ(met, lines.size() - 1) << "base, not contracts, and each row once";
}

TEST_F(FetchTest, KilledAgainAndAgainItMakesTheSameFile) {
  start_venue(R"("history_s": 1200, )");
  stop_the_market();
  const std::int64_t now = realtime_ns() / kNsPerMs;
  const std::vector<std::string> to{"--to", shown_time((now - 1'000) * kNsPerMs)};
  const auto killed = command("OKX", "BTC-USDT", "trades", now - 1'100'000, "killed", to);
  int kills = 0;
  for (bool done = false; !done && kills < 40;) {
    const StartedCommand one = start_fetch(killed);
    usleep(200'000 + static_cast<useconds_t>(kills) * 100'000);
    done = has_ended(one);
    if (!done) kill(one.pid, SIGKILL);
    const CommandResult r = wait(one);
    kills += done ? 0 : 1;
    EXPECT_EQ(r.exit, done ? 0 : 128 + SIGKILL) << r.err << r.out;
  }
  EXPECT_GT(kills, 0) << "OKX's limit holds up the pages behind the eighth of 2 s";
  const auto whole = fetched(command("OKX", "BTC-USDT", "trades", now - 1'100'000, "whole", to));
  const std::string name = std::filesystem::path(whole["file"].get<std::string>()).filename();
  EXPECT_EQ(lines_of(folder_ / "killed" / name), lines_of(whole["file"]));
  EXPECT_GT(whole["rows"], 200) << "several pages";
}

TEST_F(FetchTest, ACutFileIsMendedAndFaultsOfTheVenueLeaveNoMark) {
  start_venue(R"("history_s": 600, )");
  stop_the_market();
  const std::int64_t now = realtime_ns() / kNsPerMs / kMinuteMs * kMinuteMs;
  const std::vector<std::string> to{"--to", shown_time((now - kMinuteMs) * kNsPerMs)};
  for (const char* bad : {R"({"fault": "server_error", "for_ms": 500})",
                          R"({"fault": "too_many", "for_ms": 300})"}) {
    const auto arguments =
        command("BINANCE_USDM", "BTCUSDT", "klines", now - 30 * kMinuteMs, "f", to);
    const std::string file = fetched(arguments)["file"];
    const auto whole = lines_of(file);
    ASSERT_GT(whole.size(), 5u);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 100);
    fault(bad);
    const auto mended = fetched(arguments);
    EXPECT_GT(mended["mended_bytes"], 0);
    EXPECT_GT(mended["requests"], 0);
    EXPECT_EQ(lines_of(file), whole) << bad;
  }
}

TEST_F(FetchTest, HistoryThatTheVenueDoesNotHaveIsAWarning) {
  start_venue();
  stop_the_market();
  const std::int64_t now = realtime_ns() / kNsPerMs;
  auto early = command("BINANCE_USDM", "BTCUSDT", "trades", now - 5 * 3'600'000, "w");
  const CommandResult json = run(early);
  ASSERT_EQ(json.exit, 0) << json.err;
  const auto done = json.json();
  EXPECT_GT(done["first_ms"], now - 3'600'000) << "two minutes of history";
  EXPECT_GE(done["last_ms"], done["first_ms"]);
  const std::string first = shown_time(done["first_ms"].get<std::int64_t>() * kNsPerMs);
  const std::string last = shown_time(done["last_ms"].get<std::int64_t>() * kNsPerMs);
  for (const std::string& part : {std::string("BINANCE_USDM has no trades of BTCUSDT"), first}) {
    EXPECT_NE(done["warning"].get<std::string>().find(part), std::string::npos) << done["warning"];
    EXPECT_NE(json.err.find(part), std::string::npos) << json.err;
  }
  std::erase(early, "--json");
  const CommandResult text = run(early);
  EXPECT_NE(text.out.find("from " + first + " to " + last), std::string::npos) << text.out;
  EXPECT_NE(text.err.find("warning: "), std::string::npos) << text.err;
  const auto near = fetched(command("BINANCE_USDM", "BTCUSDT", "trades", now - 1'800'000, "n"));
  EXPECT_TRUE(near["warning"].is_null()) << near["warning"];
}

TEST(MissingHistory, IsWhatLiesFurtherApartThanRowsDo) {
  BackfillRequest r{"OKX_SWAP", "BTC-USDT-SWAP", BackfillKind::kKlines, 1'000'000, 99'000'000, 5};
  BackfillProgress p;
  p.rows = 1;
  for (const auto& [kind, apart_ms] : {std::pair{BackfillKind::kKlines, 300'000},
                                       std::pair{BackfillKind::kFunding, 28'800'000},
                                       std::pair{BackfillKind::kTrades, 3'600'000}}) {
    r.kind = kind;
    p.first_ms = r.from_ms + apart_ms;
    EXPECT_EQ(missing_history(r, p), "");
    ++p.first_ms;
    EXPECT_NE(missing_history(r, p).find("nothing before"), std::string::npos);
  }
  p.rows = 0;
  EXPECT_NE(missing_history(r, p).find("no row came"), std::string::npos);
}

TEST_F(FetchTest, OneThatFailsLeavesNoFileWithoutRows) {
  start_venue();
  const std::int64_t from = realtime_ns() / kNsPerMs - 600'000;
  for (const char* what : {"klines", "trades", "funding"}) {
    const auto sut = run(command("BINANCE_USDM", "NOSUCH", what, from, "none"));
    EXPECT_EQ(sut.exit, 1) << what << sut.out;
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "none")) << what;
  }
}

TEST_F(FetchTest, ABanEndsItWithWhatItHas) {
  start_venue();
  fault(R"({"fault": "banned", "venue": "okx", "for_ms": 60000})");
  const std::int64_t from = realtime_ns() / kNsPerMs - 600'000;
  const auto sut = run(command("OKX", "BTC-USDT", "klines", from, "b"));
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("has banned this machine until"), std::string::npos) << sut.err;
  EXPECT_TRUE(sut.json().contains("error"));
}

/// Each line goes through feed's reader and decoder.
void expect_decodable(const std::vector<std::string>& lines, FrameFormat format) {
  VenueDecoder decoder(1 << 16);
  VenueMessage message(1 << 16);
  for (const std::string& line : lines) {
    const RawLine raw = split_line(line);
    EXPECT_EQ(raw.kind, RawLine::Kind::kMessage) << line;
    std::string bytes(raw.json);
    bytes.append(kFramePadding, '\0');
    const auto fault = decoder.decode(format, {bytes.data(), raw.json.size()}, message);
    EXPECT_EQ(fault.kind, FeedErrorKind::kNone) << line;
  }
}

TEST_F(FetchTest, TradesOfEveryVenueAreReadByTheFeedAndNoneIsMissing) {
  start_venue(R"("history_s": 900, )");
  stop_the_market();
  const std::int64_t now = realtime_ns() / kNsPerMs;
  const auto okx = ask("/api/v5/market/history-trades?instId=BTC-USDT&limit=500")["data"];
  const auto binance = ask("/api/v3/aggTrades?symbol=BTCUSDT&limit=1000");
  for (const auto& [venue, symbol] : kMarkets) {
    const std::string_view name = venue;
    std::int64_t from = now - 3'600'000;
    if (name.starts_with("BYBIT")) {
      const bool is_spot = name == "BYBIT";
      const auto list = ask(std::string("/v5/market/recent-trade?symbol=BTCUSDT&category=") +
                            (is_spot ? "spot&limit=60" : "linear&limit=1000"))["result"]["list"];
      const auto early = run(command(venue, symbol, "trades", from, "early"));
      EXPECT_EQ(early.exit, 1) << "Bybit has no history";
      EXPECT_NE(early.err.find("cannot be had any more"), std::string::npos) << early.err;
      from = std::stoll(list.back()["time"].get<std::string>());
    }
    const auto done = fetched(command(venue, symbol, "trades", from, "t"));
    const auto lines = lines_of(done["file"]);
    ASSERT_GT(lines.size(), 50u) << venue;
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size()) << venue;
    expect_decodable(lines, name.starts_with("BINANCE") ? FrameFormat::kBinanceRaw
                            : name.starts_with("BYBIT") ? FrameFormat::kBybitRaw
                                                        : FrameFormat::kOkxRaw);
    if (name == "BINANCE_SPOT") {
      EXPECT_EQ(lines.size(), binance.size());
    }
    if (name == "OKX") {
      EXPECT_GE(lines.size(), okx.size());
    }
    const auto again = fetched(command(venue, symbol, "trades", from, "t"));
    EXPECT_EQ(again["rows"], lines.size()) << venue << ": nothing doubled";
  }
}

TEST_F(FetchTest, TradesThatWereCutAndGoOnAreTheSameTrades) {
  start_venue(R"("history_s": 900, )");
  const std::int64_t from = realtime_ns() / kNsPerMs - 3'600'000;
  const auto arguments = command("BINANCE_SPOT", "BTCUSDT", "trades", from, "t");
  const std::string file = fetched(arguments)["file"];
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2 + 7);
  usleep(1'500'000);  // the market has gone on
  stop_the_market();
  const auto more = fetched(arguments);
  EXPECT_GT(more["mended_bytes"], 0);
  std::vector<std::string> ids;
  for (const auto& t : ask("/api/v3/aggTrades?symbol=BTCUSDT&limit=1000")) {
    ids.push_back("\"a\":" + std::to_string(t["a"].get<std::int64_t>()) + ",");
  }
  const auto lines = lines_of(file);
  ASSERT_EQ(lines.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_NE(lines[i].find(ids[i]), std::string::npos) << lines[i];
  }
}

TEST_F(FetchTest, FundingRatesAreAFileThatExecReads) {
  start_venue();
  const std::int64_t now = realtime_ns() / kNsPerMs;
  const std::int64_t from = now - 60LL * 86'400'000;
  for (const auto& [venue, symbol] : {std::pair{"BINANCE_USDM", "BTCUSDT"},
                                      std::pair{"BYBIT_LINEAR", "BTCUSDT"},
                                      std::pair{"OKX_SWAP", "BTC-USDT-SWAP"}}) {
    const auto done = fetched(command(venue, symbol, "funding", from, "f"));
    const auto sut = load_funding_file(done["file"]);
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    EXPECT_EQ(sut->size(), 180u) << venue;
    for (std::size_t i = 1; i < sut->size(); ++i) {
      EXPECT_EQ((*sut)[i].time_ns - (*sut)[i - 1].time_ns, 8LL * 3'600 * kNsPerSecond);
    }
  }
}

TEST_F(FetchTest, WrongUseIsRefusedBeforeAnythingIsAsked) {
  target_ = {"127.0.0.1:1", ""};
  const std::vector<std::vector<std::string>> wrong{
      {"fetch", "KRAKEN", "X", "--what", "klines", "--from", "2024-01-01"},
      {"fetch", "BYBIT", "BTCUSDT", "--what", "funding", "--from", "2024-01-01"},
      {"fetch", "BYBIT", "BTCUSDT", "--what", "books", "--from", "2024-01-01"},
      {"fetch", "BYBIT", "BTCUSDT", "--what", "klines", "--from", "yesterday"},
      {"fetch", "BYBIT", "BTCUSDT", "--what", "klines", "--from", "2024-01-02", "--to",
       "2024-01-01"},
      {"fetch", "BYBIT", "BTCUSDT", "--what", "klines", "--from", "2024-01-01", "--interval", "7m"},
      {"fetch", "BYBIT", "../x", "--what", "klines", "--from", "2024-01-01"}};
  for (const auto& arguments : wrong) {
    const auto sut = run(arguments);
    EXPECT_EQ(sut.exit, 2) << arguments[1] << ": " << sut.err;
    EXPECT_FALSE(sut.err.empty());
  }
  EXPECT_TRUE(run({"limits", "--json"}).json()["venues"].empty());
}

}  // namespace
}  // namespace pinstripe
