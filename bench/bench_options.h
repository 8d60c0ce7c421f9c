// What the small benches take: --json and --quick.
#pragma once

#include <cstdio>
#include <optional>
#include <string_view>

namespace pinstripe::bench {

struct BenchOptions {
  bool json = false;
  bool quick = false;                   // tiny, for the tests
  std::optional<int> exit;              // help, or a wrong argument: it was answered
};

inline BenchOptions read_options(int argc, char** argv, const char* name) {
  BenchOptions o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    o.json |= arg == "--json";
    o.quick |= arg == "--quick";
    if (arg == "--json" || arg == "--quick") continue;
    std::fprintf(stderr, "usage: pinstripe-bench-%s [--json] [--quick]\n", name);
    o.exit = arg == "--help" ? 0 : 2;
    break;
  }
  return o;
}

}  // namespace pinstripe::bench
