// Bars on event time: trade bars (open, high, low, close of market trades) and the mid at each
// bar's end.
//
// Bars lie on multiples of their length and close at the first event at or past the boundary; that
// event belongs to the next bar. An empty bar repeats the close. What depends on bars alone is
// computed once when a bar closes, afresh over its window and in fixed order, so nothing can drift.
#pragma once

#include <array>
#include <cstdint>

#include "features/indicators.h"
#include "features/registry.h"

namespace pinstripe {

/// Results at the last closed bar. `*_known` stands for the group it names.
struct BarStats {
  bool vol_8_known = false, vol_20_known = false, vol_36_known = false;
  bool lambda_known = false, bands_known = false, mean_known = false;
  double vol_8 = 0, vol_20 = 0, vol_36 = 0;  // sqrt of the sum of squared log returns
  double bipower = 0;                        // sqrt of bipower variation over 36 bars
  double jump_share = 0;                     // max(0, 1 - bipower variation / realised variance)
  double lambda = 0;                         // half ticks per lot
  double band_mean = 0, band_deviation = 0;  // of the last 20 closes, ticks
  double mid_mean = 0, mid_deviation = 0;    // of the last 36 mids, half ticks
};

class Bars {
 public:
  explicit Bars(std::int64_t bar_ns) : bar_ns_(bar_ns) {}

  /// Closes what ended by `now`; `mid_half_ticks` is the mid that stood until now, 0: none.
  void advance(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept;
  void add_trade(std::int64_t price_ticks, std::int64_t lots, std::int64_t sign) noexcept;

  std::int64_t closed() const noexcept { return closed_; }
  std::int64_t last_close() const noexcept { return close_; }
  const BarStats& stats() const noexcept { return stats_; }
  const Ema& ema_9() const noexcept { return ema_9_; }
  const Ema& ema_21() const noexcept { return ema_21_; }
  const Rsi& rsi() const noexcept { return rsi_; }
  const Atr& atr() const noexcept { return atr_; }
  /// Mid in half ticks at the end of the bar `back` bars ago (1: the last); known where mids() >=
  /// back.
  std::int64_t mid_back(std::int64_t back) const noexcept { return mids_[slot(mid_count_ - back)]; }
  std::int64_t mids() const noexcept { return mid_count_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  static constexpr std::int64_t kRing = 64;  // > kBarsLong, power of two
  static constexpr std::int64_t kEmptyBarsMax = 2'400;

  static std::size_t slot(std::int64_t n) noexcept {
    return static_cast<std::size_t>(n & (kRing - 1));
  }
  void close_bar(std::int64_t mid_half_ticks) noexcept;
  void close_trades() noexcept;
  void close_mid(std::int64_t mid_half_ticks) noexcept;
  void restart() noexcept;
  void compute_stats() noexcept;
  void compute_volatility(BarStats& s) const noexcept;
  void compute_lambda(BarStats& s) const noexcept;
  void compute_means(BarStats& s) const noexcept;

  std::int64_t bar_ns_;
  std::int64_t index_ = -1;       // of the open bar; -1: no event yet
  std::int64_t closed_ = 0;       // trade bars closed
  bool traded_ = false;           // in the open bar
  std::int64_t high_ = 0, low_ = 0, last_ = 0;
  std::int64_t close_ = 0;        // of the last closed bar
  std::int64_t signed_lots_ = 0;  // of the open bar
  std::int64_t mid_count_ = 0;    // mids in one unbroken stretch
  std::array<std::int64_t, kRing> closes_{};
  std::array<std::int64_t, kRing> mids_{};
  std::array<std::int64_t, kRing> flows_{};   // signed lots of the bar that ended with the mid
  std::array<double, kRing> returns_{};       // log return to that mid from the one before
  Ema ema_9_{9}, ema_21_{21};
  Rsi rsi_{14};
  Atr atr_{14};
  BarStats stats_;
};

}  // namespace pinstripe
