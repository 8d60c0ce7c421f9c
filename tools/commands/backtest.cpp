// `backtest`: runs a config over recorded data in one thread and gives the account.
#include <unistd.h>

#include <cstdio>

#include "shm/run/machine_time.h"
#include "shm/run/process.h"
#include "tools/backtest/backtest.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"
#include "tools/session/prepare.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

/// Says once a second how far the run has come and what is left of it; on a terminal in one line.
class ProgressLine {
 public:
  explicit ProgressLine(std::string name)
      : name_(std::move(name)), terminal_(isatty(STDERR_FILENO) != 0), began_(monotonic_s()),
        said_(began_) {}
  ~ProgressLine() {
    if (terminal_ && open_) std::fputs("\n", stderr);
  }

  void tell(const BacktestProgress& p) {
    const double now = monotonic_s();
    if (now - said_ < 1) return;
    const double simulated = static_cast<double>(p.simulated_ns) / 1e9;
    const double total = static_cast<double>(p.total_ns) / 1e9;
    const auto rate = static_cast<std::int64_t>(static_cast<double>(p.events - events_) /
                                                (now - said_));
    std::string line = name_ + ": " + shown_fixed(now - began_, 0) + " s, simulated " +
                       shown_fixed(simulated, 1) + " of " + shown_fixed(total, 1) + " s, " +
                       shown_count(p.events) + " events, " + shown_count(rate) + "/s";
    if (simulated > 0 && total > simulated) {
      line += ", " + shown_fixed((now - began_) * (total - simulated) / simulated, 0) + " s left";
    }
    std::fprintf(stderr, terminal_ ? "\r%-95s" : "%s\n", line.c_str());
    open_ = true;
    said_ = now;
    events_ = p.events;
  }

 private:
  std::string name_;
  bool terminal_;
  double began_;
  double said_;
  std::int64_t events_ = 0;
  bool open_ = false;
};

Result<SessionPlan> make_plan(const BacktestOptions& options) {
  Overrides overrides = options.overrides;
  if (auto cut = read_window(options.from, options.to, overrides); !cut) {
    return std::unexpected(cut.error());
  }
  if (!options.duration.empty()) {
    auto span = parse_duration(options.duration);
    if (!span) return std::unexpected(span.error());
    overrides.for_ns = *span;
  }
  auto config = load_session_config(options.config, overrides);
  if (!config) return std::unexpected(config.error());
  return prepare_plan(*config);
}

}  // namespace

Exit run_backtest(const BacktestOptions& options) {
  install_stop_signals();
  auto plan = make_plan(options);
  if (!plan) return report_error(plan.error(), options.json);
  for (const std::string& note : plan->notes) say(note);
  for (const std::string& warning : plan->warnings) say("warning: " + warning);
  auto result = [&] {
    ProgressLine progress(plan->name);
    const auto each_round = [&](const BacktestProgress& p) {
      progress.tell(p);
      return !stop_requested();
    };
    return backtest(*plan, {options.out, each_round});
  }();
  if (!result) return report_error(result.error(), options.json);
  for (const std::string& line : result->skipped) say(line);
  if (result->stopped) say("stopped before the end of the data: the account covers what was run");
  const std::string text =
      options.json ? result_json(*result) + "\n" : result_text(*plan, *result);
  std::fputs(text.c_str(), stdout);
  return Exit::kDone;
}

}  // namespace pinstripe
