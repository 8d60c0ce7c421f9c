// A grid of backtests: the same config under every combination of some values.
//
// Each point is a child process of its own, so a point that fails, or dies, takes nothing with it,
// and what it decides cannot depend on what runs beside it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

inline constexpr std::size_t kGridPointsMax = 10'000;

/// One combination: "key.path=value" as `--set` takes it, in the order of the grid's keys.
struct GridPoint {
  std::vector<std::string> settings;
};

/// The product of a grid file, {"key.path": [value, ...], ...}; the last key changes fastest.
/// Refuses an empty grid, a key without values, and more than kGridPointsMax points (usage).
Result<std::vector<GridPoint>> read_grid(const std::string& file);

/// What became of one point.
struct GridRow {
  GridPoint point;
  std::string folder;  // of its files; "": none
  std::string error;   // "": it ran to its end
  std::string result;  // JSON as `backtest --json` gives it; "" where it failed
};

struct GridRun {
  std::string program;                 // the pinstripe command
  std::vector<std::string> arguments;  // of every point: "backtest", the config, --json, ...
  std::size_t jobs = 1;                // points that run at the same time
  std::string out;                     // folder; point n writes its files into out/<n>; "": none
  /// Called after each point and about five times a second; false from it stops what runs.
  std::function<bool(std::size_t done, std::size_t failed, std::size_t running)> each_look;
};

/// Runs every point; the rows stand in the order of `points`.
std::vector<GridRow> run_grid(const std::vector<GridPoint>& points, const GridRun& run);

/// {"runs": [{"run", "settings", "out", "error", "result"}], "failed"}.
std::string grid_json(const std::vector<GridRow>& rows);
/// One line a run and settle asset; failed ones below with their error.
std::string grid_text(const std::vector<GridRow>& rows);

}  // namespace pinstripe
