#include "tools/backtest/backtest.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/backtest/backtest_kit.h"

namespace pinstripe {

BacktestProgress progress_of(const SessionPlan& plan, PrivateSession& session) {
  BacktestProgress p;
  p.total_ns = plan.traded_to_ns - plan.traded_from_ns;
  for (const StageSpec& stage : plan.topology.stages) {
    const StagePage& page = session.page(stage.name);
    if (stage.kind == StageKind::kFeed) {
      p.events += StagePageView::over(page).counter("events").value_or(0);
    }
    if (stage.kind != StageKind::kExec) continue;
    p.simulated_ns = std::max<std::int64_t>(page.event_ns.get() - plan.traded_from_ns, 0);
  }
  return p;
}

Result<BacktestResult> backtest(const SessionPlan& plan, const BacktestRun& run) {
  return backtest_with(plan, run, BacktestKit{});
}

std::string result_json(const BacktestResult& result) {
  using Json = nlohmann::ordered_json;
  Json j = Json::parse(account_json(result.account));
  j["stopped"] = result.stopped;
  j["metrics"] = Json::parse(metrics_json(result.metrics));
  return j.dump(1);
}

std::string result_text(const SessionPlan& plan, const BacktestResult& result) {
  const Account& a = result.account;
  SessionPlan ran = plan;
  ran.speed = 0;  // whatever it says
  ran.live = false;
  return decisions_text(ran, a) + metrics_text(result.metrics) + "orders " +
         shown_digest(a.orders_digest) + "  signals " + shown_digest(a.signals_digest) +
         "  state " + shown_digest(a.state_hash) + "\n";
}

}  // namespace pinstripe
