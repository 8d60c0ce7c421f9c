// Output of one feed turn, before it goes to the ports: a flat queue with room taken at start.
//
// Flags of the last message a port gets of one venue message are known only at the end of it, so
// the messages wait here; longer output (a fresh book) leaves in bursts.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/base/check.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

/// Bits of the ports an event goes to.
enum FeedPort : std::uint8_t { kToFeatures = 1, kToRisk = 2, kToExec = 4, kToAll = 7 };
inline constexpr unsigned kFeedPorts = 3;

struct OutEvent {
  std::int64_t a = 0;
  std::int64_t b = 0;
  MsgType type = MsgType::kNone;
  std::uint8_t flags = 0;
  std::uint8_t ports = 0;
  std::uint8_t end_ports = 0;  // ports for which this is the last of the venue message
  std::uint16_t instrument = kNoInstrument;
  std::uint16_t spare = 0;
};

class OutQueue {
 public:
  explicit OutQueue(std::size_t capacity) : events_(capacity) {}

  void push(MsgType type, std::uint8_t flags, std::int64_t a, std::int64_t b,
            std::uint8_t ports) noexcept {
    PINSTRIPE_CHECK(count_ < events_.size(), "feed output queue is full");
    OutEvent& e = events_[count_++];
    e.a = a;
    e.b = b;
    e.type = type;
    e.flags = flags;
    e.ports = static_cast<std::uint8_t>(ports & allowed_);
    e.end_ports = 0;
    e.instrument = instrument_;
  }
  /// From here on events belong to this instrument.
  void begin_update(std::uint16_t instrument) noexcept {
    instrument_ = instrument;
    update_begin_ = count_;
  }
  /// Flags the last event of each port since begin_update.
  void end_update() noexcept {
    std::uint8_t open = kToAll;
    for (std::size_t i = count_; i > update_begin_ && open != 0; --i) {
      OutEvent& e = events_[i - 1];
      e.end_ports = e.ports & open;
      open = static_cast<std::uint8_t>(open & ~e.ports);
    }
    update_begin_ = count_;
  }
  /// The venue message being published has something to say to one of `ports`.
  bool reaches(std::uint8_t ports) const noexcept {
    for (std::size_t i = count_; i > update_begin_; --i) {
      if ((events_[i - 1].ports & ports) != 0) return true;
    }
    return false;
  }
  /// Restricts what follows to some ports (a fresh book for one that has room again).
  void restrict_to(std::uint8_t ports) noexcept { allowed_ = ports; }

  /// A place to come back to: what was pushed after it is taken back (a rebuild in silence).
  std::size_t mark() const noexcept { return count_; }
  void rewind(std::size_t mark) noexcept { count_ = mark; }

  bool empty() const noexcept { return head_ == count_; }
  std::size_t size() const noexcept { return count_ - head_; }
  const OutEvent& front() const noexcept { return events_[head_]; }
  void pop() noexcept {
    if (++head_ == count_) head_ = count_ = update_begin_ = 0;
  }

  bool is_pending = false;   // more will be pushed in a continued turn
  TimeNs origin_ns;                                // of everything in the queue
  std::int32_t venue_offset_us = kNoVenueStamp;

 private:
  std::vector<OutEvent> events_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t update_begin_ = 0;
  std::uint16_t instrument_ = kNoInstrument;
  std::uint8_t allowed_ = kToAll;
};

}  // namespace pinstripe
