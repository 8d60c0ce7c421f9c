// bench pipeline: five processes on this machine's cores, full features and ensemble, from the
// intended send time of a synthetic event to the order at exec; and events/s at full speed.
//
// Open loop: events are due at fixed times whatever the pipeline does, and latency counts from the
// intended time, so a stall is charged to every event behind it. Runs the real `pinstripe up`, with
// journals (and their carrier and checkpoint helper) off and on in turn.
// Before the runs a bare spinning thread a core shows what this machine takes away by itself.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/bench_cli.h"
#include "bench/machine_stalls.h"
#include "bench/real_session.h"

namespace {

using pinstripe::bench::MachineStalls;

using Json = nlohmann::ordered_json;

struct Options {
  std::string speed = "1";
  double rate_per_s = 5000;
  double seconds = 60;
  double stall_seconds = 3;
  std::uint64_t events = 4'000'000;
  int runs = 3;
  std::string wait = "auto";
  bool json = false;
  bool quick = false;
};

struct Run {
  Json account;
  double wall_s = 0;
};

/// The shipped bench config with the options put in, as a temporary file beside nothing else.
std::filesystem::path write_config(const Options& o) {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string name = "bench-pipeline-" + std::to_string(::getpid());
  Json config = pinstripe::bench::session_config(name);
  config["journal"] = {{"dir", folder / (name + "-journal")}};
  config["market"]["rate_per_s"] = o.rate_per_s;
  if (o.speed == "max") config["models"]["decision_interval_ns"] = 100'000'000;
  for (const char* stage : {"feed", "features", "models", "risk", "exec"}) {
    config["stages"][stage]["wait"] = o.wait;
  }
  return pinstripe::bench::written(config, folder / (name + ".json"));
}

Run run_once(const Options& o, const std::filesystem::path& config, const char* journal) {
  const std::string length =
      o.speed == "max" ? "--events " + std::to_string(o.events)
                       : "--for " + std::to_string(std::lround(o.seconds * 1000)) + "ms";
  const auto start = std::chrono::steady_clock::now();
  Run run;
  run.account = pinstripe::bench::run_session(
      config, length + " --speed " + o.speed + " --set journal.mode=" + journal);
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

template <class F>
double median_of(const std::vector<Run>& runs, F&& value) {
  std::vector<double> all;
  for (const Run& r : runs) all.push_back(value(r));
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// The runs with journals off, or on, in turn with the others.
struct Both {
  std::vector<Run> off, on;
};

Json figures_of(const Options& o, const std::vector<Run>& runs) {
  Json out;
  out["events"] = runs[0].account.at("events");
  out["orders"] = runs[0].account.at("orders");
  out["signals"] = runs[0].account.at("signals");
  out["events_per_s"] =
      median_of(runs, [](const Run& r) { return r.account.at("events").get<double>() / r.wall_s; });
  out["lost"] = static_cast<std::int64_t>(
      median_of(runs, [](const Run& r) { return r.account.at("lost").get<double>(); }));
  out["denials"] = runs[0].account.at("denials");
  if (o.speed == "max") {
    out["tick_to_order_ns"] = nullptr;
  } else {
    for (const char* key : {"p50", "p99", "p999", "max"}) {
      out["tick_to_order_ns"][key] = median_of(runs, [key](const Run& r) {
        return r.account.at("tick_to_order_ns").at(key).template get<double>();
      });
    }
  }
  out["orders_digest"] = runs[0].account.at("orders_digest");
  return out;
}

Json summarise(const Options& o, const MachineStalls& stalls, const Both& runs) {
  Json out;
  out["speed"] = o.speed;
  out["runs"] = runs.off.size();
  out.update(figures_of(o, runs.off));
  out["journal_on"] = figures_of(o, runs.on);
  out["wait"] = o.wait;
  out["machine_stalls"] = {{"over_100us_percent", stalls.over_100us_percent},
                           {"over_1ms_percent", stalls.over_1ms_percent},
                           {"max_us", stalls.max_us}};
  return out;
}

void print_stalls(const Json& j) {
  const auto figure = [&](const char* key) { return j["machine_stalls"][key].get<double>(); };
  std::printf("before the runs, a bare spinning thread lost %.2f %% of each core's time in gaps over "
              "100 us, %.2f %% over 1 ms, the longest %.0f us;\n"
              "an event that meets such a gap on any core waits for its end: p99 cannot be better "
              "than the machine\n",
              figure("over_100us_percent"), figure("over_1ms_percent"), figure("max_us"));
}

void print_table(const Json& j) {
  std::printf("speed %s, wait %s, %s runs: events %s, signals %s, orders %s, lost %s\n",
              j["speed"].get<std::string>().c_str(), j["wait"].get<std::string>().c_str(),
              j["runs"].dump().c_str(), j["events"].dump().c_str(), j["signals"].dump().c_str(),
              j["orders"].dump().c_str(), j["lost"].dump().c_str());
  print_stalls(j);
  for (const auto& [name, f] : {std::pair<const char*, const Json&>{"journal off", j},
                                {"journal on", j["journal_on"]}}) {
    std::printf("%-11s events/s %.0f (start and stop of the processes included)\n", name,
                f["events_per_s"].get<double>());
    if (f["tick_to_order_ns"].is_null()) continue;
    const auto us = [&f](const char* key) {
      return f["tick_to_order_ns"][key].get<double>() / 1e3;
    };
    std::printf("%-11s tick to order from the intended send time: p50 %.1f us, p99 %.1f us, p99.9 "
                "%.1f us, max %.1f us\n", "", us("p50"), us("p99"), us("p999"), us("max"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Five processes end to end. Example: pinstripe bench pipeline --speed max --json");
  app.add_option("--speed", o.speed, "1: real time, open loop; max: full speed");
  app.add_option("--rate", o.rate_per_s, "events a second of the synthetic market");
  app.add_option("--seconds", o.seconds, "simulated seconds at speed 1");
  app.add_option("--events", o.events, "events at speed max");
  app.add_option("--runs", o.runs, "runs; medians are printed");
  app.add_option("--wait", o.wait, "auto, spin, yield or park, for every stage");
  app.add_flag("--json", o.json, "one JSON object");
  app.add_flag("--quick", o.quick, "tiny, for the tests");
  const auto exit = pinstripe::bench::parse_arguments(app, argc, argv, "pipeline");
  if (exit) return *exit;
  if (o.quick) {
    o.runs = 1;
    o.seconds = 1;
    o.stall_seconds = 0.05;
    o.events = 20'000;
  }
  try {
    const auto config = write_config(o);
    if (!o.json) std::fprintf(stderr, "the bare machine, %.2f s\n", o.stall_seconds);
    const MachineStalls stalls =
        pinstripe::bench::measure_stalls(pinstripe::bench::usable_cores(), o.stall_seconds);
    Both runs;
    for (int i = 0; i < o.runs; ++i) {
      if (!o.json) std::fprintf(stderr, "run %d of %d\n", i + 1, o.runs);
      runs.off.push_back(run_once(o, config, "off"));
      runs.on.push_back(run_once(o, config, "on"));
    }
    std::filesystem::remove(config);
    std::filesystem::remove_all(config.string().substr(0, config.string().size() - 5) + "-journal");
    const Json out = summarise(o, stalls, runs);
    if (o.json) {
      std::cout << out.dump() << "\n";
    } else {
      print_table(out);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench pipeline: %s\n", e.what());
    return 1;
  }
  return 0;
}
