// What any honest backtest must show (trading.md 6): who never trades earns nothing, who trades to
// and fro pays for it to the last unit, who knows tomorrow's prices earns, and fees cost exactly
// themselves.
#include <fstream>
#include <map>

#include "tests/tools/backtest/metrics_reference.h"
#include "tests/tools/cli_support.h"
#include "tools/backtest/backtest_kit.h"
#include "tools/session/prepare.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kHorizonNs = 5 * kNsPerSecond;

/// Mids by event time, from one run, for the next.
using Mids = std::map<std::int64_t, std::int64_t>;

/// Models that need no model: they write down the mid, or look it up five seconds ahead.
class SeerModels {
 public:
  using Config = ModelsConfig;
  using In = Input;
  using Out = Signal;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  explicit SeerModels(const ModelsConfig&) : clock_(100 * kNsPerMs) {}
  template <class Sink>
  void on_event(TimeNs, const Input& in, Sink& sink) noexcept {
    if (in.kind() != InputKind::kMessage) return;
    const auto& v = in.as<FeatureVector>();
    const std::int64_t mid = (v.context.bid_ticks + v.context.ask_ticks).value;
    if (v.context.state != BookState::kValid || mid == 0) return;
    (*seen)[v.h.origin_ns.value] = mid;
    if (future == nullptr || !clock_.due(v.h.origin_ns)) return;
    const auto then = future->lower_bound(v.h.origin_ns.value + kHorizonNs);
    if (then == future->end() || then->second == mid) return;
    const double move_bps = 1e4 * static_cast<double>(then->second - mid) /
                            static_cast<double>(mid);
    Signal& s = sink.claim(0);
    s.direction = move_bps > 0 ? 1 : -1;
    s.probability = move_bps > 0 ? 0.95 : 0.05;
    s.confidence = 0.9;
    s.edge_bps = move_bps;
    s.horizon_ns = kHorizonNs;
    s.decision = ++decisions_;
    s.context = v.context;
    s.flags = kSignalCalibrated;
    s.members = 1;
    s.voters = 1;
    sink.commit(0);
  }
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  bool more() const noexcept { return false; }
  std::uint64_t state_hash() const noexcept { return decisions_; }
  void save(StateWriter&) const noexcept {}
  Result<void> load(StateReader&) { return {}; }
  std::span<const std::int64_t> counters() const noexcept { return {}; }
  std::vector<std::string> counter_names() const { return {}; }

  Mids* seen = nullptr;
  const Mids* future = nullptr;

 private:
  DecisionClock clock_;
  std::uint64_t decisions_ = 0;
};
static_assert(Stage<SeerModels>);

struct SeerKit : BacktestKit {
  using Models = SeerModels;
  using BacktestKit::prepare;
  template <class S>
  void prepare(S& stage) noexcept {
    BacktestKit::prepare(stage);
    if constexpr (std::is_same_v<S, SeerModels>) {
      stage.seen = seen;
      stage.future = future;
    }
  }
  Mids* seen = nullptr;
  const Mids* future = nullptr;
};

class OraclesTest : public CliTest {
 protected:
  SessionPlan plan(const std::string& text) {
    auto loaded = load_session_config(config(text), {});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    auto made = prepare_plan(*loaded);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return *made;
  }
  /// A backtest into a folder of its own.
  BacktestResult ran(const SessionPlan& of, const std::string& folder) {
    auto result = backtest(of, {out(folder), {}});
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return *result;
  }
  std::string out(const std::string& folder) const { return (folder_ / folder).string(); }

  const std::string market_ = R"("for_ns": 60000000000, "market": {"seed": 9, "rate_per_s": 400},)";
};

TEST_F(OraclesTest, WhoNeverTradesEarnsExactlyNothing) {
  const auto sut = ran(plan("{" + market_ + R"("models": {"members": []}})"), "never");
  const AccountMetrics& m = sut.metrics.accounts.at(0);
  EXPECT_EQ(sut.account.orders, 0);
  EXPECT_EQ(m.net_e8, 0);
  EXPECT_EQ(m.final_e8, m.opening_e8);
  EXPECT_EQ(m.total_return, 0);
  EXPECT_EQ(m.max_drawdown, 0);
  EXPECT_EQ(m.exposure_time, 0);
  EXPECT_FALSE(m.sharpe || m.sortino || m.win_rate || m.profit_factor || m.slippage_bps);
  EXPECT_GT(m.returns.count, 50) << "seconds of nothing are seconds all the same";
}

