// The arguments of the benches that take more than --json and --quick.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "bench/bench_options.h"

namespace pinstripe::bench {

/// Reads the arguments into what `app` was told of; the exit status where they were answered (help,
/// or wrong).
inline std::optional<int> parse_arguments(CLI::App& app, int argc, char** argv, const char* name) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return refuse_arguments(argc, argv, name, e.what());
  }
  return std::nullopt;
}

}  // namespace pinstripe::bench
