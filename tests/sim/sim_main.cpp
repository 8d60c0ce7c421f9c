// pinstripe-sim: the fault simulator for hours. One seed is one session with faults; a seed that
// goes wrong is printed with what is wrong, and goes into tests/sim/seeds.h.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "tests/sim/real_world.h"
#include "tests/sim/seed_faults.h"
#include "tests/sim/toy_world.h"

namespace pinstripe::sim {
namespace {

constexpr const char* kUsage =
    "usage: pinstripe-sim [--seeds N] [--from S] [--minutes M] [--real] [--sweep]\n"
    "                     [--mutant NAME] [--json]\n"
    "  --seeds N      sessions, one a seed (1000)\n"
    "  --from S       the first seed (0)\n"
    "  --minutes M    at most so long; 0: no limit\n"
    "  --real         the five real stages; without it four toy stages, a hundred times faster\n"
    "  --sweep        the session of the first seed, killed at every step of every stage in turn,\n"
    "                 and once more in the recovery (real: at every 97th step)\n"
    "  --mutant NAME  with a broken protocol, to see that it is noticed\n"
    "  --json         one line for scripts\n"
    "exit 0: nothing went wrong; 3: a seed did; 2: wrong usage\n";

struct Options {
  std::uint64_t seeds = 1'000, from = 0, minutes = 0;
  bool real = false, json = false, sweep = false;
};

bool number_of(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool mutant_of(std::string_view name) {
  for (int m = 0; m < kMutants; ++m) {
    if (name != kMutantNames[m]) continue;
    fuse.mutant = static_cast<Mutant>(m);
    return true;
  }
  return false;
}

std::optional<Options> options_of(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--real") {
      o.real = true;
    } else if (name == "--sweep") {
      o.sweep = true;
    } else if (name == "--json") {
      o.json = true;
    } else if (i + 1 == argc) {
      return std::nullopt;
    } else if (name == "--mutant") {
      if (!mutant_of(argv[++i])) return std::nullopt;
    } else {
      std::uint64_t* to = name == "--seeds"     ? &o.seeds
                          : name == "--from"    ? &o.from
                          : name == "--minutes" ? &o.minutes
                                                : nullptr;
      if (to == nullptr || !number_of(argv[++i], *to)) return std::nullopt;
    }
  }
  return o;
}

void print(const Options& o, const Counts& c, std::uint64_t wrong, std::uint64_t first_wrong) {
  const char* tier = o.real ? "real" : "toy";
  const auto n = [](std::uint64_t v) { return static_cast<unsigned long long>(v); };
  if (!o.json) {
    std::printf("%s tier: %llu sessions from seed %llu: %llu wrong; %llu kills, %llu of them in a rejoin, "
                "%llu torn tails, %llu checkpoints loaded, %llu stalls, %llu orderly stops, "
                "%llu halts, %llu fills\n",
                tier, n(c.runs), n(o.from), n(wrong), n(c.kills), n(c.kills_in_rejoin),
                n(c.torn_tails), n(c.checkpoints_loaded), n(c.stalls), n(c.stops), n(c.halts),
                n(c.fills));
    return;
  }
  std::printf("{\"tier\":\"%s\",\"from\":%llu,\"seeds\":%llu,\"wrong\":%llu,\"first_wrong\":", tier,
              n(o.from), n(c.runs), n(wrong));
  if (wrong > 0) std::printf("%llu", n(first_wrong));
  else std::printf("null");
  std::printf(",\"kills\":%llu,\"kills_in_rejoin\":%llu,\"torn_tails\":%llu,"
              "\"checkpoints_loaded\":%llu,\"stalls\":%llu,\"stops\":%llu,\"halts\":%llu,"
              "\"fills\":%llu}\n",
              n(c.kills), n(c.kills_in_rejoin), n(c.torn_tails), n(c.checkpoints_loaded),
              n(c.stalls), n(c.stops), n(c.halts), n(c.fills));
}

/// Small rings and segments: what is killed has always something under way.
int run_sweep(const Options& o) {
  std::mt19937_64 rng(o.from);
  WorldShape shape;
  shape.batch = 3;
  if (o.real) {
    shape.capacity = 64;
    shape.journal = {4'096, 3};
  } else {
    shape.capacity = 4;
    shape.journal = {768, 3};
  }
  const MakeWorld make = o.real ? real_world(draw_real_scenario(rng))
                                : toy_world(toy::make_scenario(rng));
  const Sweep done = sweep(make, shape, o.real ? 97 : 1);
  for (const std::string& wrong : done.wrong) {
    std::fprintf(stderr, "pinstripe-sim: seed %llu: %s\n",
                 static_cast<unsigned long long>(o.from), wrong.c_str());
  }
  print(o, done.counts, done.wrong.size(), o.from);
  return done.wrong.empty() ? 0 : 3;
}

int run(const Options& o) {
  constexpr std::uint64_t kWrongMost = 20;
  Counts all;
  std::uint64_t wrong = 0, first_wrong = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t seed = o.from; seed < o.from + o.seeds && wrong < kWrongMost; ++seed) {
    const auto past = std::chrono::steady_clock::now() - began;
    if (o.minutes > 0 && past > std::chrono::minutes(o.minutes)) break;
    const Verdict v = o.real ? run_real_seed(seed) : run_toy_seed(seed);
    all += v.counts;
    if (v.wrong.empty()) continue;
    if (wrong++ == 0) first_wrong = seed;
    std::fprintf(stderr, "pinstripe-sim: seed %llu: %s\n", static_cast<unsigned long long>(seed),
                 v.wrong.c_str());
  }
  print(o, all, wrong, first_wrong);
  return wrong > 0 ? 3 : 0;
}

}  // namespace
}  // namespace pinstripe::sim

int main(int argc, char** argv) {
  const auto options = pinstripe::sim::options_of(argc, argv);
  if (options) {
    return options->sweep ? pinstripe::sim::run_sweep(*options) : pinstripe::sim::run(*options);
  }
  std::fputs(pinstripe::sim::kUsage, stderr);
  return 2;
}