TEST_F(OraclesTest, WhoBuysAndSellsToAndFroPaysSpreadAndFeesToTheLastUnit) {
  write_imbalance_model((folder_ / "model.json").string());
  const auto sut = ran(plan("{" + market_ + R"("models": {"threshold": 0,
      "members": [{"file": "model.json"}]}, "risk": {"policy": "every_signal"}})"), "fro");
  std::int64_t cash = 0, fees = 0, held = 0, spread_paid = 0;
  for (const auto& row : reference::read_csv(out("fro") + "/fills.csv")) {
    const std::int64_t sign = row.at("side") == "buy" ? 1 : -1;
    EXPECT_EQ(row.at("liquidity"), "taker");
    cash -= sign * reference::e8(row.at("notional"));
    fees += reference::e8(row.at("fee"));
    held += sign * reference::e8(row.at("quantity"));
    spread_paid += sign * (2 * reference::e8(row.at("price")) - reference::e8(row.at("bid")) -
                           reference::e8(row.at("ask")));
  }
  const AccountMetrics& m = sut.metrics.accounts.at(0);
  EXPECT_GT(sut.account.fills, 300);
  ASSERT_EQ(held, 0) << "as many bought as sold";
  EXPECT_EQ(m.net_e8, cash - fees);
  EXPECT_EQ(m.fees_e8, fees);
  EXPECT_GT(spread_paid, 0);
  EXPECT_GT(*m.slippage_bps, 0);
  EXPECT_EQ(*m.maker_share, 0);
  EXPECT_LT(m.net_e8, -fees) << "the spread on top of the fees";
}

TEST_F(OraclesTest, WhoKnowsTomorrowsPricesEarns) {
  const SessionPlan of = plan("{" + market_ + R"("models": {"members": []}})");
  Mids mids, again;
  SeerKit kit;
  kit.seen = &mids;
  ASSERT_TRUE(backtest_with(of, {}, kit));
  ASSERT_GT(mids.size(), 10'000U);
  kit.seen = &again;
  kit.future = &mids;
  const auto sut = backtest_with(of, {}, kit);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(again, mids) << "orders move no market";
  const AccountMetrics& m = sut->metrics.accounts.at(0);
  EXPECT_GT(m.trades, 3);
  EXPECT_GT(m.net_e8, 0);
  EXPECT_GT(m.total_return, 0);
  EXPECT_GT(*m.profit_factor, 1.5);
  EXPECT_GT(*m.sharpe, 0);
}

TEST_F(OraclesTest, DoubledFeesCostExactlyThemselves) {
  write_imbalance_model((folder_ / "model.json").string());
  const std::string rest = market_ + R"("models": {"threshold": 0,
      "members": [{"file": "model.json"}]}, "risk": {"policy": "every_signal"},)";
  const auto once = ran(plan("{" + rest +
      R"("fees": {"linear": {"maker_bps": 2, "taker_bps": 5}}})"), "once");
  const auto twice = ran(plan("{" + rest +
      R"("fees": {"linear": {"maker_bps": 4, "taker_bps": 10}}})"), "twice");
  const AccountMetrics& a = once.metrics.accounts.at(0);
  const AccountMetrics& b = twice.metrics.accounts.at(0);
  EXPECT_GT(a.fees_e8, 0);
  EXPECT_EQ(b.net_e8 - a.net_e8, a.fees_e8 - b.fees_e8);
  EXPECT_EQ(b.gross_e8, a.gross_e8);
  // A fee is rounded up to 1e-8 a fill.
  EXPECT_LE(b.fees_e8, 2 * a.fees_e8);
  EXPECT_GE(b.fees_e8, 2 * a.fees_e8 - once.account.fills);
  auto first = reference::read_csv(out("once") + "/fills.csv");
  auto second = reference::read_csv(out("twice") + "/fills.csv");
  for (auto* rows : {&first, &second}) {
    for (auto& row : *rows) row.erase("fee");
  }
  EXPECT_EQ(first, second) << "the same decisions";
}

}  // namespace
}  // namespace pinstripe
