// The metrics of a backtest against the same figures computed apart from its CSV files, and the
// files themselves.
#include <cmath>
#include <fstream>

#include "shm/base/hash.h"
#include "tests/support/data.h"
#include "tests/tools/backtest/metrics_reference.h"
#include "tests/tools/cli_support.h"
#include "tools/backtest/bootstrap.h"
#include "tools/backtest/equity_series.h"

namespace pinstripe {
namespace {

using reference::Real;

void expect_near(const nlohmann::json& value, Real expected, Real scale, const char* what) {
  ASSERT_TRUE(value.is_number()) << what << ": " << value;
  const auto got = static_cast<Real>(value.get<double>());
  EXPECT_LE(std::fabs(got - expected), scale * 1e-9L + std::fabs(expected) * 1e-9L)
      << what << ": " << value << " instead of " << static_cast<double>(expected);
}

/// A ratio that is null where there is nothing to divide by.
void expect_ratio(const nlohmann::json& value, Real above, Real below, const char* what) {
  if (below <= 0) {
    EXPECT_TRUE(value.is_null()) << what << ": " << value;
  } else {
    // The deviation of a hundred thousand nearly equal returns is known to fewer digits.
    expect_near(value, above / below, std::fabs(above / below) + 1e-3L, what);
  }
}

class MetricsTest : public CliTest {
 protected:
  /// Runs a backtest into a folder of its own and compares its metrics with the reference.
  nlohmann::json checked(const std::vector<std::string>& arguments) {
    const std::string folder = (folder_ / ("out" + std::to_string(runs_++))).string();
    std::vector<std::string> command{"backtest", "--json", "--out", folder};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto ran = run(command);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    if (ran.exit != 0) return {};
    const auto result = ran.json();
    std::ifstream kept(folder + "/result.json");
    EXPECT_EQ(nlohmann::json::parse(kept), result) << "result.json is what --json printed";
    std::map<std::string, Real> opening;
    for (const auto& a : result.at("metrics").at("accounts")) {
      opening[a.at("settle_asset")] = a.at("opening_cash").get<double>();
    }
    const auto expected = reference::read_folder(folder, opening);
    for (const auto& a : result.at("metrics").at("accounts")) {
      compare_returns(a, expected.at(a.at("settle_asset")));
      compare_trading(a, expected.at(a.at("settle_asset")));
    }
    return result;
  }

