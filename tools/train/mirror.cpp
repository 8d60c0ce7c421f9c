#include "tools/train/mirror.h"

#include "features/registry.h"
#include "shm/base/check.h"

namespace pinstripe {

MirrorRule mirror_rule(std::size_t index) {
  switch (static_cast<FeatureId>(index)) {
    case kMidBps: case kMicropriceBps: case kWeightedMidBps:
    case kImbalance1: case kImbalance5: case kImbalance10: case kImbalance20: case kImbalance50:
    case kOfi1Of1s: case kOfi5Of1s: case kOfi1Of5s: case kOfi5Of5s:
    case kTradeImbalance1s: case kTradeImbalance3s: case kTradeImbalance8s:
    case kTradeImbalance10Trades: case kTradeImbalance20Trades:
    case kSignedVolume1s: case kSignedVolume8s: case kVwapDistance8sBps:
    case kMomentum4BarsBps: case kMomentum20BarsBps: case kMomentumZ: case kMeanReversionZ:
    case kEma9Bps: case kEma21Bps: case kEmaCrossBps: case kBollinger20:
    case kMarkBasisBps: case kFundingRateBps:
      return {Mirror::kOdd};
    case kAggressorRatio8s: case kAggressorRatio20Trades:
      return {Mirror::kShare};
    case kRsi14:
      return {Mirror::kPercent};
    case kDepthSlopeBid: return {Mirror::kSwap, kDepthSlopeAsk};
    case kDepthSlopeAsk: return {Mirror::kSwap, kDepthSlopeBid};
    case kDepthConcentrationBid: return {Mirror::kSwap, kDepthConcentrationAsk};
    case kDepthConcentrationAsk: return {Mirror::kSwap, kDepthConcentrationBid};
    case kQueueChangeBid1s: return {Mirror::kSwap, kQueueChangeAsk1s};
    case kQueueChangeAsk1s: return {Mirror::kSwap, kQueueChangeBid1s};
    case kSpreadBps: case kTradeIntensity1s: case kTradeIntensity8s:
    case kRealisedVol8Bars: case kRealisedVol20Bars: case kRealisedVol36Bars:
    case kBipowerVol36Bars: case kJumpShare36Bars: case kRollSpreadBps: case kRollUndefined:
    case kKyleLambda: case kVpin: case kEffectiveSpreadBps: case kRealisedSpread1sBps:
    case kMarkout1sBps: case kMarkout5sBps: case kAtr14Bps: case kLargeTradeShare8s:
    case kTimeSinceTrade: case kTimeOfDaySin: case kTimeOfDayCos:
      return {Mirror::kEven};
    case kFeatureCount: break;
  }
  PINSTRIPE_CHECK(false, "every registered feature has a mirror rule");
  return {};
}

void mirror_row(std::span<const float> row, std::span<float> image) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const MirrorRule rule = mirror_rule(i);
    switch (rule.kind) {
      case Mirror::kEven: image[i] = row[i]; break;
      case Mirror::kOdd: image[i] = -row[i]; break;
      case Mirror::kShare: image[i] = 1.0F - row[i]; break;
      case Mirror::kPercent: image[i] = 100.0F - row[i]; break;
      case Mirror::kSwap: image[i] = row[rule.partner]; break;
    }
  }
}

}  // namespace pinstripe
