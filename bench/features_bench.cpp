// pinstripe-bench-features [--json] [--quick]: nanoseconds per venue message with all features.
//
// A synthetic tape of updates and trades is run through the stage; the figure is the median over
// rounds of wall time over venue messages. The tape is made beforehand and stays in memory.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

#include "bench/bench_options.h"
#include "features/features_stage.h"

namespace {

using namespace pinstripe;

MarketEvent event(std::int64_t t, MsgType type, std::int64_t a, std::int64_t b, unsigned flags) {
  MarketEvent e;
  e.h.event_ns = e.h.origin_ns = TimeNs(t);
  e.h.type = type;
  e.h.instrument = 0;
  e.h.flags = static_cast<std::uint8_t>(flags);
  e.a = a;
  e.b = b;
  return e;
}

/// Ticker-like updates of the touch, depth updates of up to 12 levels, and trades, 2 ms apart.
std::vector<MarketEvent> make_tape(std::size_t messages) {
  std::mt19937_64 random(7);
  const auto draw = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  std::vector<MarketEvent> tape;
  std::int64_t t = 1'700'000'000'000'000'000;
  const std::int64_t mid = 600'000;
  tape.push_back(event(t, MsgType::kBookState, static_cast<std::int64_t>(BookState::kValid), 0,
                       kFlagSnapshot));
  for (std::int64_t i = 1; i <= 1'000; ++i) {
    tape.push_back(event(t, MsgType::kLevel, mid - i, 1 + draw(900), kFlagSnapshot));
    tape.push_back(event(t, MsgType::kLevel, mid + i, 1 + draw(900), kFlagSnapshot | kFlagSell));
  }
  tape.back().h.set(kFlagEndOfUpdate);
  for (std::size_t m = 1; m < messages; ++m) {
    t += 1 + draw(4 * kNsPerMs);
    const std::int64_t kind = draw(10);
    if (kind < 2) {
      const bool sell = draw(2) == 0;
      tape.push_back(event(t, MsgType::kTrade, sell ? mid - 1 : mid + 1, 1 + draw(40),
                           sell ? unsigned{kFlagSell} : 0U));
    } else {
      const std::int64_t changes = kind < 8 ? 1 : 1 + draw(12);
      for (std::int64_t k = 0; k < changes; ++k) {
        const bool sell = draw(2) == 0;
        const std::int64_t off = kind < 8 ? 1 : 1 + draw(draw(4) == 0 ? 1'000 : 30);
        tape.push_back(event(t, MsgType::kLevel, sell ? mid + off : mid - off, 1 + draw(900),
                             sell ? unsigned{kFlagSell} : 0U));
      }
    }
    tape.back().h.set(kFlagEndOfUpdate);
  }
  return tape;
}

double one_round(const std::vector<MarketEvent>& tape, std::size_t messages) {
  FeaturesConfig config;
  Instrument instrument;
  instrument.id = "BENCH:AB";
  instrument.tick_e8 = 10'000'000;
  instrument.lot_e8 = 100'000;
  config.instruments = {instrument};
  FeaturesStage stage(config);
  NullSink<FeatureVector> sink;
  const auto start = std::chrono::steady_clock::now();
  for (const MarketEvent& e : tape) {
    sink.scratch.values.fill(0);  // as a runner's claim does
    stage.on_event(e.h.event_ns, Input::message(&e.h), sink);
  }
  const auto spent = std::chrono::steady_clock::now() - start;
  return static_cast<double>(std::chrono::nanoseconds(spent).count()) /
         static_cast<double>(messages);
}

}  // namespace

int main(int argc, char** argv) {
  const auto [json, quick, exit] = bench::read_options(argc, argv, "features");
  if (exit) return *exit;
  const std::size_t messages = quick ? 5'000 : 200'000;
  const auto tape = make_tape(messages);
  std::vector<double> rounds;
  for (int i = 0; i < (quick ? 3 : 9); ++i) rounds.push_back(one_round(tape, messages));
  std::sort(rounds.begin(), rounds.end());
  const double median = rounds[rounds.size() / 2];
  const double per_message = static_cast<double>(tape.size()) / static_cast<double>(messages);
  if (json) {
    std::printf("{\"features_ns_per_venue_message\": {\"p50\": %.1f, \"min\": %.1f, "
                "\"max\": %.1f}, "
                "\"features\": %d, \"messages\": %zu, \"events_per_message\": %.2f}\n",
                median, rounds.front(), rounds.back(), static_cast<int>(kFeatureCount), messages,
                per_message);
  } else {
    std::printf("features: %.0f ns per venue message (median of %zu rounds, %.0f to %.0f), "
                "%d features, %.2f events a message\n",
                median, rounds.size(), rounds.front(), rounds.back(),
                static_cast<int>(kFeatureCount), per_message);
  }
  return 0;
}
