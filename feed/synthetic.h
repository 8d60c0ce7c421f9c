// A seeded market that is as large as one asks for: the embedded default, and the tests' known
// truth.
//
// A hidden pressure x (mean-reverting, unit variance) moves the drift of the mid, the imbalance of
// the book and the side of the trades, so that a model can see it there and nowhere else. With
// predictability 0 the drift and the imbalance ignore x: nobody can predict this market. Everything
// is a function of the seed: integers and + - * / sqrt only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "feed/source.h"
#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

struct SyntheticConfig {
  std::uint64_t seed = 1;
  std::uint16_t instrument = 0;        // index in the session's table
  TimeNs start_ns{1'700'000'000'000'000'000};
  std::int64_t duration_ns = 60'000'000'000;   // 0 = endless
  double rate_per_s = 2'000.0;         // mean venue messages a second, (0, 5e6]
  std::int64_t mid_ticks = 100'000;    // price at the start
  std::int64_t tick_e8 = 50'000'000;   // of the instrument, for mark prices
  double predictability = 1.0;         // 0 = none, 1 = the demo's market
  double drift_bps_per_s = 2.6;        // drift at x = 1 and predictability 1
  double volatility_bps = 3.0;         // of the mid over one second, apart from the drift
  double reversion_s = 4.0;            // time constant of the hidden pressure
  double cluster = 0.5;                // share of messages in clusters, [0, 0.9]
  std::int64_t feed_delay_ns = 1'000'000;      // receive time - venue time
  // Scripted events, seconds after the start; negative = none.
  double jump_at_s = -1;
  double jump_bps = 60;
  // depth updates are lost; a snapshot follows gap_resync_s later
  double gap_at_s = -1;
  double gap_resync_s = 1.0;
  double burst_at_s = -1;              // rate x burst_factor for burst_s
  double burst_factor = 20;
  double burst_s = 0.5;
};

/// What only the market itself knows, for tests and for the stated predictability.
struct SyntheticTruth {
  double pressure = 0;              // x now
  std::int64_t mid_half_ticks = 0;  // twice the mid, ticks
};

class SyntheticSource : public FrameSource {
 public:
  explicit SyntheticSource(const SyntheticConfig& config);
  ~SyntheticSource() override;
  const FeedFrame* peek() override;
  void pop() override;
  std::optional<Error> error() const override { return std::nullopt; }
  bool seekable() const noexcept override { return true; }
  FeedPosition position() const noexcept override;
  void save(StateWriter& w) const noexcept override;
  Result<void> load(StateReader& r) override;
  /// The hidden state after the frame that peek() shows.
  SyntheticTruth truth() const noexcept;

 private:
  struct Market;
  std::unique_ptr<Market> market_;
};

/// Expected mid move over `horizon_ns` in bps, given the hidden pressure: the best anyone can know.
/// drift x reversion x (1 - e^(-h / reversion)) x pressure.
double oracle_edge_bps(const SyntheticConfig& config, double pressure, std::int64_t horizon_ns);

/// The built-in instrument of this market: SYNTHETIC:PINUSD.
Instrument synthetic_instrument();

/// Several markets of one session, merged by time.
std::unique_ptr<FrameSource> merge_sources(std::vector<std::unique_ptr<FrameSource>> sources);

}  // namespace pinstripe
