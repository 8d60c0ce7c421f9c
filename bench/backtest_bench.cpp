// bench backtest: venue messages a second on one core, with everything, and book and fills only.
//
// Each capture is run as `pinstripe backtest` runs it: `full` with all features and the shipped
// ensemble on a 100 ms decision clock; `book` with features and models that do nothing and are told
// nothing, so that feed, risk and the paper venue are left. Without --data the synthetic market is
// run, whose making counts. The figure is messages over the thread's CPU time, from the first
// message to the account: on an idle machine that is the wall time, which is printed beside it.
// Opening (models, rings, files) is paid once a run however long the data are; it is printed apart.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/bench_cli.h"
#include "bench/machine.h"
#include "shm/run/machine_time.h"
#include "tools/backtest/backtest_kit.h"
#include "tools/session/prepare.h"

namespace {

using namespace pinstripe;

using Json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> data;
  int runs = 3;
  bool json = false;
  bool quick = false;
};

/// Takes what the stage takes and says nothing.
template <class S>
class Idle {
 public:
  using Config = typename S::Config;
  using In = typename S::In;
  using Out = typename S::Out;
  static constexpr unsigned kPorts = S::kPorts;
  static constexpr unsigned kMaxBurst = S::kMaxBurst;

  explicit Idle(const Config&) {}
  template <class Sink>
  void on_event(TimeNs, const Input&, Sink&) noexcept {}
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  bool more() const noexcept { return false; }
  std::uint64_t state_hash() const noexcept { return 0; }
  void save(StateWriter&) const noexcept {}
  Result<void> load(StateReader&) { return {}; }
  std::span<const std::int64_t> counters() const noexcept { return {}; }
  std::vector<std::string> counter_names() const { return {}; }
};

/// Feed as it is, but for the port of features: nobody is there.
class FeedWithoutFeatures : public FeedStage {
 public:
  using FeedStage::FeedStage;
  template <class Sink>
  void on_event(TimeNs now, const FeedInput& in, Sink& sink) noexcept {
    WithoutFeatures<Sink> rest{sink, unheard_};
    FeedStage::on_event(now, in, rest);
  }

 private:
  template <class Sink>
  struct WithoutFeatures {
    Sink& sink;
    MarketEvent& unheard;
    MarketEvent& claim(unsigned port) noexcept { return port == 0 ? unheard : sink.claim(port); }
    void commit(unsigned port) noexcept {
      if (port != 0) sink.commit(port);
    }
  };
  MarketEvent unheard_;
};

struct BookKit : BacktestKit {
  using Feed = FeedWithoutFeatures;
  using Features = Idle<FeaturesStage>;
  using Models = Idle<ModelsStage>;
};

double seconds(clockid_t clock) { return static_cast<double>(machine_clock_ns(clock)) * 1e-9; }

/// Sums over the captures.
struct Run {
  double events = 0, level_changes = 0, cpu_s = 0, wall_s = 0, opening_cpu_s = 0;
};

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

template <class Kit>
Run run_once(const std::vector<SessionPlan>& plans) {
  Run run;
  for (const SessionPlan& plan : plans) {
    const double opening = seconds(CLOCK_THREAD_CPUTIME_ID);
    double cpu = 0, wall = 0;  // at the first round
    const auto each_round = [&](const BacktestProgress&) {
      if (cpu == 0) {
        cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
        wall = seconds(CLOCK_MONOTONIC);
      }
      return true;
    };
    const BacktestResult result = or_throw(backtest_with(plan, {"", each_round}, Kit{}));
    run.opening_cpu_s += cpu - opening;
    run.cpu_s += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    run.wall_s += seconds(CLOCK_MONOTONIC) - wall;
    run.events += static_cast<double>(result.account.events);
    run.level_changes += static_cast<double>(result.account.level_changes);
  }
  return run;
}

