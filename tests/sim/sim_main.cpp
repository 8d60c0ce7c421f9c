#include <cstdio>
#include <cstdlib>
#include "tests/sim/toy_world.h"
using namespace pinstripe;
int main(int argc, char** argv) {
  std::uint64_t from = argc > 1 ? strtoull(argv[1],0,10) : 0, n = argc > 2 ? strtoull(argv[2],0,10) : 100;
  if (argc > 3) sim::fuse.mutant = static_cast<sim::Mutant>(atoi(argv[3]));
  sim::Counts c; int bad=0;
  for (std::uint64_t s = from; s < from + n; ++s) {
    auto v = sim::run_toy_seed(s);
    c += v.counts;
    if (!v.wrong.empty()) { printf("seed %lu: %s\n", s, v.wrong.c_str()); if (++bad > 10) break; }
  }
  printf("runs %lu turns %lu kills %lu in rejoin %lu torn %lu stalls %lu rejoins %lu loaded %lu stops %lu bad %d\n", c.runs,c.turns,c.kills,c.kills_in_rejoin,c.torn_tails,c.stalls,c.rejoins,c.checkpoints_loaded,c.stops,bad);
}
