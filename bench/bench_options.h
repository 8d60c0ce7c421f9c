// What all benches do with their arguments, and what the small ones take: --json and --quick.
#pragma once

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace pinstripe::bench {

struct BenchOptions {
  bool json = false;
  bool quick = false;                   // tiny, for the tests
  std::optional<int> exit;              // help, or a wrong argument: it was answered
};

/// Says what is wrong with the arguments, as {"error": ...} where --json stands among them. Gives the
/// exit status.
inline int refuse_arguments(int argc, char** argv, const char* name, const std::string& problem) {
  const bool json =
      std::any_of(argv + 1, argv + argc, [](std::string_view arg) { return arg == "--json"; });
  const std::string text = "bench " + std::string(name) + ": " + problem +
                           "; see 'pinstripe bench " + name + " --help'";
  if (json) {
    std::printf("%s\n", nlohmann::json{{"error", text}}.dump().c_str());
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  return 2;
}

inline BenchOptions read_options(int argc, char** argv, const char* name) {
  BenchOptions o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    o.json |= arg == "--json";
    o.quick |= arg == "--quick";
    if (arg == "--json" || arg == "--quick") continue;
    if (arg == "--help") {
      std::printf("usage: pinstripe-bench-%s [--json] [--quick]\n", name);
      o.exit = 0;
    } else {
      o.exit = refuse_arguments(argc, argv, name, "unknown argument '" + std::string(arg) +
                                                      "'; allowed: --json, --quick");
    }
    break;
  }
  return o;
}

}  // namespace pinstripe::bench
