// What `doctor` looks at: one finding a line, each with what to do.
#pragma once

#include <string>
#include <vector>

namespace pinstripe {

enum class Health { kGood, kNote, kBad };

struct Finding {
  std::string name;     // key in JSON: "cores", "governor" ...
  Health health = Health::kGood;
  std::string found;
  std::string advice;   // "" where nothing is to do
};

/// Cores, frequency governor, huge pages, clock source, memory lock, shared memory,
/// membarrier, seccomp, NUMA.
std::vector<Finding> machine_findings();
/// First line of a file, "" where it cannot be read.
std::string first_line(const std::string& path);

}  // namespace pinstripe
