// bench wire-to-order: a market frame leaves the venue -> its order command at exec. The simulated
// exchange and the five processes of a live session, journals on, share this machine's cores.
//
// Nothing is added to what is measured but a hash and a clock at the venue (`--stamps`): the rest
// is read out of the journals afterwards (wire_to_order_parts.h). Each run has an exchange and a
// session of its own; medians over the runs are printed. The parts add up for one order, but their
// medians need not.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/bench_cli.h"
#include "bench/machine_stalls.h"
#include "bench/real_session.h"
#include "bench/venue_program.h"
#include "bench/wire_to_order_parts.h"

namespace {

using namespace pinstripe::bench;
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 5> kStages{"feed", "features", "models", "risk", "exec"};

/// The exchange has the last core for itself, as in life it is elsewhere; the stages share the
/// others in the order of the path.
std::vector<int> default_cores() {
  const std::vector<int> cores = usable_cores();
  const std::size_t shared = std::clamp<std::size_t>(cores.size() - 1, 1, kStages.size());
  std::vector<int> chosen;
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    chosen.push_back(cores[i * shared / kStages.size()]);
  }
  chosen.push_back(cores.back());
  return chosen;
}

struct Options {
  double rate_per_s = 700;  // about 850 frames a second
  double seconds = 20;
  double stall_seconds = 3;
  std::int64_t tick_ms = 1;
  int runs = 3;
  std::string wait = "yield";  // a parked stage takes long to wake, and gaps of 2 ms are common
  std::vector<int> cores = default_cores();  // of the stages in the order of the path, the venue
  bool json = false;
  bool quick = false;
};

/// One asset, on four markets of three venues. A venue sends when something happens: ticks of its
/// usual 5 ms would let its messages leave in bursts that no real one has.
Json venue_config(const Options& o) {
  return {{"history_s", 60},
          {"tick_ms", o.tick_ms},
          {"assets", {{{"base", "BTC"}, {"quote", "USDT"}, {"price", "60000"}, {"tick", "0.5"},
                       {"lot", "0.001"}, {"rate_per_s", o.rate_per_s},
                       {"markets", {"BINANCE", "BINANCE_USDM", "BYBIT_LINEAR", "OKX_SWAP"}}}}}};
}

/// The bench config of the whole path (bench/pipeline.json), fed by the venue in place of the
/// synthetic market.
Json live_config(const Options& o, const VenueProgram& venue, const std::filesystem::path& folder,
                 const std::string& name) {
  Json config = session_config(name);
  for (const char* key : {"market", "speed", "base_feed_latency_ns", "stages"}) config.erase(key);
  config["mode"] = "live";
  config["live"] = {{"address", venue.address()}, {"ca_file", venue.ca_file()}};
  config["instruments"] = {"BINANCE_USDM:BTCUSDT", "BINANCE_SPOT:BTCUSDT", "BYBIT_LINEAR:BTCUSDT",
                           "OKX_SWAP:BTC-USDT-SWAP"};
  config["journal"] = {{"mode", "on"}, {"dir", (folder / "journal").string()}};
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    config["stages"][kStages[i]]["wait"] = o.wait;
    config["stages"][kStages[i]]["core"] = o.cores[i];
  }
  return config;
}

double quantile_of(std::vector<std::int64_t> values, double share) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + std::lround(share * last);
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at);
}

WireOrders run_once(const Options& o, int number) {
  const std::string name =
      "bench-wire-to-order-" + std::to_string(::getpid()) + "-" + std::to_string(number);
  const auto folder = std::filesystem::temp_directory_path() / name;
  std::filesystem::create_directories(folder);
  struct Removal {
    const std::filesystem::path& folder;
    ~Removal() {
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    }
  } removal{folder};
  VenueProgram venue(venue_config(o), folder, o.cores.back());
  const auto config = written(live_config(o, venue, folder, name), folder / "session.json");
  const Json account =
      run_session(config, "--for " + std::to_string(std::lround(o.seconds * 1000)) + "ms");
  venue.stop();
  auto found = match_orders(account.at("journal").get<std::string>(), venue.stamps_file());
  if (!found) throw std::runtime_error(found.error().message);
  if (found->total_ns.empty()) {
    throw std::runtime_error("no order could be traced to a frame: " +
                             std::to_string(found->frames) + " frames, " +
                             std::to_string(found->orders) + " orders; run longer");
  }
  return std::move(*found);
}

