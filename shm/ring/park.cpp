#include "shm/ring/park.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace pinstripe {

namespace park_detail {

// Until a process has registered it must fence: a parker's membarrier does not reach it.
std::atomic<bool> uses_fences{true};

namespace {

long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); }

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) noexcept {
  // Not FUTEX_PRIVATE: the word is shared between processes.
  return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, timeout,
                   nullptr, 0);
}

}  // namespace

void wake(ParkWord& word) noexcept {
  if (word.parked.exchange(0, std::memory_order_seq_cst) == 0) return;  // another neighbour did it
  word.wakes.fetch_add(1, std::memory_order_relaxed);
  futex(word.parked, FUTEX_WAKE, INT_MAX, nullptr);
}

void barrier() noexcept {
  // A full fence here in every case; the membarrier makes it one on all registered publishers too.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!uses_fences.load(std::memory_order_relaxed)) membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

bool sleep(ParkWord& word, TimeNs timeout) noexcept {
  const timespec limit{static_cast<time_t>(timeout.value / kNsPerSecond),
                       static_cast<long>(timeout.value % kNsPerSecond)};
  const long rc = futex(word.parked, FUTEX_WAIT, 1, &limit);
  const bool timed_out = rc != 0 && errno == ETIMEDOUT;
  word.parked.store(0, std::memory_order_relaxed);
  return !timed_out;
}

}  // namespace park_detail

bool register_membarrier() noexcept {
  const long rc = park_detail::membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
  park_detail::uses_fences.store(rc != 0, std::memory_order_relaxed);
  return rc == 0;
}

bool parking_uses_fences() noexcept {
  return park_detail::uses_fences.load(std::memory_order_relaxed);
}

void wake_always(ParkWord& word) noexcept {
  word.parked.store(0, std::memory_order_seq_cst);
  park_detail::futex(word.parked, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace pinstripe
