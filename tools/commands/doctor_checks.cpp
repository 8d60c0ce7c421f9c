#include "tools/commands/doctor_checks.h"

#include <linux/membarrier.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "shm/run/process.h"
#include "shm/run/syscall_filter.h"

namespace pinstripe {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

namespace {

Finding cores_finding() {
  const std::size_t cores = allowed_cores().size();
  Finding f{"cores", Health::kGood, std::to_string(cores) + " usable", ""};
  if (cores < 5) {
    f.health = Health::kNote;
    f.advice = "five stages share them: 'auto' then yields instead of spinning";
  }
  return f;
}

Finding governor_finding() {
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (governor.empty()) return {"governor", Health::kGood, "none (virtual machine or fixed)", ""};
  if (governor == "performance") return {"governor", Health::kGood, governor, ""};
  return {"governor", Health::kNote, governor,
          "for steady latencies: cpupower frequency-set -g performance"};
}

Finding huge_pages_finding() {
  const std::string mode = first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  if (mode.empty()) return {"huge_pages", Health::kNote, "not available for shared memory", ""};
  const bool usable = mode.find("[advise]") != std::string::npos ||
                      mode.find("[always]") != std::string::npos ||
                      mode.find("[within_size]") != std::string::npos;
  if (usable) return {"huge_pages", Health::kGood, mode, ""};
  return {"huge_pages", Health::kNote, mode,
          "rings use small pages; to change: echo advise > "
          "/sys/kernel/mm/transparent_hugepage/shmem_enabled"};
}

Finding clock_finding() {
  const std::string source =
      first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::stringstream all;
  all << cpuinfo.rdbuf();
  const std::string text = all.str();
  const bool invariant = text.find("constant_tsc") != std::string::npos &&
                         text.find("nonstop_tsc") != std::string::npos;
  Finding f{"clock", Health::kGood,
      "clock source " + source + (invariant ? ", invariant counter" : ""),
            ""};
#if defined(__x86_64__)
  if (!invariant) {
    f.health = Health::kNote;
    f.advice = "the processor does not promise an invariant counter: latencies may drift";
  }
#endif
  return f;
}

Finding memory_lock_finding() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (geteuid() == 0 || limit.rlim_cur == RLIM_INFINITY) {
    return {"memory_lock", Health::kGood, "unlimited", ""};
  }
  const std::string kib = std::to_string(limit.rlim_cur / 1024) + " KiB";
  if (limit.rlim_cur >= (std::uint64_t{256} << 20)) return {"memory_lock", Health::kGood, kib, ""};
  return {"memory_lock", Health::kNote, kib,
          "memory may be paged out under pressure; raise it: ulimit -l, or memlock in "
          "/etc/security/limits.conf"};
}

Finding shared_memory_finding() {
  struct statvfs s{};
  if (statvfs("/dev/shm", &s) != 0) {
    return {"shared_memory", Health::kBad, "no /dev/shm",
        "mount a tmpfs there: mount -t tmpfs tmpfs "
                                                          "/dev/shm"};
  }
  const std::uint64_t free_mib = s.f_bavail * s.f_frsize >> 20;
  const std::string found = std::to_string(free_mib) + " MiB free in /dev/shm";
  if (free_mib >= 32) return {"shared_memory", Health::kGood, found, ""};
  return {"shared_memory", Health::kBad, found,
          "a session needs about 8 MiB: enlarge it with mount -o remount,size=256m /dev/shm"};
}

Finding membarrier_finding() {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0) {
    return {"membarrier", Health::kGood, "global expedited", ""};
  }
  return {"membarrier", Health::kNote, "missing",
          "parking stages use full fences instead, which cost throughput"};
}

Finding seccomp_finding() {
  const std::string missing = syscall_filter_missing();
  if (missing.empty()) return {"seccomp", Health::kGood, "filters", ""};
  return {"seccomp", Health::kNote, missing,
          "features, models and risk run without their filter of system calls: use a kernel with "
          "CONFIG_SECCOMP_FILTER, or a container that lets them install one"};
}

Finding numa_finding() {
  const std::string nodes = first_line("/sys/devices/system/node/online");
  return {"numa", Health::kGood, nodes.empty() || nodes == "0" ? "one node" : "nodes " + nodes, ""};
}

}  // namespace

std::vector<Finding> machine_findings() {
  return {cores_finding(),       governor_finding(),      huge_pages_finding(), clock_finding(),
          memory_lock_finding(), shared_memory_finding(), membarrier_finding(), seccomp_finding(),
          numa_finding()};
}

}  // namespace pinstripe
