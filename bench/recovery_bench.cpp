// bench recovery: each stage of a running session is killed once; how long until its successor goes
// on, with its parts, after millions of journaled events.
//
// Runs the real `pinstripe up` with journals and checkpoints at full speed over the synthetic
// market. From the kill (CLOCK_MONOTONIC here) to the moment that the successor says on its page:
// detect (supervisor notices, new process attached), load (checkpoint), replay (records behind it).
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/bench_cli.h"
#include "bench/real_session.h"
#include "shm/ring/session_dir.h"
#include "shm/ring/stage_page.h"
#include "shm/run/machine_time.h"
#include "tools/session/processes.h"

namespace {

using namespace pinstripe;
using Json = nlohmann::ordered_json;

struct Options {
  std::uint64_t events = 10'000'000;
  bool json = false;
  bool quick = false;
};

struct Rejoin {
  std::string stage;
  double detect_ms = 0, load_ms = 0, replay_ms = 0, rejoin_ms = 0;
  std::uint64_t records = 0;  // acted on again
};

std::filesystem::path write_config(const std::filesystem::path& folder, const std::string& name) {
  Json config = bench::session_config(name);
  config["models"]["decision_interval_ns"] = 100'000'000;
  config["journal"] = {{"mode", "on"}, {"dir", (folder / "journal").string()}};
  return bench::written(config, folder / "config.json");
}

class Bench {
 public:
  Bench(const Options& o, std::filesystem::path folder)
      : options_(o), folder_(std::move(folder)),
        name_("bench-recovery-" + std::to_string(::getpid())) {}

  Json run() {
    auto program = Program::open("pinstripe");
    if (!program) throw std::runtime_error(program.error().message);
    const auto config = write_config(folder_, name_);
    auto up = spawn_silent(*program, {"up", config.string(), "--json", "--speed", "max",
                                      "--for", "1000000s"});
    if (!up) throw std::runtime_error(up.error().message);
    up_ = std::move(*up);
    open_pages();
    await([&] { return journaled() >= options_.events; });
    const std::uint64_t events = journaled();
    std::vector<Rejoin> all;
    for (std::size_t i = 0; i < pages_.size(); ++i) all.push_back(kill_one(i));
    up_.signal(SIGINT);
    while (up_.running()) wait_for(up_, 1'000);
    if (!up_.poll().clean()) throw std::runtime_error("the session ended badly: " + log());
    return summary(events, all);
  }

 private:
  /// The session's account is of no interest: its standard output goes nowhere.
  Result<Child> spawn_silent(const Program& program, const std::vector<std::string>& arguments) {
    std::fflush(stdout);
    const int kept = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    auto child = Child::spawn("up", program, arguments, -1, (folder_ / "log").string());
    ::dup2(kept, STDOUT_FILENO);
    ::close(nowhere);
    ::close(kept);
    return child;
  }
  void open_pages() {
    static constexpr const char* kStages[] = {"feed", "features", "models", "risk", "exec"};
    await([&] {
      const auto info = session_info(name_);
      return info && info->live && info->state == SessionState::kRunning;
    });
    for (const char* stage : kStages) {
      auto page = StagePageView::open(session_path(name_) + "/" + stage + ".page");
      if (!page) throw std::runtime_error(page.error().message);
      pages_.push_back(std::move(*page));
      stages_.emplace_back(stage);
    }
  }
  template <class F>
  void await(F&& condition) {
    while (!condition()) {
      if (!up_.running()) throw std::runtime_error("the session ended too early: " + log());
      ::usleep(100);
    }
  }
  std::uint64_t journaled() const {
    std::uint64_t sum = 0;
    for (const StagePageView& p : pages_) sum += p.page().journal_records.get();
    return sum;
  }
  Rejoin kill_one(std::size_t i) {
    const StagePage& page = pages_[i].page();
    const std::uint32_t starts = page.starts.get();
    const std::uint64_t recoveries = page.recoveries.get();
    const std::int64_t killed_ns = monotonic_ns();
    ::kill(page.pid.get(), SIGKILL);
    await([&] { return page.starts.get() > starts; });
    const std::int64_t there_ns = monotonic_ns();
    await([&] {
      return page.recoveries.get() > recoveries && page.recovered_ns.get() > killed_ns;
    });
    Rejoin r;
    r.stage = stages_[i];
    r.detect_ms = static_cast<double>(there_ns - killed_ns) / 1e6;
    r.load_ms = static_cast<double>(page.recovery_load_ns.get()) / 1e6;
    r.replay_ms = static_cast<double>(page.recovery_replay_ns.get()) / 1e6;
    r.rejoin_ms = static_cast<double>(page.recovered_ns.get() - killed_ns) / 1e6;
    r.records = page.recovery_records.get();
    return r;
  }
  Json summary(std::uint64_t events, const std::vector<Rejoin>& all) const {
    Json out;
    out["events"] = events;
    double detect = 0, rejoin = 0;
    for (const Rejoin& r : all) {
      detect = std::max(detect, r.detect_ms);
      rejoin = std::max(rejoin, r.rejoin_ms);
      out["stages"].push_back({{"stage", r.stage}, {"detect_ms", r.detect_ms},
                               {"load_ms", r.load_ms}, {"replay_ms", r.replay_ms},
                               {"rejoin_ms", r.rejoin_ms}, {"records", r.records}});
    }
    out["detect_ms"] = detect;
    out["rejoin_ms"] = rejoin;
    return out;
  }
  std::string log() const {
    std::ifstream in(folder_ / "log");
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  Options options_;
  std::filesystem::path folder_;
  std::string name_;
  Child up_;
  std::vector<StagePageView> pages_;
  std::vector<std::string> stages_;
};

void print_table(const Json& j) {
  std::printf("after %llu journaled events; the slowest stage rejoined in %.0f ms\n",
              static_cast<unsigned long long>(j["events"].get<std::uint64_t>()),
              j["rejoin_ms"].get<double>());
  std::printf("%-10s %10s %10s %10s %10s %12s\n", "stage", "detect ms", "load ms", "replay ms",
              "rejoin ms", "records");
  for (const auto& s : j["stages"]) {
    std::printf("%-10s %10.1f %10.1f %10.1f %10.1f %12llu\n",
                s["stage"].get<std::string>().c_str(), s["detect_ms"].get<double>(),
                s["load_ms"].get<double>(), s["replay_ms"].get<double>(),
                s["rejoin_ms"].get<double>(),
                static_cast<unsigned long long>(s["records"].get<std::uint64_t>()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("How fast a killed stage is back. Example: pinstripe bench recovery --json");
  app.add_option("--events", o.events, "journaled by all stages together before the first kill");
  app.add_flag("--json", o.json, "one JSON object");
  app.add_flag("--quick", o.quick, "tiny, for the tests");
  const auto exit = pinstripe::bench::parse_arguments(app, argc, argv, "recovery");
  if (exit) return *exit;
  if (o.quick) o.events = 50'000;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("pinstripe-bench-recovery-" + std::to_string(::getpid()));
  int status = 0;
  try {
    std::filesystem::create_directories(folder);
    const Json out = Bench(o, folder).run();
    if (o.json) {
      std::cout << out.dump() << "\n";
    } else {
      print_table(out);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench recovery: %s\n", e.what());
    status = 1;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return status;
}
