// Two pinned processes over shared memory, for the ring bench: start, stamps, order statistics.
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <vector>

#include "bench/machine.h"

namespace pinstripe::bench {

/// Anonymous memory that forked processes share, zeroed, touched by the first user.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
    void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED) {
      std::perror("mmap");
      std::exit(1);
    }
    base_ = static_cast<std::byte*>(p);
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { ::munmap(base_, bytes_); }
  std::span<std::byte> bytes() const noexcept { return {base_, bytes_}; }

 private:
  std::byte* base_;
  std::size_t bytes_;
};

/// Runs `role` in a forked process, pinned; `join` waits for it.
class Peer {
 public:
  Peer(int core, const std::function<void()>& role) : pid_(::fork()) {
    if (pid_ != 0) return;
    if (core >= 0) pin(core);
    role();
    ::_exit(0);
  }
  void join() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (status != 0) {
      std::fprintf(stderr, "a bench process ended with status %d\n", status);
      std::exit(1);
    }
  }

 private:
  pid_t pid_;
};

/// One look round in a waiting loop, as shm/run/idle.h spins. Gives the core away now and then,
/// for machines on which both ends share one; on cores of their own a hand-over is far shorter
/// than this.
class SpinWait {
 public:
  void operator()() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
    if (++looks_ % 20'000 == 0) ::sched_yield();
  }

 private:
  std::uint32_t looks_ = 0;
};

struct Latency {
  double p50_ns = 0;
  double p99_ns = 0;
};

/// One-way times from round trips in ticks.
inline Latency one_way(std::vector<std::uint64_t>& round_trips, double tick_ns) {
  std::sort(round_trips.begin(), round_trips.end());
  const auto at = [&](double f) {
    const auto i = static_cast<std::size_t>(f * static_cast<double>(round_trips.size() - 1));
    return static_cast<double>(round_trips[i]) * tick_ns / 2;
  };
  return {at(0.5), at(0.99)};
}

/// `messages` since `start` (read_counter), a second.
inline double per_second(std::uint64_t messages, std::uint64_t start, double tick_ns) {
  const double passed_ns = static_cast<double>(read_counter() - start) * tick_ns;
  return static_cast<double>(messages) * 1e9 / passed_ns;
}

/// The middle of several runs, and how far they lie apart.
struct Spread {
  double median = 0, min = 0, max = 0;
};

inline Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

}  // namespace pinstripe::bench
