// The grid file, and the runs of its points.
#include "tools/backtest/grid.h"

#include <algorithm>
#include <fstream>
#include <list>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tools/backtest/grid_job.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLookMs = 200;
constexpr const char* kAllowed =
    "allowed is {\"key.path\": [value, ...], ...} with a value or more for every key";

Result<Json> load_grid(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail_usage("--grid: cannot open '" + file + "'");
  std::stringstream text;
  text << in.rdbuf();
  const Json grid = Json::parse(text.str(), nullptr, false, true);
  if (grid.is_discarded()) return fail_usage("--grid '" + file + "' is not valid JSON");
  if (!grid.is_object() || grid.empty()) {
    return fail_usage("--grid '" + file + "' holds no keys; " + kAllowed);
  }
  for (const auto& [key, values] : grid.items()) {
    if (!values.is_array() || values.empty()) {
      return fail_usage("--grid '" + file + "', key '" + key + "': found " +
                        values.dump().substr(0, 60) + "; " + kAllowed);
    }
  }
  return grid;
}

/// "0007" of 9,999 runs.
std::string folder_name(std::size_t run, std::size_t runs) {
  const std::string digits = std::to_string(run + 1);
  const std::size_t width = std::to_string(runs).size();
  return std::string(width - digits.size(), '0') + digits;
}

std::vector<std::string> command_of(const GridRun& run, const GridRow& row) {
  std::vector<std::string> command{run.program};
  command.insert(command.end(), run.arguments.begin(), run.arguments.end());
  for (const std::string& setting : row.point.settings) {
    command.push_back("--set");
    command.push_back(setting);
  }
  if (!row.folder.empty()) {
    command.push_back("--out");
    command.push_back(row.folder);
  }
  return command;
}

void take_end(GridJob& job, GridRow& row) {
  const Json said = Json::parse(job.output(), nullptr, false);
  if (job.clean() && said.is_object() && said.value("stopped", false)) {
    row.error = "stopped before the end of the data";
  } else if (job.clean() && said.is_object()) {
    row.result = said.dump();
  } else if (said.is_object() && said.contains("error")) {
    row.error = said.at("error").get<std::string>();
  } else {
    const std::string last = job.last_complaint();
    row.error = job.end_text() + (last.empty() ? "" : ": " + last);
  }
}

}  // namespace

Result<std::vector<GridPoint>> read_grid(const std::string& file) {
  auto grid = load_grid(file);
  if (!grid) return std::unexpected(grid.error());
  std::vector<GridPoint> points(1);
  for (const auto& [key, values] : grid->items()) {
    if (points.size() * values.size() > kGridPointsMax) {
      return fail_usage("--grid '" + file + "' spans more than " +
                        std::to_string(kGridPointsMax) + " runs, which is the most");
    }
    std::vector<GridPoint> longer;
    for (const GridPoint& point : points) {
      for (const Json& value : values) {
        longer.push_back(point);
        longer.back().settings.push_back(key + "=" + value.dump());
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<GridRow> run_grid(const std::vector<GridPoint>& points, const GridRun& run) {
  std::vector<GridRow> rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    rows.push_back({points[i], "", "", ""});
    if (!run.out.empty()) rows[i].folder = run.out + "/" + folder_name(i, points.size());
  }
  struct Running {
    std::size_t row;
    GridJob job;
  };
  std::list<Running> running;
  std::size_t next = 0, done = 0, failed = 0;
  bool stopped = false;
  while (next < rows.size() || !running.empty()) {
    while (!stopped && next < rows.size() && running.size() < std::max<std::size_t>(run.jobs, 1)) {
      running.push_back({next, GridJob(command_of(run, rows[next]))});
      ++next;
    }
    if (stopped) {
      for (; next < rows.size(); ++next, ++done, ++failed) rows[next].error = "not run: stopped";
    }
    wait_for_jobs(running, kLookMs);
    for (auto at = running.begin(); at != running.end();) {
      if (!at->job.ended()) {
        ++at;
        continue;
      }
      take_end(at->job, rows[at->row]);
      ++done;
      failed += rows[at->row].error.empty() ? 0 : 1;
      at = running.erase(at);
    }
    if (stopped || !run.each_look || run.each_look(done, failed, running.size())) continue;
    stopped = true;
    for (Running& r : running) r.job.stop();
  }
  return rows;
}

}  // namespace pinstripe
