// `bench`, `train` and `venue`: programs of their own beside this one; everything behind the verb
// is theirs.
#include <unistd.h>

#include <cerrno>
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "shm/run/config_node.h"
#include "tools/commands/options.h"
#include "tools/session/processes.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr const char* kBenchPrefix = "pinstripe-bench-";

Error no_program(const ProgramOptions& options, const std::string& folder) {
  if (!options.program.starts_with(kBenchPrefix)) {
    return Error{"no program '" + options.program + "' in '" + folder +
                     "'; build it with: cmake --build build/release --target " + options.program,
                 Exit::kUsage};
  }
  const std::string wanted = options.program.substr(std::strlen(kBenchPrefix));
  const std::vector<std::string> names = bench_names();
  std::string message = wanted.empty() ? "which bench?" : "no bench '" + wanted + "'";
  const std::string near = nearest_name(wanted, names);
  if (!wanted.empty() && !near.empty()) message += "; did you mean '" + near + "'?";
  message += names.empty() ? "; none is built: cmake --build build/release" : "; there are";
  for (const std::string& name : names) message += " " + name;
  return Error{message, Exit::kUsage};
}

}  // namespace

std::vector<std::string> bench_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(program_folder(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kBenchPrefix)) names.push_back(name.substr(std::strlen(kBenchPrefix)));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Exit run_program(const ProgramOptions& options) {
  const std::string folder = program_folder();
  const std::string path = folder + "/" + options.program;
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& a : options.arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  if (fs::is_regular_file(path)) execv(path.c_str(), argv.data());
  const auto& given = options.arguments;
  const bool json = std::find(given.begin(), given.end(), "--json") != given.end();
  return report_error(no_program(options, folder), json);
}

}  // namespace pinstripe