/// One plan a capture, or the synthetic market.
std::vector<SessionPlan> plans_of(const Options& o) {
  const std::string configs = PINSTRIPE_SOURCE_DIR "/tools/configs/";
  Overrides overrides;
  overrides.in_sample = true;
  overrides.settings = {"models.decision_interval_ns=100000000"};
  std::vector<SessionPlan> plans;
  for (const std::string& file : o.data) {
    overrides.data = {file};
    plans.push_back(or_throw(
        prepare_plan(or_throw(load_session_config(configs + "recorded.json", overrides)))));
  }
  if (!plans.empty()) return plans;
  overrides.for_ns = 3'600 * kNsPerSecond;
  overrides.events_max = o.quick ? 20'000 : 500'000;
  plans.push_back(
      or_throw(prepare_plan(or_throw(load_session_config(configs + "demo.json", overrides)))));
  return plans;
}

Json summary_of(std::vector<Run> runs) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.cpu_s < b.cpu_s; });
  const Run& r = runs[runs.size() / 2];
  return {{"events", r.events},
          {"events_per_s", r.events / r.cpu_s},
          {"wall_events_per_s", r.events / r.wall_s},
          {"level_changes_per_s", r.level_changes / r.cpu_s},
          {"ns_per_event", 1e9 * r.cpu_s / r.events},
          {"opening_cpu_s", r.opening_cpu_s},
          {"fastest_events_per_s", runs.front().events / runs.front().cpu_s},
          {"slowest_events_per_s", runs.back().events / runs.back().cpu_s}};
}

Json measure(const Options& o) {
  const std::vector<SessionPlan> plans = plans_of(o);
  std::vector<Run> full, book;
  for (int i = 0; i < o.runs; ++i) {
    full.push_back(run_once<BacktestKit>(plans));
    book.push_back(run_once<BookKit>(plans));
  }
  Json j;
  j["cpu"] = bench::cpu_name();
  j["source"] = o.data.empty() ? "synthetic" : "files";
  j["runs"] = o.runs;
  j["full"] = summary_of(full);
  j["book"] = summary_of(book);
  j["full_events_per_s"] = j["full"]["events_per_s"];
  j["book_events_per_s"] = j["book"]["events_per_s"];
  return j;
}

void print(const Json& j) {
  const auto figure = [](const Json& of, const char* key) { return of.at(key).get<double>(); };
  std::printf("%s, one core, %s, median of %d runs\n", j["cpu"].get<std::string>().c_str(),
              j["source"].get<std::string>().c_str(), j["runs"].get<int>());
  std::printf("%-6s %12s %10s %12s %18s %14s %10s\n", "", "events/s", "ns/event", "by wall",
              "level changes/s", "events", "opening s");
  for (const char* mode : {"full", "book"}) {
    const Json& m = j[mode];
    std::printf("%-6s %12.0f %10.0f %12.0f %18.0f %14.0f %10.3f\n", mode, figure(m, "events_per_s"),
                figure(m, "ns_per_event"), figure(m, "wall_events_per_s"),
                figure(m, "level_changes_per_s"), figure(m, "events"),
                figure(m, "opening_cpu_s"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Venue messages a second through a backtest on one core"};
  app.add_option("--data", o.data, "captures, each a run of its own; without: synthetic market");
  app.add_option("--runs", o.runs, "median of this many")->check(CLI::Range(1, 100));
  app.add_flag("--json", o.json, "one JSON object on standard output");
  app.add_flag("--quick", o.quick, "tiny, for the tests: its figures mean nothing");
  app.footer("Example:\n  pinstripe bench backtest --data FILE...");
  const auto exit = pinstripe::bench::parse_arguments(app, argc, argv, "backtest");
  if (exit) return *exit;
  if (o.quick) o.runs = 1;
  try {
    const Json j = measure(o);
    if (o.json) {
      std::printf("%s\n", j.dump(1).c_str());
    } else {
      print(j);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pinstripe-bench-backtest: %s\n", e.what());
    return 1;
  }
  return 0;
}
