// Seeds that once went wrong, each with what was wrong. They stay here as tests; but what a seed
// draws may change with the simulator.
#pragma once

#include <cstdint>

namespace pinstripe::sim {

struct KnownSeed {
  std::uint64_t seed;
  bool real;  // tier
  const char* was;
};
inline constexpr KnownSeed kKnownSeeds[] = {
    {12, false, "exec waited for a checkpoint that could not count while its reports queued"},
    {0, false, "a feed whose ring was full asked for room to say again what the ring showed"},
    {1665, false, "a stop dropped a frame that the journal held; the next successor took it"},
    {137, true, "a halt cancelled orders at a time that risk's watermark had left behind"},
};

}  // namespace pinstripe::sim