 private:
  static void compare_returns(const nlohmann::json& got, const reference::Account& a) {
    expect_near(got.at("final_equity"), a.final, 0, "final_equity");
    expect_near(got.at("total_return"), a.total_return, 1e-3L, "total_return");
    EXPECT_EQ(got.at("intervals"), a.intervals);
    expect_near(got.at("mean_return"), a.mean, 1e-6L, "mean_return");
    expect_near(got.at("volatility"), a.deviation, 1e-6L, "volatility");
    expect_ratio(got.at("sharpe"), a.mean, a.deviation, "sharpe");
    expect_ratio(got.at("sortino"), a.mean, a.downside, "sortino");
    expect_near(got.at("max_drawdown"), a.drawdown, 1e-6L, "max_drawdown");
    EXPECT_EQ(got.at("max_drawdown_ns"), a.drawdown_ns);
    expect_ratio(got.at("return_over_drawdown"), a.total_return, a.drawdown, "over drawdown");
    const Real n = static_cast<Real>(std::max<std::int64_t>(1, a.samples));
    expect_near(got.at("exposure_time"), static_cast<Real>(a.exposed) / n, 1, "exposure_time");
    expect_near(got.at("exposure_notional"), a.gross_over_equity / n, 1, "exposure_notional");
    EXPECT_TRUE(got.at("annual").is_null());
    EXPECT_TRUE(got.contains("annual_reason"));
  }
  static void compare_trading(const nlohmann::json& got, const reference::Account& a) {
    // Money is rounded to 1e-8 a fill, against us; a sum of many fills differs by as many.
    const Real cent = 3e-8L * static_cast<Real>(a.fills + 1);
    const auto money = [&](const char* key, Real expected) {
      EXPECT_NEAR(got.at(key).get<double>(), static_cast<double>(expected), cent) << key;
    };
    EXPECT_EQ(got.at("orders"), a.orders);
    EXPECT_EQ(got.at("fills"), a.fills);
    EXPECT_EQ(got.at("trades"), a.trades);
    money("fees", a.fees);
    money("turnover", a.turnover);
    money("net_pnl", a.final - a.opening);
    if (!got.at("funding").is_null()) money("funding", a.funding);
    expect_ratio(got.at("win_rate"), static_cast<Real>(a.wins), static_cast<Real>(a.trades), "win");
    expect_ratio(got.at("fill_ratio"), static_cast<Real>(a.touched), static_cast<Real>(a.orders),
                 "fill_ratio");
    expect_ratio(got.at("maker_share"), a.maker, a.turnover, "maker_share");
    expect_ratio(got.at("slippage_bps").at("all"), a.slipped, a.slipped_notional, "slippage");
    expect_ratio(got.at("slippage_bps").at("maker"), a.slipped_maker, a.slipped_maker_notional,
                 "slippage of makers");
    const auto losses = static_cast<Real>(a.trades - a.wins);
    const auto average = [&](const char* key, Real sum, Real count) {
      if (count == 0) {
        EXPECT_TRUE(got.at(key).is_null()) << key;
      } else {
        EXPECT_NEAR(got.at(key).get<double>(), static_cast<double>(sum / count), 1e-6) << key;
      }
    };
    average("average_win", a.won, static_cast<Real>(a.wins));
    average("average_loss", a.lost, losses);
    if (a.lost > 0) {
      EXPECT_NEAR(got.at("profit_factor").get<double>(), static_cast<double>(a.won / a.lost), 1e-6);
    }
  }
  int runs_ = 0;
};

TEST_F(MetricsTest, EqualAnIndependentComputationOnTheSyntheticMarket) {
  write_imbalance_model((folder_ / "model.json").string());
  const auto account = checked({config(R"({
    "for_ns": 180000000000,
    "market": {"seed": 5, "rate_per_s": 500, "gap_at_s": 12, "gap_resync_s": 1},
    "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
    "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})")});
  const auto& m = account.at("metrics").at("accounts").at(0);
  EXPECT_GT(m.at("trades"), 5) << "a run that says something";
  EXPECT_TRUE(m.at("interval95").is_object());
  const auto& sharpe = m.at("interval95").at("sharpe");
  EXPECT_LT(sharpe.at(0), m.at("sharpe"));
  EXPECT_GT(sharpe.at(1), m.at("sharpe"));
  EXPECT_EQ(account.at("metrics").at("step_ns"), 1'000'000'000);
  const auto& latency = account.at("metrics").at("simulated_latency_ns");
  EXPECT_EQ(latency.at("order_to_venue").at("max"), 2'000'000) << "the constant of the config";
  EXPECT_GE(latency.at("order_to_answer").at("p50"), 3'900'000) << "there and back";
  EXPECT_EQ(latency.at("origin_to_order").at("count"), account.at("orders"));
}

TEST_F(MetricsTest, EqualAnIndependentComputationOnCapturesOfEveryKindOfContract) {
  for (const char* name : {"usdm_btcusdt_20240808", "cm_btcusd_perp_20240808",
                           "spot_btcusdt_20240809"}) {
    SCOPED_TRACE(name);
    PINSTRIPE_NEED_DATA(file, "binance_l2_raw/" + std::string(name) + ".txt.gz");
    const auto account = checked({"tools/configs/recorded.json", "--data", file});
    ASSERT_TRUE(account.is_object());
    EXPECT_GT(account.at("fills"), 0);
  }
}

TEST_F(MetricsTest, DustThatCannotBeSoldIsNoExposure) {
  PINSTRIPE_NEED_DATA(file, "binance_l2_raw/spot_ethusdt_20240808.txt.gz");
  const auto account = checked({"tools/configs/recorded.json", "--data", file});
  ASSERT_TRUE(account.is_object());
  const auto& instrument = account.at("instruments").at(0);
  EXPECT_GT(instrument.at("position_lots"), 0) << "the capture leaves dust";
  EXPECT_LT(instrument.at("position_lots"), 20) << "0.0020 ETH, below 5 USDT";
  EXPECT_LT(account.at("metrics").at("accounts").at(0).at("exposure_time"), 0.5);
}

TEST_F(MetricsTest, AFolderThatHoldsSomethingIsRefusedBeforeAnythingRuns) {
  std::ofstream(folder_ / "here.txt") << "mine";
  const auto sut = run({"backtest", trading_config(), "--out", folder_.string()});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("--out"), std::string::npos) << sut.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "result.json"));
}

