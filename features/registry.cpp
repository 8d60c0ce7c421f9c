#include "features/registry.h"

#include "features/features_config.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kS = kNsPerSecond;
constexpr WarmUp kBook{0, 0, 0};
constexpr WarmUp kOneSecond{kS, 0, 0};
constexpr WarmUp kFiveSeconds{5 * kS, 0, 0};
constexpr WarmUp kThreeSeconds{3 * kS, 0, 0};
constexpr WarmUp kEightSeconds{8 * kS, 0, 0};
constexpr WarmUp kSpreads{0, kSpreadTradesMin, 0};
constexpr WarmUp kMarkedOut1s{kS, kSpreadTradesMin, 0};
constexpr WarmUp kMarkedOut5s{5 * kS, kSpreadTradesMin, 0};

constexpr std::string_view kCont = "Cont, Kukanov, Stoikov 2014";
constexpr std::string_view kXu = "Xu, Gould, Howison 2019";
constexpr std::string_view kWilder = "Wilder 1978, as TA-Lib";
constexpr std::string_view kMidOfBook = "mid of the fused touch";

constexpr std::array<FeatureSpec, kFeatureCount> kRegistry{{
    {kSpreadBps, "spread_bps", "bps", kBook, "a valid book", "(ask - bid) / mid", true},
    {kMidBps, "mid_bps", "bps", {0, 1, 1}, "a closed bar",
     "mid against the last bar's close", true},
    {kMicropriceBps, "microprice_bps", "bps", kBook, "a valid book",
     "touch prices weighted by the other side's quantity, against mid", true},
    {kWeightedMidBps, "weighted_mid_bps", "bps", kBook, "5 levels a side",
     "mean prices of the best 5 weighted by the other side's quantity, against mid", true},
    {kImbalance1, "imbalance_1", "ratio", kBook, "a valid book", "(bid - ask) / (bid + ask)", true},
    {kImbalance5, "imbalance_5", "ratio", kBook, "5 levels a side", "same over 5 levels", true},
    {kImbalance10, "imbalance_10", "ratio", kBook, "10 levels a side", "same over 10", true},
    {kImbalance20, "imbalance_20", "ratio", kBook, "20 levels a side", "same over 20", true},
    {kImbalance50, "imbalance_50", "ratio", kBook, "50 levels a side", "same over 50", true},
    {kDepthSlopeBid, "depth_slope_bid", "share/bps", kBook, "20 levels a side",
     "least squares of the cumulative share of 20 levels on the distance from mid", true},
    {kDepthSlopeAsk, "depth_slope_ask", "share/bps", kBook, "20 levels a side", "same", true},
    {kDepthConcentrationBid, "depth_concentration_bid", "ratio", kBook, "20 levels a side",
     "Herfindahl index of the best 20 quantities", true},
    {kDepthConcentrationAsk, "depth_concentration_ask", "ratio", kBook, "20 levels a side", "same",
     true},
    {kOfi1Of1s, "ofi_1_1s", "mean queues", kOneSecond, "1 s of valid book", kCont, true},
    {kOfi5Of1s, "ofi_5_1s", "mean queues", kOneSecond, "1 s of valid book", kXu, true},
    {kOfi1Of5s, "ofi_1_5s", "mean queues", kFiveSeconds, "5 s of valid book", kCont, true},
    {kOfi5Of5s, "ofi_5_5s", "mean queues", kFiveSeconds, "5 s of valid book", kXu, true},
    {kQueueChangeBid1s, "queue_change_bid_1s", "mean queues", kOneSecond, "1 s of valid book",
     "changes of the best bid's quantity at an unchanged price", true},
    {kQueueChangeAsk1s, "queue_change_ask_1s", "mean queues", kOneSecond, "1 s of valid book",
     "changes of the best ask's quantity at an unchanged price", true},
    {kTradeImbalance1s, "trade_imbalance_1s", "ratio", kOneSecond, "1 s, a trade in it",
     "(bought - sold) / traded", false},
    {kTradeImbalance3s, "trade_imbalance_3s", "ratio", kThreeSeconds, "3 s, a trade in it", "same",
     false},
    {kTradeImbalance8s, "trade_imbalance_8s", "ratio", kEightSeconds, "8 s, a trade in it", "same",
     false},
    {kTradeImbalance10Trades, "trade_imbalance_10_trades", "ratio", {0, 10, 0}, "10 trades", "same",
     false},
    {kTradeImbalance20Trades, "trade_imbalance_20_trades", "ratio", {0, 20, 0}, "20 trades", "same",
     false},
    {kAggressorRatio8s, "aggressor_ratio_8s", "ratio", kEightSeconds, "8 s, a trade in it",
     "share of trades whose aggressor bought", false},
    {kAggressorRatio20Trades, "aggressor_ratio_20_trades", "ratio", {0, 20, 0}, "20 trades", "same",
     false},
    {kTradeIntensity1s, "trade_intensity_1s", "ratio", kEightSeconds, "8 s, a trade in it",
     "trades/s over 1 s against 8 s", false},
    {kTradeIntensity8s, "trade_intensity_8s", "trades/s", kEightSeconds, "8 s", "trades / 8 s",
     false},
    {kSignedVolume1s, "signed_volume_1s", "median trades", {kS, kMedianTradesMin, 0},
     "1 s and 10 trades", "bought - sold over the running median trade", false},
    {kSignedVolume8s, "signed_volume_8s", "median trades", {8 * kS, kMedianTradesMin, 0},
     "8 s and 10 trades", "same", false},
    {kVwapDistance8sBps, "vwap_distance_8s_bps", "bps", kEightSeconds, "8 s, a trade in it",
     "mid against the volume-weighted price of 8 s", true},
    {kRealisedVol8Bars, "realised_vol_8_bars", "bps", {0, 0, 9}, "9 bars", kMidOfBook, true},
    {kRealisedVol20Bars, "realised_vol_20_bars", "bps", {0, 0, 21}, "21 bars", kMidOfBook, true},
    {kRealisedVol36Bars, "realised_vol_36_bars", "bps", {0, 0, 37}, "37 bars", kMidOfBook, true},
    {kBipowerVol36Bars, "bipower_vol_36_bars", "bps", {0, 0, 37}, "37 bars",
     "Barndorff-Nielsen, Shephard 2004", true},
    {kJumpShare36Bars, "jump_share_36_bars", "ratio", {0, 0, 37}, "37 bars",
     "max(0, 1 - bipower / realised variance); 0 where nothing moved", true},
    {kRollSpreadBps, "roll_spread_bps", "bps", {0, kRollTrades, 0}, "20 trades",
     "Roll 1984: 2 sqrt(-autocovariance); 0 where that is not negative", true},
    {kRollUndefined, "roll_undefined", "flag", {0, kRollTrades, 0}, "20 trades",
     "1 where the autocovariance is >= 0", true},
    {kKyleLambda, "kyle_lambda", "bps/median trade", {0, kMedianTradesMin, 37},
     "37 bars with unequal flow, 10 trades",
     "Kyle 1985: mid change on signed volume per bar", true},
    {kVpin, "vpin", "ratio", {0, 10, 0}, "10 volume buckets after calibration",
     "Easley, Lopez de Prado, O'Hara 2012, true aggressor side", false},
    {kEffectiveSpreadBps, "effective_spread_bps", "bps", kSpreads, "5 trades in a valid book",
     "2 sign (price - mid), mean of 20 trades", true},
    {kRealisedSpread1sBps, "realised_spread_1s_bps", "bps", kMarkedOut1s, "5 trades 1 s old",
     "2 sign (price - mid 1 s later), mean of 20 trades", true},
    {kMarkout1sBps, "markout_1s_bps", "bps", kMarkedOut1s, "5 trades 1 s old",
     "sign (mid 1 s later - mid), mean of 20 trades", true},
    {kMarkout5sBps, "markout_5s_bps", "bps", kMarkedOut5s, "5 trades 5 s old",
     "sign (mid 5 s later - mid), mean of 20 trades", true},
    {kMomentum4BarsBps, "momentum_4_bars_bps", "bps", {0, 0, 4}, "4 bars", kMidOfBook, true},
    {kMomentum20BarsBps, "momentum_20_bars_bps", "bps", {0, 0, 20}, "20 bars", kMidOfBook, true},
    {kMomentumZ, "momentum_z", "deviations", {0, 0, 37}, "37 bars",
     "4-bar move over the realised deviation of 4 bars, at least half a tick", true},
    {kMeanReversionZ, "mean_reversion_z", "deviations", {0, 0, 36}, "36 bars",
     "mid against its mean over 36 bars; deviation at least half a tick", true},
    {kEma9Bps, "ema_9_bps", "bps", {0, 1, 9}, "9 bars", "mid against EMA, alpha 2/(n+1)", true},
    {kEma21Bps, "ema_21_bps", "bps", {0, 1, 21}, "21 bars", "mid against EMA, alpha 2/(n+1)", true},
    {kEmaCrossBps, "ema_cross_bps", "bps", {0, 1, 21}, "21 bars", "EMA 9 against EMA 21", false},
    {kRsi14, "rsi_14", "0-100", {0, 1, 15}, "15 bars, a move in them", kWilder, false},
    {kAtr14Bps, "atr_14_bps", "bps", {0, 1, 15}, "15 bars", kWilder, false},
    {kBollinger20, "bollinger_20", "ratio", {0, 1, 20}, "20 bars",
     "(mid - mean) / (2 deviations) of 20 closes; deviation at least half a tick", true},
    {kLargeTradeShare8s, "large_trade_share_8s", "ratio", kEightSeconds, "8 s, a trade in it",
     "volume in trades above 5 running medians", false},
    {kTimeSinceTrade, "time_since_trade_s", "s", {0, 1, 0}, "a trade", "event time", false},
    {kTimeOfDaySin, "time_of_day_sin", "ratio", kBook, "none", "UTC", false},
    {kTimeOfDayCos, "time_of_day_cos", "ratio", kBook, "none", "UTC", false},
    {kMarkBasisBps, "mark_basis_bps", "bps", kBook, "a mark price", "mark against mid", true, true},
    {kFundingRateBps, "funding_rate_bps", "bps", kBook, "a funding rate", "venue's next rate",
     false, true},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    if (kRegistry[i].id != i || kRegistry[i].name.empty()) return false;
    for (std::size_t k = 0; k < i; ++k) {
      if (kRegistry[i].name == kRegistry[k].name) return false;
    }
  }
  return true;
}
static_assert(in_order(), "every feature stands once, at the index of its id");

