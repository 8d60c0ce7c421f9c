// What training knows of one stream of market data: rows on the decision clock and the mid.
//
// Rows come out of the same FeedStage and FeaturesStage that trade, driven here without rings.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "features/features_config.h"
#include "feed/feed_config.h"
#include "feed/source.h"
#include "feed/synthetic.h"
#include "shm/base/result.h"
#include "shm/msg/feature_vector.h"
#include "tools/train/labels.h"
#include "tools/train/split.h"

namespace pinstripe {

/// One decision.
struct TrainRow {
  TimeNs t;
  std::array<float, kFeatureMax> x{};  // NaN = absent
  float half_spread_bps = 0;
  double oracle_bps = 0;               // synthetic market: best possible forecast of the move
};

struct Tape {
  std::string name;                    // "BINANCE_USDM:BTCUSDT 2024-07-18"
  Instrument instrument;
  std::vector<TrainRow> rows;          // only decisions on a valid book with enough features
  MidSeries mids;
  TimeNs from, to;                     // event time observed
  bool has_oracle = false;             // rows carry oracle_bps
  std::int64_t events = 0;             // decoded venue messages
  std::int64_t decisions = 0;          // decisions of any kind
  std::uint64_t digest = 0;            // of everything above that training uses

  TimeSpan span() const noexcept { return {from, to}; }
};

struct TapeOptions {
  FeedConfig feed;                     // instruments are set by the builder
  FeaturesConfig features;
  std::int64_t decision_interval_ns = 100'000'000;
  double min_valid_share = 0.5;        // as the models stage: fewer features is warming up
};

/// Drives the stages over all of `source`, whose frames are of `instrument`.
/// Any bad line stops it: corrupt data is worse than none.
Result<Tape> build_tape(FrameSource& source, const Instrument& instrument,
                        const TapeOptions& options);

/// Recorded files: one tape a joined stream (each has its own clock, book and warm-up).
Result<std::vector<Tape>> build_recorded_tapes(const std::vector<std::string>& files,
                                               std::int64_t base_feed_latency_ns,
                                               const TapeOptions& options);

/// The synthetic market, with the oracle's forecast over `oracle_horizon_ns` in each row.
Result<Tape> build_synthetic_tape(const SyntheticConfig& config, const TapeOptions& options,
                                  std::int64_t oracle_horizon_ns);

}  // namespace pinstripe
