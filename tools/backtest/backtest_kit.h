// How a backtest is run, for any kit of stages: `backtest` uses the shipped ones, tests put others
// in (a model that knows tomorrow's prices).
#pragma once

#include <type_traits>

#include "tools/backtest/backtest.h"
#include "tools/backtest/out_folder.h"
#include "tools/backtest/private_session.h"
#include "tools/backtest/watched_risk.h"
#include "tools/session/actors.h"
#include "tools/session/standstill.h"

namespace pinstripe {

struct BacktestKit : PlainKit {
  using Risk = WatchedRisk;
  // Nothing is stamped or measured: the machine's clock says nothing about a backtest.
  template <class S>
  using StageRunner = Runner<S, BacktestPolicy>;
  template <class S, class Source>
  using SourceRunner = FeedRunner<S, Source, BacktestPolicy>;

  template <class S>
  void prepare(S& stage) noexcept {
    if constexpr (std::is_same_v<S, WatchedRisk>) {
      stage.watch(recorder);
      core = &stage.core();
    }
  }
  Recorder* recorder = nullptr;
  const RiskCore* core = nullptr;
};

/// How far the pages of feed and exec say the run has come.
BacktestProgress progress_of(const SessionPlan& plan, PrivateSession& session);

/// `backtest` with the stages of `Kit`, a BacktestKit or what derives from it.
template <class Kit>
Result<BacktestResult> backtest_with(SessionPlan plan, const BacktestRun& run, Kit kit = {}) {
  plan.speed = 0;
  plan.live = false;
  PrivateSession session(plan);
  Recorder recorder(plan);
  if (!run.out.empty()) {
    if (auto made = make_out_folder(run.out, plan); !made) return std::unexpected(made.error());
    if (auto opened = recorder.write_to(run.out); !opened) return std::unexpected(opened.error());
  }
  const auto desk_of = [&](const StageSpec& spec) -> Result<StageDesk> {
    auto setup = session.attach(spec);
    if (!setup) return std::unexpected(setup.error());
    return StageDesk{&session.page(spec.name), std::move(*setup)};
  };
  kit.recorder = &recorder;
  auto stages = open_actors(plan, SessionClock{}, desk_of, kit);
  if (!stages) return std::unexpected(stages.error());
  bool stopped = false;
  const auto ended = run_to_end(*stages, [&]() -> Result<bool> {
    stopped = stopped || (run.each_round && !run.each_round(progress_of(plan, session)));
    return !stopped;
  });
  if (!ended) return std::unexpected(ended.error());
  if (!*ended) return fail(standstill_text(plan, session.snapshot()));
  if (auto closed = recorder.finish(*kit.core); !closed) return std::unexpected(closed.error());
  const SessionShot shot = session.snapshot();
  BacktestResult result{make_account(plan, shot), make_metrics(plan, shot, recorder), stopped,
                        skipped_lines(shot)};
  if (!run.out.empty()) {
    if (auto written = write_result(run.out, result); !written) {
      return std::unexpected(written.error());
    }
  }
  return result;
}

}  // namespace pinstripe
