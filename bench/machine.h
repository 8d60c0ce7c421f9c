// The machine under a bench: its name, the cores this process may use, its counter's rate.
#pragma once

#include <sched.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "shm/run/clock.h"

namespace pinstripe::bench {

inline std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

/// Cores of this process's affinity, ascending.
inline std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof(set), &set);
  std::vector<int> cores;
  for (int c = 0; c < CPU_SETSIZE; ++c) {
    if (CPU_ISSET(c, &set)) cores.push_back(c);
  }
  return cores;
}

/// Pins the calling thread.
inline void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof(set), &set) != 0) std::perror("sched_setaffinity");
}

/// Nanoseconds per tick of read_counter, measured over 20 ms.
inline double ns_per_tick() {
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t ticks = read_counter();
  auto now = start;
  while (now - start < std::chrono::milliseconds(20)) now = std::chrono::steady_clock::now();
  const std::uint64_t passed = read_counter() - ticks;
  return std::chrono::duration<double, std::nano>(now - start).count() /
         static_cast<double>(passed);
}

}  // namespace pinstripe::bench
