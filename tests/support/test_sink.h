// A sink for tests: collects what a stage writes, with the header filled as the runner fills it.
#pragma once

#include <vector>

#include "shm/msg/header.h"

namespace pinstripe {

/// Collects (port, message). Set `now`, `cause` before each on_event, or call `prepare`.
template <class Out>
class TestSink {
 public:
  struct Entry {
    unsigned port;
    Out message;
  };

  /// Header that claims start from: as the runner does it, from the input's header (or none).
  void prepare(TimeNs now, const MsgHeader* cause) {
    header_ = MsgHeader{};
    header_.event_ns = now;
    header_.origin_ns = cause != nullptr ? cause->origin_ns : now;
    if (cause != nullptr) {
      header_.instrument = cause->instrument;
      header_.lane = cause->lane;
      header_.venue_offset_us = cause->venue_offset_us;
      header_.cause_seq = static_cast<std::uint32_t>(cause->word / 2);
    }
    if constexpr (requires { Out::kType; }) header_.type = Out::kType;
  }
  Out& claim(unsigned port) noexcept {
    pending_ = Entry{port, Out{}};
    pending_.message.h = header_;
    return pending_.message;
  }
  void commit(unsigned port) noexcept {
    pending_.port = port;
    entries.push_back(pending_);
  }

  std::vector<Entry> entries;

 private:
  Entry pending_{};
  MsgHeader header_{};
};

}  // namespace pinstripe
