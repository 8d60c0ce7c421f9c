// A backtest: the five stages of a plan in one thread over private memory.
//
// Stages, runners, merge, sources and plan are those of `up --in-process`; only the memory of rings
// and pages differs, and that nothing is measured. So orders_digest, signals_digest and state_hash
// are the same, and memory does not grow with the length of the data. A recorder looks on from
// risk's place and makes the metrics.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/backtest/metrics.h"
#include "tools/session/account.h"

namespace pinstripe {

/// How far a backtest has come.
struct BacktestProgress {
  std::int64_t events = 0;        // venue messages taken
  std::int64_t simulated_ns = 0;  // event time passed since the first
  std::int64_t total_ns = 0;      // event time of the whole run
};

struct BacktestRun {
  std::string out;  // folder for results, orders, fills, equity and the plan; "": none
  /// Called now and then, may be empty; false from it ends the stream in order.
  std::function<bool(const BacktestProgress&)> each_round;
};

struct BacktestResult {
  Account account;
  Metrics metrics;
  bool stopped = false;              // each_round ended it: it covers only what was run
  std::vector<std::string> skipped;  // bad lines: the first of each kind with its place
};

/// Runs `plan`, which prepare_plan made, to its end, at full speed whatever the plan says.
Result<BacktestResult> backtest(const SessionPlan& plan, const BacktestRun& run);

/// The keys of the account, `stopped` and `metrics`, as one JSON object.
std::string result_json(const BacktestResult& result);
/// For people, within 100 columns.
std::string result_text(const SessionPlan& plan, const BacktestResult& result);

}  // namespace pinstripe