template <class F>
double median_of(const std::vector<WireOrders>& runs, F&& value) {
  std::vector<double> all;
  for (const WireOrders& r : runs) all.push_back(value(r));
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

Json summarise(const Options& o, const MachineStalls& stalls, const std::vector<WireOrders>& runs) {
  Json out{{"runs", runs.size()}, {"seconds", o.seconds}, {"wait", o.wait}, {"cores", o.cores}};
  struct Share {
    const char* key;
    double share;
  };
  for (const Share& q : {Share{"p50", 0.5}, Share{"p99", 0.99}, Share{"p999", 0.999},
                         Share{"max", 1}}) {
    out["wire_to_order_ns"][q.key] =
        median_of(runs, [&](const WireOrders& r) { return quantile_of(r.total_ns, q.share); });
    for (std::size_t i = 0; i < kWireParts; ++i) {
      out["parts_ns"][kWirePartNames[i]][q.key] =
          median_of(runs, [&](const WireOrders& r) { return quantile_of(r.part_ns[i], q.share); });
    }
  }
  const auto count = [&](const char* key, auto&& of) {
    std::uint64_t sum = 0;
    for (const WireOrders& r : runs) sum += of(r);
    out[key] = sum;
  };
  count("sent", [](const WireOrders& r) { return r.sent; });
  count("sent_beyond_file", [](const WireOrders& r) { return r.beyond; });
  count("frames", [](const WireOrders& r) { return r.frames; });
  count("frames_matched", [](const WireOrders& r) { return r.frames_matched; });
  count("orders", [](const WireOrders& r) { return r.orders; });
  count("orders_matched", [](const WireOrders& r) { return r.total_ns.size(); });
  count("orders_of_time", [](const WireOrders& r) { return r.orders_of_time; });
  count("orders_of_other_frames", [](const WireOrders& r) { return r.orders_of_other_frames; });
  out["frames_per_s"] = median_of(runs, [](const WireOrders& r) {
    return r.seconds > 0 ? static_cast<double>(r.frames) / r.seconds : 0;
  });
  out["machine_stalls"] = {{"over_100us_percent", stalls.over_100us_percent},
                           {"over_1ms_percent", stalls.over_1ms_percent},
                           {"max_us", stalls.max_us}};
  return out;
}

void print_table(const Json& j) {
  const auto number = [&](const char* key) { return j[key].dump(); };
  std::printf("%s runs of %.0f s, wait %s: %.0f frames/s; %s of %s frames have the venue's stamp\n",
              number("runs").c_str(), j["seconds"].get<double>(),
              j["wait"].get<std::string>().c_str(), j["frames_per_s"].get<double>(),
              number("frames_matched").c_str(), number("frames").c_str());
  std::printf("%s orders: %s matched, %s caused by timers or answers, %s by frames without a stamp "
              "(REST snapshots)\n", number("orders").c_str(), number("orders_matched").c_str(),
              number("orders_of_time").c_str(), number("orders_of_other_frames").c_str());
  const auto& stalls = j["machine_stalls"];
  std::printf("before the runs, a bare spinning thread lost %.2f %% of each core's time in gaps "
              "over 100 us, %.2f %% over 1 ms, the longest %.0f us\n",
              stalls["over_100us_percent"].get<double>(), stalls["over_1ms_percent"].get<double>(),
              stalls["max_us"].get<double>());
  const auto row = [](const char* name, const Json& q) {
    const auto us = [&q](const char* key) { return q[key].get<double>() / 1e3; };
    std::printf("%-14s p50 %9.1f us, p99 %9.1f us, p99.9 %9.1f us, max %9.1f us\n", name, us("p50"),
                us("p99"), us("p999"), us("max"));
  };
  row("wire to order", j["wire_to_order_ns"]);
  for (const char* name : kWirePartNames) {
    row((std::string("  ") + name).c_str(), j["parts_ns"][name]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app(
      "From the venue's socket to the order. Example: pinstripe bench wire-to-order --json");
  app.add_option("--rate", o.rate_per_s, "market messages a second of each of the venue's books");
  app.add_option("--tick-ms", o.tick_ms, "how often the venue's market moves")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", o.seconds, "session time of a run")->check(CLI::PositiveNumber);
  app.add_option("--runs", o.runs, "runs; medians are printed")->check(CLI::Range(1, 1'000));
  app.add_option("--wait", o.wait, "auto, spin, yield or park, for every stage");
  app.add_option("--cores", o.cores, "of feed, features, models, risk, exec and the exchange")
      ->delimiter(',')
      ->expected(static_cast<int>(kStages.size()) + 1);
  app.add_flag("--json", o.json, "one JSON object");
  app.add_flag("--quick", o.quick, "tiny, for the tests");
  const auto exit = parse_arguments(app, argc, argv, "wire-to-order");
  if (exit) return *exit;
  if (o.quick) {
    o.runs = 1;
    o.seconds = 3;
    o.stall_seconds = 0.05;
  }
  try {
    if (!o.json) std::fprintf(stderr, "the bare machine, %.2f s\n", o.stall_seconds);
    const MachineStalls stalls = measure_stalls(usable_cores(), o.stall_seconds);
    std::vector<WireOrders> runs;
    for (int i = 0; i < o.runs; ++i) {
      if (!o.json) std::fprintf(stderr, "run %d of %d\n", i + 1, o.runs);
      runs.push_back(run_once(o, i));
    }
    const Json out = summarise(o, stalls, runs);
    if (o.json) {
      std::cout << out.dump() << "\n";
    } else {
      print_table(out);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench wire-to-order: %s\n", e.what());
    return 1;
  }
  return 0;
}
