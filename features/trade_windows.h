// Rolling windows over market trades, in event time and in trades. All sums are integers, so a
// window that has run for a day holds exactly what a fresh sum over its trades would give.
#pragma once

#include <array>
#include <cstdint>

#include "features/event_ring.h"
#include "features/registry.h"

namespace pinstripe {

/// One market trade as the windows keep it.
struct TradeEntry {
  std::int64_t time_ns = 0;
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
  std::int64_t sign = 0;            // +1 aggressor bought, -1 sold
  std::int64_t large_lots = 0;      // lots where the trade was large, else 0
  std::int64_t mid_half_ticks = 0;  // bid + ask standing before the trade; 0: none
};

/// Sums over the trades of a window: time in (now - span, now], or the last `trades_max` ones.
struct TradeSums {
  std::int64_t span_ns = 0;      // 0: no limit in time
  std::uint64_t trades_max = 0;  // 0: no limit in number
  std::uint64_t tail = 0;        // number of the oldest trade inside
  std::int64_t count = 0;
  std::int64_t buys = 0;
  Int128 lots = 0;
  Int128 signed_lots = 0;
  Int128 large_lots = 0;
  Int128 price_lots = 0;

  void add(const TradeEntry& t, std::int64_t factor) noexcept;
};

/// Median of the last kMedianTrades sizes; of an even number, the upper one.
class RunningMedian {
 public:
  void add(std::int64_t v) noexcept;
  bool known() const noexcept { return size_ >= kMedianTradesMin; }
  std::int64_t value() const noexcept { return sorted_[size_ / 2]; }
  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  std::array<std::int64_t, kMedianTrades> recent_{};  // in order of arrival, a ring
  std::array<std::int64_t, kMedianTrades> sorted_{};
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;
};

/// The last kSpreadTrades integer samples and their sum.
class SampleMean {
 public:
  void add(std::int64_t v) noexcept;
  bool known() const noexcept { return count_ >= kSpreadTradesMin; }
  double mean() const noexcept {
    return to_double(sum_) / static_cast<double>(count_);
  }
  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  std::array<std::int64_t, kSpreadTrades> samples_{};
  std::uint64_t count_ = 0;
  std::uint64_t next_ = 0;
  Int128 sum_ = 0;
};

class TradeWindows {
 public:
  enum Window : std::uint8_t { k1s, k3s, k8s, kMinute, k10Trades, k20Trades, kWindowCount };

  TradeWindows(std::uint32_t capacity, std::int64_t large_medians);

  /// Moves time to `now`: trades leave windows; markouts and realised spreads that became known
  /// (the mid standing at t + delta is `mid_half_ticks`, since nothing came between) are taken in.
  void advance(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept;
  /// After `advance` to the trade's time.
  void add(std::int64_t now_ns, std::int64_t price_ticks, std::int64_t lots, std::int64_t sign,
           std::int64_t mid_half_ticks) noexcept;

  const TradeSums& sums(Window w) const noexcept { return windows_[w]; }
  const RunningMedian& median() const noexcept { return median_; }
  std::uint64_t trades() const noexcept { return ring_.end(); }
  std::int64_t last_ns() const noexcept { return last_ns_; }
  /// Roll's spread in ticks over the last kRollTrades trades; negative: autocovariance >= 0.
  double roll_ticks() const noexcept { return roll_ticks_; }
  bool roll_known() const noexcept { return ring_.end() - ring_.begin() >= kRollTrades; }
  /// Means over the last trades, signed to the aggressor, in half ticks: 2 (price - mid),
  /// 2 (price - mid 1 s later), mid 1 s and 5 s later - mid.
  const SampleMean& effective() const noexcept { return effective_; }
  const SampleMean& realised_1s() const noexcept { return realised_1s_; }
  const SampleMean& markout_1s() const noexcept { return markout_1s_; }
  const SampleMean& markout_5s() const noexcept { return markout_5s_; }
  /// Trades that left a window early because the ring was full.
  std::int64_t overflows() const noexcept { return overflows_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  void make_room() noexcept;
  void resolve(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept;
  void compute_roll() noexcept;

  EventRing<TradeEntry> ring_;
  std::array<TradeSums, kWindowCount> windows_{};
  RunningMedian median_;
  SampleMean effective_, realised_1s_, markout_1s_, markout_5s_;
  std::uint64_t pending_1s_ = 0;  // oldest trade whose mid 1 s later is not known yet
  std::uint64_t pending_5s_ = 0;
  std::int64_t large_medians_;
  std::int64_t last_ns_ = 0;
  std::int64_t overflows_ = 0;
  double roll_ticks_ = 0;
};

}  // namespace pinstripe
