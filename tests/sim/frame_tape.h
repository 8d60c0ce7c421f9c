// A short tape of the synthetic market, and what a bad feed makes of it: frames late, twice, out of
// order, missing.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "feed/frame.h"
#include "feed/synthetic.h"
#include "shm/base/state_io.h"
#include "shm/run/journal_layout.h"

namespace pinstripe::sim {

/// Shares of frames that meet each fault, in 1/1000.
struct FeedFaults {
  unsigned late = 0;
  unsigned twice = 0;
  unsigned swapped = 0;
  unsigned missing = 0;
};

class FrameTape {
 public:
  FrameTape(const SyntheticConfig& market, std::size_t frames, const FeedFaults& faults,
            std::mt19937_64& rng);
  const std::vector<FeedFrame>& frames() const { return frames_; }

 private:
  void keep(const FeedFrame& frame, TimeNs at);

  std::vector<std::unique_ptr<std::uint64_t[]>> bytes_;
  std::vector<FeedFrame> frames_;  // times never go back: they are receive times
};

/// Reads a tape; can be read again, as a file can.
class TapeSource {
 public:
  TapeSource(const FrameTape& tape, std::uint64_t frames_max)
      : frames_(tape.frames()), end_(std::min<std::uint64_t>(frames_max, frames_.size())) {}
  const FeedFrame* peek() const noexcept { return at_ < end_ ? &frames_[at_] : nullptr; }
  void pop() noexcept { ++at_; }
  FeedPosition position() const noexcept { return {.offset = at_}; }
  void save(StateWriter& w) const noexcept { w.u64(at_); }
  Result<void> load(StateReader& r) {
    at_ = r.u64();
    return {};
  }

 private:
  const std::vector<FeedFrame>& frames_;
  std::uint64_t end_;
  std::uint64_t at_ = 0;
};

}  // namespace pinstripe::sim
