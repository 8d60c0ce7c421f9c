#include "shm/run/process.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace pinstripe {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_stop_signal(int) { g_stop.store(true, std::memory_order_relaxed); }

}  // namespace

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return cores;
  for (int c = 0; c < CPU_SETSIZE; ++c) {
    if (CPU_ISSET(c, &set)) cores.push_back(c);
  }
  return cores;
}

Result<void> pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core >= 0 && core < CPU_SETSIZE) CPU_SET(core, &set);
  if (core < 0 || core >= CPU_SETSIZE || ::sched_setaffinity(0, sizeof(set), &set) != 0) {
    std::string allowed;
    for (const int c : allowed_cores()) allowed += (allowed.empty() ? "" : ",") + std::to_string(c);
    return fail_usage("cannot pin to core " + std::to_string(core) +
                      ": it does not exist or this process may not use it; allowed cores: " +
                      allowed + "; change the stage's `core` in the config");
  }
  return {};
}

int current_core() noexcept { return ::sched_getcpu(); }

std::string lock_all_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return "";
  const std::string why = ::strerror(errno);
  ::munlockall();
  return "memory is not locked (" + why +
         "); page faults may cost milliseconds. Raise the limit: ulimit -l unlimited";
}

void install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);  // the terminal was closed
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

bool stop_requested() noexcept { return g_stop.load(std::memory_order_relaxed); }
void request_stop() noexcept { g_stop.store(true, std::memory_order_relaxed); }

Result<void> die_with_parent(int parent_pid) {
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
    return fail(std::string("cannot tie this stage to its supervisor: ") + ::strerror(errno));
  }
  if (::getppid() != parent_pid) {
    return fail("the supervisor (pid " + std::to_string(parent_pid) + ") has died already");
  }
  return {};
}

KernelCounts kernel_counts() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return {usage.ru_nvcsw, usage.ru_nivcsw, usage.ru_minflt, usage.ru_majflt};
}

}  // namespace pinstripe
