// What is said where the command line itself is wrong.
#pragma once

#include <algorithm>
#include <string_view>

#include "shm/base/result.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace pinstripe {

/// The arguments ask for JSON: known also where they are too wrong to be taken apart.
inline bool asks_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc,
                     [](const char* a) { return std::string_view(a) == "--json"; });
}

/// Where `app` could not take the arguments: what is wrong, the nearest right verb or option, and
/// where to read more.
Error usage_error(const CLI::App& app, const CLI::ParseError& problem);

}  // namespace pinstripe
