#include "features/vector_values.h"

#include <algorithm>
#include <cmath>

#include "features/time_of_day.h"

namespace pinstripe {
namespace {

constexpr double kBps = 1e4;

double real(std::int64_t v) noexcept { return static_cast<double>(v); }

/// (a - b) / (a + b); absent where both are 0.
void set_imbalance(VectorValues& v, FeatureId id, std::int64_t a, std::int64_t b) noexcept {
  if (a + b > 0) v.set(id, real(a - b) / real(a + b));
}

void set_quotient(VectorValues& v, FeatureId id, Int128 n, Int128 d) noexcept {
  if (d != 0) v.set(id, to_double(n) / to_double(d));
}

}  // namespace

float annualised(double vol, double years) noexcept {
  return static_cast<float>(vol / std::sqrt(years));
}

void fill_book(VectorValues& v, const Moment& m, const BookShape& b) noexcept {
  if (m.mid_half_ticks <= 0) return;
  const double mid = real(m.mid_half_ticks);
  const double half = real(b.ask_ticks - b.bid_ticks);  // half the spread in half ticks
  v.set(kSpreadBps, 2.0 * half / mid * kBps);
  set_imbalance(v, kImbalance1, b.bid.lots_1, b.ask.lots_1);
  // Microprice: each side's price weighted by the other side's quantity.
  const double pull = real(b.bid.lots_1 - b.ask.lots_1) / real(b.bid.lots_1 + b.ask.lots_1);
  v.set(kMicropriceBps, half * pull / mid * kBps);
  if (b.bid.levels >= 5 && b.ask.levels >= 5) {
    set_imbalance(v, kImbalance5, b.bid.lots_5, b.ask.lots_5);
    const double weighted =
        (b.bid.offset_5 * real(b.ask.lots_5) + b.ask.offset_5 * real(b.bid.lots_5)) /
        real(b.bid.lots_5 + b.ask.lots_5);
    v.set(kWeightedMidBps, weighted / mid * kBps);
  }
  if (b.bid.levels >= 10 && b.ask.levels >= 10) {
    set_imbalance(v, kImbalance10, b.bid.lots_10, b.ask.lots_10);
  }
  if (b.bid.levels >= 20 && b.ask.levels >= 20) {
    set_imbalance(v, kImbalance20, b.bid.lots_20, b.ask.lots_20);
    const double half_ticks_per_bps = mid / kBps;
    v.set(kDepthSlopeBid, b.bid.slope * half_ticks_per_bps);
    v.set(kDepthSlopeAsk, b.ask.slope * half_ticks_per_bps);
    v.set(kDepthConcentrationBid, b.bid.concentration);
    v.set(kDepthConcentrationAsk, b.ask.concentration);
  }
  if (b.bid.levels >= 50 && b.ask.levels >= 50) {
    set_imbalance(v, kImbalance50, b.bid.lots_50, b.ask.lots_50);
  }
}

void fill_flow(VectorValues& v, const Moment& m, const OrderFlow& f) noexcept {
  if (m.mid_half_ticks <= 0) return;
  const auto set_window = [&](OrderFlow::Window w, FeatureId one, FeatureId five) {
    if (!f.known(w, m.now_ns)) return;
    const FlowSums& s = f.sums(w);
    // In mean queues: sum / (sum of (bid + ask) / (2 n)); per level where five are summed.
    set_quotient(v, one, 2 * s.count * s.ofi_1, s.bid_lots + s.ask_lots);
    set_quotient(v, five, 10 * s.count * s.ofi_5, s.depth_5);
  };
  set_window(OrderFlow::k1s, kOfi1Of1s, kOfi5Of1s);
  set_window(OrderFlow::k5s, kOfi1Of5s, kOfi5Of5s);
  if (f.known(OrderFlow::k1s, m.now_ns)) {
    const FlowSums& s = f.sums(OrderFlow::k1s);
    set_quotient(v, kQueueChangeBid1s, s.count * s.bid_change, s.bid_lots);
    set_quotient(v, kQueueChangeAsk1s, s.count * s.ask_change, s.ask_lots);
  }
}

void fill_trades(VectorValues& v, const Moment& m, const TradeWindows& t) noexcept {
  const TradeSums& s1 = t.sums(TradeWindows::k1s);
  const TradeSums& s3 = t.sums(TradeWindows::k3s);
  const TradeSums& s8 = t.sums(TradeWindows::k8s);
  const TradeSums& last10 = t.sums(TradeWindows::k10Trades);
  const TradeSums& last20 = t.sums(TradeWindows::k20Trades);
  const std::int64_t seen_ns = m.now_ns - m.first_ns;
  const bool warm_1 = seen_ns >= s1.span_ns;
  const bool warm_8 = seen_ns >= s8.span_ns;
  if (warm_1) set_quotient(v, kTradeImbalance1s, s1.signed_lots, s1.lots);
  if (seen_ns >= s3.span_ns) set_quotient(v, kTradeImbalance3s, s3.signed_lots, s3.lots);
  if (last10.count == 10) set_quotient(v, kTradeImbalance10Trades, last10.signed_lots, last10.lots);
  if (last20.count == 20) {
    set_quotient(v, kTradeImbalance20Trades, last20.signed_lots, last20.lots);
    v.set(kAggressorRatio20Trades, real(last20.buys) / 20.0);
  }
  if (t.median().known()) {
    const double median = real(t.median().value());
    if (warm_1) v.set(kSignedVolume1s, to_double(s1.signed_lots) / median);
    if (warm_8) v.set(kSignedVolume8s, to_double(s8.signed_lots) / median);
  }
  if (!warm_8) return;
  v.set(kTradeIntensity8s, real(s8.count) / 8.0);
  set_quotient(v, kTradeImbalance8s, s8.signed_lots, s8.lots);
  set_quotient(v, kAggressorRatio8s, s8.buys, s8.count);
  set_quotient(v, kTradeIntensity1s, 8 * s1.count, s8.count);
  set_quotient(v, kLargeTradeShare8s, s8.large_lots, s8.lots);
  if (s8.lots > 0 && m.mid_half_ticks > 0) {
    const double mean_price = to_double(s8.price_lots) / to_double(s8.lots);
    v.set(kVwapDistance8sBps, (0.5 * real(m.mid_half_ticks) / mean_price - 1.0) * kBps);
  }
}

void fill_spreads(VectorValues& v, const Moment& m, const TradeWindows& t, const Vpin& p) noexcept {
  if (p.known()) v.set(kVpin, p.value());
  if (m.mid_half_ticks <= 0) return;
  const double mid = real(m.mid_half_ticks);
  if (t.roll_known()) {
    const bool undefined = t.roll_ticks() < 0;
    v.set(kRollSpreadBps, undefined ? 0.0 : 2.0 * t.roll_ticks() / mid * kBps);
    v.set(kRollUndefined, undefined ? 1.0 : 0.0);
  }
  const auto set_mean = [&](FeatureId id, const SampleMean& s) {
    if (s.known()) v.set(id, s.mean() / mid * kBps);
  };
  set_mean(kEffectiveSpreadBps, t.effective());
  set_mean(kRealisedSpread1sBps, t.realised_1s());
  set_mean(kMarkout1sBps, t.markout_1s());
  set_mean(kMarkout5sBps, t.markout_5s());
}

void fill_volatility(VectorValues& v, const Moment& m, const Bars& b,
                     const TradeWindows& t) noexcept {
  if (m.mid_half_ticks <= 0) return;
  const BarStats& s = b.stats();
  const double mid = real(m.mid_half_ticks);
  v.set_if(s.vol_8_known, kRealisedVol8Bars, s.vol_8 * kBps);
  v.set_if(s.vol_20_known, kRealisedVol20Bars, s.vol_20 * kBps);
  v.set_if(s.vol_36_known, kRealisedVol36Bars, s.vol_36 * kBps);
  v.set_if(s.vol_36_known, kBipowerVol36Bars, s.bipower * kBps);
  v.set_if(s.vol_36_known, kJumpShare36Bars, s.jump_share);
  if (s.lambda_known && t.median().known()) {
    v.set(kKyleLambda, s.lambda * real(t.median().value()) / mid * kBps);
  }
  const auto move = [&](std::int64_t back) {
    const std::int64_t then = b.mid_back(back);
    return real(m.mid_half_ticks - then) / real(then);
  };
  if (b.mids() >= 4) v.set(kMomentum4BarsBps, move(4) * kBps);
  if (b.mids() >= 20) v.set(kMomentum20BarsBps, move(20) * kBps);
  // A market that stood still has no deviation; half a tick is the least that a mid can move.
  if (s.vol_36_known) {
    // Deviation of a 4-bar move from that of 36 bars: vol_36 sqrt(4 / 36).
    v.set(kMomentumZ, move(4) / std::max(s.vol_36 / 3.0, 1.0 / mid));
  }
  if (s.mean_known) v.set(kMeanReversionZ, (mid - s.mid_mean) / std::max(s.mid_deviation, 1.0));
}

void fill_bars(VectorValues& v, const Moment& m, const Bars& b) noexcept {
  if (b.closed() == 0) return;
  const double close = real(b.last_close());
  if (b.rsi().known()) v.set(kRsi14, b.rsi().value());
  if (b.atr().known()) v.set(kAtr14Bps, b.atr().value() / close * kBps);
  if (b.ema_9().known() && b.ema_21().known()) {
    v.set(kEmaCrossBps, (b.ema_9().value() / b.ema_21().value() - 1.0) * kBps);
  }
  if (m.mid_half_ticks <= 0) return;
  const double mid_ticks = 0.5 * real(m.mid_half_ticks);
  v.set(kMidBps, (mid_ticks / close - 1.0) * kBps);
  if (b.ema_9().known()) v.set(kEma9Bps, (mid_ticks / b.ema_9().value() - 1.0) * kBps);
  if (b.ema_21().known()) v.set(kEma21Bps, (mid_ticks / b.ema_21().value() - 1.0) * kBps);
  const BarStats& s = b.stats();
  if (!s.bands_known) return;
  v.set(kBollinger20, (mid_ticks - s.band_mean) / (2.0 * std::max(s.band_deviation, 0.5)));
}

void fill_clock(VectorValues& v, const Moment& m, const TradeWindows& t) noexcept {
  const SineCosine time = time_of_day(m.now_ns);
  v.set(kTimeOfDaySin, time.sine);
  v.set(kTimeOfDayCos, time.cosine);
  if (t.trades() > 0) v.set(kTimeSinceTrade, real(m.now_ns - t.last_ns()) / real(kNsPerSecond));
  if (m.has_funding) v.set(kFundingRateBps, real(m.funding_e8) / 1e4);
  if (m.mark_e8 <= 0 || m.mid_half_ticks <= 0) return;
  const Int128 mid_e8_twice = static_cast<Int128>(m.mid_half_ticks) * m.tick_e8;
  v.set(kMarkBasisBps, to_double(2 * static_cast<Int128>(m.mark_e8) - mid_e8_twice) /
                           to_double(mid_e8_twice) * kBps);
}

}  // namespace pinstripe