TEST_F(MetricsTest, TheTableForPeopleStaysWithinAHundredColumns) {
  const auto sut = run({"backtest", trading_config()});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  for (const char* said : {"total return", "Sharpe per 1", "profit factor", "none below 30 days",
                           "order to venue", "orders 0x", "state 0x"}) {
    EXPECT_NE(sut.out.find(said), std::string::npos) << said << " in\n" << sut.out;
  }
  std::stringstream lines(sut.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("SYNTHETIC") == std::string::npos && line.find("instrument") != 0) {
      EXPECT_LE(line.size(), 100U) << line;
    }
  }
}

TEST(EquitySeriesTest, AnnualFiguresNeedThirtyDaysAndAnHourIsTheStepFromADayOn) {
  EXPECT_EQ(grid_step_ns(23LL * 3'600 * kNsPerSecond), kNsPerSecond);
  EXPECT_EQ(grid_step_ns(24LL * 3'600 * kNsPerSecond), 3'600 * kNsPerSecond);
}

TEST(EquitySeriesTest, ADrawdownLastsFromItsPeakUntilItIsReachedAgain) {
  EquitySeries sut;
  sut.open(0, 100);
  const std::int64_t equity[] = {100, 110, 99, 104, 110, 105, 108};
  for (std::int64_t t = 0; t < 7; ++t) sut.sample(10 * (t + 1), equity[t], t % 2);
  sut.finish(75, 109);
  EXPECT_DOUBLE_EQ(sut.max_drawdown(), 0.1) << "110 to 99";
  EXPECT_EQ(sut.max_drawdown_ns(), 30) << "from 20 to 50; the second was still open after 25";
  EXPECT_EQ(sut.returns().size(), 6U) << "between grid instants; the end is none";
  EXPECT_DOUBLE_EQ(sut.returns()[0], 110.0 / 100 - 1);
  EXPECT_DOUBLE_EQ(sut.exposure_time(), 3.0 / 7);
  EXPECT_EQ(sut.final_e8(), 109);
}

TEST(BootstrapTest, HoldsTheTruthOfAKnownSeriesAndDependsOnTheSeedAlone) {
  std::vector<double> returns;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    returns.push_back(1e-3 * (to_unit_interval(random_draw(7, 1, i, 0)) - 0.45));
  }
  const ReturnIntervals sut = bootstrap(returns, 1);
  const ReturnIntervals again = bootstrap(returns, 1);
  ASSERT_TRUE(sut.known);
  EXPECT_EQ(sut.sharpe.low, again.sharpe.low);
  EXPECT_LT(sut.mean.low, 0.05e-3);
  EXPECT_GT(sut.mean.high, 0.05e-3);
  // Of independent returns: half the width is 1.96 deviations over the root of n.
  const double half = (sut.mean.high - sut.mean.low) / 2;
  const double expected = 1.96 * moments_of(returns).deviation / std::sqrt(2'000.0);
  EXPECT_NEAR(half / expected, 1, 0.2);
  EXPECT_FALSE(bootstrap(std::span(returns).first(19), 1).known);
}

}  // namespace
}  // namespace pinstripe
