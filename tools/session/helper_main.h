// The command line of a session's helper process: `--session NAME`, or `--help`.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

/// Runs `run(session)` and gives its exit status. `usage` is printed for --help, and where the
/// arguments are wrong.
template <class Run>
int helper_main(int argc, char** argv, const char* usage, Run&& run) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(usage, stdout);
    return static_cast<int>(Exit::kDone);
  }
  if (argc != 3 || std::strcmp(argv[1], "--session") != 0) {
    std::fputs(usage, stderr);
    return static_cast<int>(Exit::kUsage);
  }
  return run(std::string(argv[2]));
}

}  // namespace pinstripe
