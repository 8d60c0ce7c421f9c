// Process set-up of a stage: where it runs, what stops it, what the kernel counted for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

/// Cores this process may run on now (its inherited affinity), ascending.
std::vector<int> allowed_cores();
/// Pins the calling thread to `core`; refuses a core that does not exist or is not allowed, naming
/// those that are.
Result<void> pin_to_core(int core);
/// The core the calling thread runs on.
int current_core() noexcept;

/// Locks present and future pages; returns a warning for people where the right is missing, "" if
/// fine.
std::string lock_all_memory();

/// SIGTERM and SIGINT ask for an orderly stop; the handler only sets a flag. SIGPIPE is ignored.
void install_stop_signals();
/// True once a stop was asked for.
bool stop_requested() noexcept;
/// For tools that catch Ctrl-C themselves and for tests.
void request_stop() noexcept;

/// Asks the kernel to send SIGTERM when the parent dies, and checks that it has not died already.
Result<void> die_with_parent(int parent_pid);

/// What the kernel has counted for the calling thread since it began.
struct KernelCounts {
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;
};
KernelCounts kernel_counts() noexcept;

}  // namespace pinstripe
