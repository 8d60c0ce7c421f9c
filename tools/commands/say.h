// What the command tells people beside its result: lines on standard error.
#pragma once

#include <cstdio>
#include <string>

namespace pinstripe {

inline void say(const std::string& line) {
  std::fprintf(stderr, "pinstripe: %s\n", line.c_str());
}

}  // namespace pinstripe
