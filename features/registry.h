// The registry: every feature once, with name, unit, warm-up and source. The position in the table
// is the index in FeatureVector::values; the hash of the table travels with every vector and model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/msg/feature_vector.h"

namespace pinstripe {

struct FeaturesConfig;

// Windows are part of what a feature means, so they are constants here and stand in the names.
inline constexpr std::size_t kDepthLevels = 50;         // levels a side that features look at
inline constexpr std::size_t kShapeLevels = 20;         // levels of slope and concentration
inline constexpr std::size_t kFlowLevels = 5;           // levels of multi-level order flow
inline constexpr std::size_t kBarsLong = 36;            // longest bar window (9 s of 250 ms bars)
inline constexpr std::size_t kMedianTrades = 63;        // running median of trade sizes
inline constexpr std::size_t kMedianTradesMin = 10;     // known from this many trades on
inline constexpr std::size_t kRollTrades = 20;          // trades of the Roll estimator
inline constexpr std::size_t kSpreadTrades = 20;        // trades of effective and realised spread
inline constexpr std::size_t kSpreadTradesMin = 5;
inline constexpr std::size_t kVpinBuckets = 50;
inline constexpr std::size_t kVpinBucketsMin = 10;

/// Index of each feature in the vector.
enum FeatureId : std::uint8_t {
  kSpreadBps, kMidBps, kMicropriceBps, kWeightedMidBps,
  kImbalance1, kImbalance5, kImbalance10, kImbalance20, kImbalance50,
  kDepthSlopeBid, kDepthSlopeAsk, kDepthConcentrationBid, kDepthConcentrationAsk,
  kOfi1Of1s, kOfi5Of1s, kOfi1Of5s, kOfi5Of5s, kQueueChangeBid1s, kQueueChangeAsk1s,
  kTradeImbalance1s, kTradeImbalance3s, kTradeImbalance8s,
  kTradeImbalance10Trades, kTradeImbalance20Trades,
  kAggressorRatio8s, kAggressorRatio20Trades, kTradeIntensity1s, kTradeIntensity8s,
  kSignedVolume1s, kSignedVolume8s, kVwapDistance8sBps,
  kRealisedVol8Bars, kRealisedVol20Bars, kRealisedVol36Bars, kBipowerVol36Bars, kJumpShare36Bars,
  kRollSpreadBps, kRollUndefined, kKyleLambda, kVpin,
  kEffectiveSpreadBps, kRealisedSpread1sBps, kMarkout1sBps, kMarkout5sBps,
  kMomentum4BarsBps, kMomentum20BarsBps, kMomentumZ, kMeanReversionZ,
  kEma9Bps, kEma21Bps, kEmaCrossBps, kRsi14, kAtr14Bps, kBollinger20,
  kLargeTradeShare8s, kTimeSinceTrade, kTimeOfDaySin, kTimeOfDayCos,
  kMarkBasisBps, kFundingRateBps,
  kFeatureCount
};
static_assert(kFeatureCount >= 44 && kFeatureCount <= kFeatureMax);

/// What a feature needs before it can be valid: all of these since the stage's first event.
struct WarmUp {
  std::int64_t ns = 0;        // event time since the instrument's first event (or valid book)
  std::uint32_t trades = 0;   // market trades seen
  std::uint32_t bars = 0;     // bars closed
};

struct FeatureSpec {
  FeatureId id;
  std::string_view name;
  std::string_view unit;
  WarmUp warm_up;
  std::string_view warm_up_text;
  std::string_view source;    // paper or book, and the formula
  bool needs_book;            // absent while the book is not valid
  bool optional = false;      // exists only where the venue sends the data (mark, funding)
};

/// The table, in the order of FeatureId.
const std::array<FeatureSpec, kFeatureCount>& feature_registry() noexcept;
/// Names in order.
std::vector<std::string> feature_names();
/// Index of `name`, or kFeatureCount where there is no such feature.
std::size_t feature_index(std::string_view name) noexcept;
/// Hash of the registry with the default configuration: what shipped models are trained on.
std::uint64_t registry_hash() noexcept;
/// Hash of the registry and of the settings that change what features mean (bar length, VPIN
/// volume, large-trade limit). Equals registry_hash() for the defaults.
std::uint64_t registry_hash(const FeaturesConfig& config) noexcept;

}  // namespace pinstripe
