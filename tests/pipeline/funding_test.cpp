// A position held at 00:00 UTC pays the rate of the file (trading.md 1), on every capture that
// crosses it. What it must pay is computed here from the capture's own lines, the fills and the
// rate file, with no code of the pipeline.
#include <cmath>

#include "shm/base/units.h"
#include "tests/pipeline/pipeline_support.h"
#include "tests/tools/backtest/metrics_reference.h"

namespace pinstripe {
namespace {

struct Crossing {
  std::string name;
  std::vector<std::string> captures;
  std::string symbol;
  std::int64_t instant_s = 0;   // the funding instant, seconds since 1970
  std::int64_t interval_s = 0;  // of the decision clock: one with which a position is held then
};
void PrintTo(const Crossing& c, std::ostream* out) { *out << c.name; }

std::string rate_file(const std::string& symbol) {
  return "funding/binance_usdm_" + symbol + "_8h_2023_2025.csv.gz";
}

class FundingTest : public PipelineTest {
 protected:
  /// Buys and sells in turns, so that a position is held about half of the time.
  std::string turns(const std::string& exec, std::int64_t interval_s) {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"models": {"threshold": 0, "decision_interval_ns": )" +
                  std::to_string(interval_s) + R"(000000000, "members": [{"file": "model.json"}]},
                  "risk": {"policy": "every_signal"}, "exec": {)" + exec + "}}");
  }
  std::string out() const { return (folder_ / "out").string(); }
};

class FundingCrossing : public FundingTest, public testing::WithParamInterface<Crossing> {};

/// The file's rate for the instant, times 1e8.
std::int64_t rate_e8(const std::string& file, std::int64_t instant_s) {
  for (const std::string& line : lines_of(file)) {
    const std::size_t comma = line.find(',');
    if (line.substr(0, comma).substr(0, 10) != std::to_string(instant_s)) continue;
    return std::llroundl(std::strtold(line.substr(comma + 1).c_str(), nullptr) * 1e8L);
  }
  ADD_FAILURE() << "no rate for " << instant_s << " in " << file;
  return 0;
}

/// What the venue showed at the instant, times 2e8: the mark where the capture holds marks, else
/// the mid of the last touch. A line is at the venue one base feed latency before it is here.
std::int64_t twice_price_e8(const std::vector<std::string>& lines, const nlohmann::json& plan,
                            std::int64_t instant_ns) {
  const std::int64_t late_ns =
      plan.at("streams").at(0).at("clock_offset_ns").get<std::int64_t>() +
      plan.at("session").at("base_feed_latency_ns").get<std::int64_t>();
  std::int64_t mark = 0, mid = 0;
  for (const std::string& line : lines) {
    if (receive_ns(line) - late_ns > instant_ns) break;
    if (line.find(R"("e":"markPriceUpdate")") != std::string::npos) {
      mark = 2 * reference::e8(text_field(line, "p"));
    } else if (line.find(R"("e":"bookTicker")") != std::string::npos) {
      mid = reference::e8(text_field(line, "b")) + reference::e8(text_field(line, "a"));
    }
  }
  return mark > 0 ? mark : mid;
}

TEST_P(FundingCrossing, APositionHeldThenPaysTheRateAtTheVenuesPrice) {
  const Crossing& c = GetParam();
  PINSTRIPE_NEED_DATA(rates, rate_file(c.symbol));
  const std::string sut = turns(R"("funding": ")" + rates + "\"", c.interval_s);
  std::vector<std::string> command{"backtest", sut, "--json", "--out", out(), "--data"};
  std::vector<std::string> lines;
  for (const std::string& capture : c.captures) {
    PINSTRIPE_NEED_DATA(file, capture_name(capture));
    command.push_back(file);
    for (std::string& line : lines_of(file)) lines.push_back(std::move(line));
  }
  const auto done = run(command);
  ASSERT_EQ(done.exit, 0) << done.err;

  const std::int64_t instant_ns = c.instant_s * kNsPerSecond;
  std::int64_t held_e8 = 0, paid_e8 = 0, payments = 0;
  for (const auto& row : reference::read_csv(out() + "/fills.csv")) {
    if (row.at("kind") == "funding") {
      ++payments;
      paid_e8 += reference::e8(row.at("cash"));
      EXPECT_EQ(std::stoll(row.at("venue_ns")), instant_ns);
    } else if (std::stoll(row.at("venue_ns")) <= instant_ns) {
      held_e8 += (row.at("side") == "buy" ? 1 : -1) * reference::e8(row.at("quantity"));
    }
  }
  ASSERT_NE(held_e8, 0) << "flat at the instant: choose another interval";
  std::ifstream plan(out() + "/config.json");
  const std::int64_t price = twice_price_e8(lines, nlohmann::json::parse(plan), instant_ns);
  const __int128 owed =  // a long pays a positive rate; 1e-8 x 1e-8 x 1e-8, price twice
      -static_cast<__int128>(held_e8) * price * rate_e8(rates, c.instant_s);
  constexpr __int128 kScale = static_cast<__int128>(20'000'000'000'000'000);
  const auto expected_e8 =  // towards less money
      static_cast<std::int64_t>(owed >= 0 ? owed / kScale : -((-owed + kScale - 1) / kScale));
  EXPECT_NE(expected_e8, 0);
  EXPECT_EQ(payments, 1);
  EXPECT_EQ(paid_e8, expected_e8);
  const auto account = done.json().at("instruments").at(0);
  EXPECT_EQ(std::llround(account.at("funding").get<double>() * 1e8), expected_e8);
  EXPECT_EQ(account.at("net_pnl_e8").get<std::int64_t>(),
            account.at("gross_pnl_e8").get<std::int64_t>() -
                account.at("fees_e8").get<std::int64_t>() + expected_e8);
}

INSTANTIATE_TEST_SUITE_P(
    MidnightUtc, FundingCrossing,
    testing::Values(
        Crossing{"btc_2023_04", {"usdm_btcusdt_20230404", "usdm_btcusdt_20230405"}, "BTCUSDT",
                 1'680'652'800, 5},
        Crossing{"btc_2024_07", {"usdm_btcusdt_20240718", "usdm_btcusdt_20240719"}, "BTCUSDT",
                 1'721'347'200, 5},
        Crossing{"btc_2024_08", {"usdm_btcusdt_20240808"}, "BTCUSDT", 1'723'161'600, 5},
        Crossing{"eth_2024_08", {"usdm_ethusdt_20240808"}, "ETHUSDT", 1'723'161'600, 11}),
    [](const auto& of) { return of.param.name; });

TEST_F(FundingTest, WithoutARateThePaymentIsUnknownAndNotZero) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20240808"));
  const auto sut = run({"backtest", turns("", 5), "--json", "--data", file});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto account = sut.json().at("instruments").at(0);
  EXPECT_TRUE(account.at("funding").is_null());
  EXPECT_NE(account.at("funding_reason").get<std::string>().find("not known"), std::string::npos);
}

}  // namespace
}  // namespace pinstripe