// Raised when a formula changes while its table row does not: models fitted before must be refused.
constexpr std::uint64_t kFormulaVersion = 1;

}  // namespace

const std::array<FeatureSpec, kFeatureCount>& feature_registry() noexcept { return kRegistry; }

std::vector<std::string> feature_names() {
  std::vector<std::string> names;
  for (const FeatureSpec& f : kRegistry) names.emplace_back(f.name);
  return names;
}

std::size_t feature_index(std::string_view name) noexcept {
  for (const FeatureSpec& f : kRegistry) {
    if (f.name == name) return f.id;
  }
  return kFeatureCount;
}

std::uint64_t registry_hash() noexcept { return registry_hash(FeaturesConfig{}); }

std::uint64_t registry_hash(const FeaturesConfig& config) noexcept {
  Hasher h(kFormulaVersion);
  for (const FeatureSpec& f : kRegistry) {
    h.text(f.name);
    h.text(f.unit);
    h.text(f.warm_up_text);
    h.text(f.source);
  }
  h.add(static_cast<std::uint64_t>(config.bar_ns));
  h.add(static_cast<std::uint64_t>(config.vpin_volume_lots));
  h.add(static_cast<std::uint64_t>(config.vpin_calibration_ns));
  h.add(static_cast<std::uint64_t>(config.large_trade_medians));
  return h.value();
}

}  // namespace pinstripe
