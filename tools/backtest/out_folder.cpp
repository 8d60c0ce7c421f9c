#include "tools/backtest/out_folder.h"

#include <filesystem>
#include <fstream>

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text << "\n";
  out.close();
  if (!out) return fail("cannot write '" + path + "'; is the disk full?");
  return {};
}

}  // namespace

Result<void> make_out_folder(const std::string& folder, const SessionPlan& plan) {
  std::error_code error;
  const bool empty = fs::is_directory(folder, error) && fs::is_empty(folder, error);
  if (fs::exists(folder, error) && !empty) {
    return fail_usage("--out '" + folder + "' holds something already; name a new or empty folder");
  }
  fs::create_directories(folder, error);
  if (error) return fail_usage("--out '" + folder + "' cannot be made: " + error.message());
  return write_file(folder + "/config.json", resolved_json(plan));
}

Result<void> write_result(const std::string& folder, const BacktestResult& result) {
  return write_file(folder + "/result.json", result_json(result));
}

}  // namespace pinstripe
