// `backtest --grid`: the config under every combination of a file's values, in parallel processes.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "shm/run/process.h"
#include "tools/backtest/grid.h"
#include "tools/commands/options.h"
#include "tools/session/processes.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

void add(std::vector<std::string>& arguments, const char* option, const std::string& value) {
  if (value.empty()) return;
  arguments.emplace_back(option);
  arguments.push_back(value);
}

/// What every point is started with.
std::vector<std::string> arguments_of(const BacktestOptions& o) {
  std::vector<std::string> a{"backtest", o.config, "--json"};
  for (const std::string& file : o.overrides.data) add(a, "--data", file);
  add(a, "--from", o.from);
  add(a, "--to", o.to);
  add(a, "--for", o.duration);
  if (o.overrides.events_max) add(a, "--events", std::to_string(*o.overrides.events_max));
  add(a, "--clock-offset", o.overrides.clock_offset_file);
  for (const std::string& setting : o.overrides.settings) add(a, "--set", setting);
  if (o.overrides.in_sample) a.emplace_back("--in-sample");
  return a;
}

Result<void> make_folder(const std::string& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  if (fs::exists(folder, error) && !(fs::is_directory(folder, error) && fs::is_empty(folder))) {
    return fail_usage("--out '" + folder + "' holds something already; name a new or empty folder");
  }
  fs::create_directories(folder, error);
  if (error) return fail_usage("--out '" + folder + "' cannot be made: " + error.message());
  return {};
}

/// One line on standard error whenever a point has ended.
class GridProgress {
 public:
  explicit GridProgress(std::size_t points) : points_(points) {}
  bool tell(std::size_t done, std::size_t failed, std::size_t running) {
    if (done != said_) {
      std::fprintf(stderr, "pinstripe: grid: %zu of %zu done, %zu failed, %zu running\n", done,
                   points_, failed, running);
    }
    said_ = done;
    return !stop_requested();
  }

 private:
  std::size_t points_;
  std::size_t said_ = 0;
};

}  // namespace

Exit run_backtest_grid(const BacktestOptions& options) {
  install_stop_signals();
  const auto points = read_grid(options.grid);
  if (!points) return report_error(points.error(), options.json);
  if (auto made = make_folder(options.out); !made) return report_error(made.error(), options.json);
  GridRun run;
  run.program = program_folder() + "/pinstripe";
  run.arguments = arguments_of(options);
  run.jobs = options.jobs > 0 ? options.jobs : std::max<std::size_t>(allowed_cores().size(), 1);
  run.out = options.out;
  GridProgress progress(points->size());
  run.each_look = [&](std::size_t done, std::size_t failed, std::size_t running) {
    return progress.tell(done, failed, running);
  };
  const std::vector<GridRow> rows = run_grid(*points, run);
  const std::string json = grid_json(rows) + "\n";
  if (!options.out.empty()) {
    std::ofstream file(options.out + "/grid.json", std::ios::binary);
    file << json;
    file.close();
    if (!file) {
      return report_error(Error{"cannot write '" + options.out + "/grid.json'; is the disk full?",
                                Exit::kFailed},
                          options.json);
    }
  }
  std::fputs(options.json ? json.c_str() : grid_text(rows).c_str(), stdout);
  const bool failed = std::any_of(rows.begin(), rows.end(),
                                  [](const GridRow& row) { return !row.error.empty(); });
  return failed ? Exit::kFailed : Exit::kDone;
}

}  // namespace pinstripe
