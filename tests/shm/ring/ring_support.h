// What the ring tests share: numbered market events whose every byte follows from their number.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "shm/msg/market_event.h"
#include "shm/ring/ring.h"
#include "shm/ring/tap.h"
#include "tests/support/temp_dir.h"

namespace pinstripe::ring_test {

inline RingShape shape(std::uint64_t capacity) {
  return ring_shape<MarketEvent>(capacity, 7, FullPolicy::kWait);
}

inline void fill(MarketEvent& e, std::uint64_t n) noexcept {
  const auto v = static_cast<std::int64_t>(random_draw(1, 2, n, 3));
  e.h.event_ns = TimeNs(v);
  e.h.origin_ns = TimeNs(v + 1);
  e.h.cause_seq = static_cast<std::uint32_t>(n);
  e.h.cause_ring = 1;
  e.h.type = MsgType::kTrade;
  e.h.flags = 0;
  e.h.instrument = static_cast<std::uint16_t>(n);
  e.h.lane = 0;
  e.h.venue_offset_us = static_cast<std::int32_t>(n);
  e.h.publish_ticks = static_cast<std::uint32_t>(n);
  e.h.origin_ticks = static_cast<std::uint32_t>(n);
  e.a = static_cast<std::int64_t>(n);
  e.b = v + 2;
}

/// Every field is that of message `n`: nothing of another message shows.
inline bool holds(const MarketEvent& e, std::uint64_t n) noexcept {
  const auto v = static_cast<std::int64_t>(random_draw(1, 2, n, 3));
  return e.h.event_ns == TimeNs(v) && e.h.origin_ns == TimeNs(v + 1) &&
         e.h.cause_seq == static_cast<std::uint32_t>(n) &&
         e.h.publish_ticks == static_cast<std::uint32_t>(n) &&
         e.a == static_cast<std::int64_t>(n) && e.b == v + 2;
}

/// Publishes message `n`; asks for room first, as every producer must. A full ring stops in claim.
template <class Producer>
void push(Producer& p, std::uint64_t n) noexcept {
  static_cast<void>(p.has_room(1));
  fill(p.claim(), n);
  p.commit();
}

inline const MarketEvent& event(const MsgHeader* h) noexcept {
  return *reinterpret_cast<const MarketEvent*>(h);
}

/// In /dev/shm, where rings lie.
struct TempDir : pinstripe::TempDir {
  TempDir() : pinstripe::TempDir("/dev/shm") {}
};

}  // namespace pinstripe::ring_test
