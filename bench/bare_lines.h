// What two pinned processes can do with bare cache lines: the bounds beside which the ring stands.
//
//   line    one 8-byte store there and one back, always to the same two lines
//   walk    the same, each time on the next of as many lines as the ring has slots
//   stream  one 8-byte store to each line in order, read on the other side: lines/s
// The ring touches a new line a message, as walk and stream do; a processor may hand over a line
// that it has just handed over faster than that.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/ring_peers.h"
#include "shm/ring/ring_word.h"

namespace pinstripe::bench {

/// `count` lines of 64 bytes in shared memory (a power of two); the first word of each is used.
class Lines {
 public:
  explicit Lines(std::uint64_t count)
      : mask_(count - 1),
        memory_(count * 64),
        words_(reinterpret_cast<std::uint64_t*>(memory_.bytes().data())) {}
  std::uint64_t* at(std::uint64_t n) const noexcept { return words_ + (n & mask_) * 8; }

 private:
  std::uint64_t mask_;
  SharedMemory memory_;
  std::uint64_t* words_;
};

inline void await(const std::uint64_t* word, std::uint64_t value) noexcept {
  SpinWait wait;
  while (ring_word::load_acquire(word) != value) wait();
}

/// One way over bare lines, `lines` of them in turn each way (a power of two; 1: always the same).
inline Latency line_latency(std::uint64_t round_trips, std::uint64_t lines, int peer_core,
                            double tick_ns) {
  const Lines there(lines), back(lines);
  Peer echo(peer_core, [&] {
    for (std::uint64_t n = 1; n <= round_trips; ++n) {
      await(there.at(n), n);
      ring_word::store_release(back.at(n), n);
    }
  });
  std::vector<std::uint64_t> times(round_trips);
  for (std::uint64_t n = 1; n <= round_trips; ++n) {
    const std::uint64_t start = read_counter();
    ring_word::store_release(there.at(n), n);
    await(back.at(n), n);
    times[n - 1] = read_counter() - start;
  }
  echo.join();
  return one_way(times, tick_ns);
}

/// Lines/s through a bare stream of `messages` words over `lines` lines (above kLinesPerRelease);
/// the reader says every kLinesPerRelease lines how far it is.
inline double line_stream(std::uint64_t messages, std::uint64_t lines, int peer_core,
                          double tick_ns) {
  constexpr std::uint64_t kLinesPerRelease = 256;
  const Lines stream(lines), cursor(1);
  Peer sender(peer_core, [&] {
    SpinWait wait;
    std::uint64_t room_until = lines;
    for (std::uint64_t n = 0; n < messages; ++n) {
      while (n == room_until) {
        wait();
        room_until = ring_word::load_acquire(cursor.at(0)) + lines;
      }
      ring_word::store_release(stream.at(n), n + 1);
    }
  });
  await(stream.at(0), 1);
  const std::uint64_t start = read_counter();
  for (std::uint64_t n = 0; n < messages; ++n) {
    await(stream.at(n), n + 1);
    if ((n + 1) % kLinesPerRelease == 0) ring_word::store_release(cursor.at(0), n + 1);
  }
  const double result = per_second(messages, start, tick_ns);
  sender.join();
  return result;
}

}  // namespace pinstripe::bench
