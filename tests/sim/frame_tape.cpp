#include "tests/sim/frame_tape.h"

#include <algorithm>
#include <cstring>

namespace pinstripe::sim {

void FrameTape::keep(const FeedFrame& frame, TimeNs at) {
  const std::size_t bytes = frame.bytes.size();
  bytes_.push_back(std::make_unique<std::uint64_t[]>((bytes + kFramePadding) / 8 + 1));
  std::memcpy(bytes_.back().get(), frame.bytes.data(), bytes);
  FeedFrame copy = frame;
  copy.bytes = {reinterpret_cast<const char*>(bytes_.back().get()), bytes};
  copy.origin_ns = at;
  frames_.push_back(copy);
}

FrameTape::FrameTape(const SyntheticConfig& market, std::size_t frames, const FeedFaults& faults,
                     std::mt19937_64& rng) {
  constexpr std::int64_t kLatestNs = 5 * kNsPerMs;
  const auto meets = [&](unsigned share) { return rng() % 1000 < share; };
  const auto some_time = [&] { return TimeNs(static_cast<std::int64_t>(rng() % kLatestNs)); };
  SyntheticSource source(market);
  for (const FeedFrame* f = source.peek(); f != nullptr && frames_.size() < frames;
       f = source.peek()) {
    if (!meets(faults.missing)) {
      keep(*f, f->origin_ns + (meets(faults.late) ? some_time() : TimeNs{}));
      if (meets(faults.twice)) keep(*f, f->origin_ns + some_time());
    }
    source.pop();
  }
  // Late ones are overtaken by those behind them.
  std::ranges::stable_sort(frames_, {}, [](const FeedFrame& f) { return f.origin_ns; });
  for (std::size_t i = 1; i < frames_.size(); ++i) {
    if (!meets(faults.swapped)) continue;
    std::swap(frames_[i], frames_[i - 1]);
    std::swap(frames_[i].origin_ns, frames_[i - 1].origin_ns);
  }
  for (std::size_t i = 0; i < frames_.size(); ++i) frames_[i].line = i + 1;
}

}  // namespace pinstripe::sim
