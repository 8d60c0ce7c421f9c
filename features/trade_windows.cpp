#include "features/trade_windows.h"

#include <algorithm>
#include <cmath>

namespace pinstripe {

void TradeSums::add(const TradeEntry& t, std::int64_t factor) noexcept {
  count += factor;
  buys += t.sign > 0 ? factor : 0;
  lots += factor * t.lots;
  signed_lots += factor * t.sign * t.lots;
  large_lots += factor * t.large_lots;
  price_lots += static_cast<Int128>(t.price_ticks) * (factor * t.lots);
}

void RunningMedian::add(std::int64_t v) noexcept {
  auto* const first = sorted_.data();
  if (size_ == kMedianTrades) {
    auto* const old = std::lower_bound(first, first + size_, recent_[next_]);
    std::copy(old + 1, first + size_, old);
    --size_;
  }
  auto* const place = std::lower_bound(first, first + size_, v);
  std::copy_backward(place, first + size_, first + size_ + 1);
  *place = v;
  ++size_;
  recent_[next_] = v;
  next_ = next_ + 1 == kMedianTrades ? 0 : next_ + 1;
}

void RunningMedian::save(StateWriter& w) const noexcept {
  w.u64(size_);
  w.u64(next_);
  for (std::uint64_t i = 0; i < size_; ++i) w.i64(recent_[i]);
}

bool RunningMedian::load(StateReader& r) noexcept {
  size_ = r.u64();
  next_ = r.u64();
  if (r.failed() || size_ > kMedianTrades || next_ >= kMedianTrades) return false;
  for (std::uint64_t i = 0; i < size_; ++i) sorted_[i] = recent_[i] = r.i64();
  std::sort(sorted_.data(), sorted_.data() + size_);
  return !r.failed();
}

void SampleMean::add(std::int64_t v) noexcept {
  if (count_ == kSpreadTrades) {
    sum_ -= samples_[next_];
  } else {
    ++count_;
  }
  sum_ += v;
  samples_[next_] = v;
  next_ = next_ + 1 == kSpreadTrades ? 0 : next_ + 1;
}

void SampleMean::save(StateWriter& w) const noexcept {
  w.u64(count_);
  w.u64(next_);
  for (std::uint64_t i = 0; i < count_; ++i) w.i64(samples_[i]);
}

bool SampleMean::load(StateReader& r) noexcept {
  count_ = r.u64();
  next_ = r.u64();
  if (r.failed() || count_ > kSpreadTrades || next_ >= kSpreadTrades) return false;
  sum_ = 0;
  for (std::uint64_t i = 0; i < count_; ++i) sum_ += samples_[i] = r.i64();
  return !r.failed();
}

TradeWindows::TradeWindows(std::uint32_t capacity, std::int64_t large_medians)
    : ring_(capacity), large_medians_(large_medians) {
  windows_[k1s].span_ns = 1 * kNsPerSecond;
  windows_[k3s].span_ns = 3 * kNsPerSecond;
  windows_[k8s].span_ns = 8 * kNsPerSecond;
  windows_[kMinute].span_ns = 60 * kNsPerSecond;
  windows_[k10Trades].trades_max = 10;
  windows_[k20Trades].trades_max = 20;
}

void TradeWindows::resolve(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept {
  // Strictly later: what stands now is what stood at t + delta, and no event at t + delta is
  // missed.
  for (; pending_1s_ < ring_.end(); ++pending_1s_) {
    const TradeEntry& t = ring_.at(pending_1s_);
    if (t.time_ns + kNsPerSecond >= now_ns) break;
    if (t.mid_half_ticks == 0 || mid_half_ticks == 0) continue;
    realised_1s_.add(2 * t.sign * (2 * t.price_ticks - mid_half_ticks));
    markout_1s_.add(t.sign * (mid_half_ticks - t.mid_half_ticks));
  }
  for (; pending_5s_ < ring_.end(); ++pending_5s_) {
    const TradeEntry& t = ring_.at(pending_5s_);
    if (t.time_ns + 5 * kNsPerSecond >= now_ns) break;
    if (t.mid_half_ticks == 0 || mid_half_ticks == 0) continue;
    markout_5s_.add(t.sign * (mid_half_ticks - t.mid_half_ticks));
  }
}

void TradeWindows::advance(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept {
  resolve(now_ns, mid_half_ticks);
  for (TradeSums& w : windows_) {
    if (w.span_ns == 0) continue;
    while (w.tail < ring_.end() && ring_.at(w.tail).time_ns <= now_ns - w.span_ns) {
      w.add(ring_.at(w.tail++), -1);
    }
  }
  // The minute is the longest window; the Roll estimator may look further back than it.
  const std::uint64_t keep = ring_.end() > kRollTrades ? ring_.end() - kRollTrades : 0;
  ring_.drop_before(std::max(ring_.begin(), std::min(windows_[kMinute].tail, keep)));
}

void TradeWindows::make_room() noexcept {
  if (!ring_.full()) [[likely]] return;
  const std::uint64_t oldest = ring_.begin();
  bool early = false;
  for (TradeSums& w : windows_) {
    if (w.tail != oldest) continue;
    w.add(ring_.at(w.tail++), -1);
    early = true;
  }
  pending_1s_ = std::max(pending_1s_, oldest + 1);
  pending_5s_ = std::max(pending_5s_, oldest + 1);
  ring_.drop_before(oldest + 1);
  overflows_ += early ? 1 : 0;
}

void TradeWindows::add(std::int64_t now_ns, std::int64_t price_ticks, std::int64_t lots,
                       std::int64_t sign, std::int64_t mid_half_ticks) noexcept {
  make_room();
  // lots > limit x median, divided so that no legal quantity can overflow.
  const bool large = median_.known() && (lots - 1) / large_medians_ >= median_.value();
  const TradeEntry t{now_ns, price_ticks, lots, sign, large ? lots : 0, mid_half_ticks};
  ring_.push(t);
  for (TradeSums& w : windows_) {
    w.add(t, 1);
    if (w.trades_max != 0 && static_cast<std::uint64_t>(w.count) > w.trades_max) {
      w.add(ring_.at(w.tail++), -1);
    }
  }
  median_.add(lots);
  if (mid_half_ticks != 0) effective_.add(2 * sign * (2 * price_ticks - mid_half_ticks));
  last_ns_ = now_ns;
  compute_roll();
}

void TradeWindows::compute_roll() noexcept {
  if (!roll_known()) return;
  // Autocovariance of successive price changes: n sum(xy) - sum(x) sum(y) over n pairs, in
  // integers.
  const std::uint64_t first = ring_.end() - kRollTrades;
  const auto price = [&](std::uint64_t i) { return ring_.at(first + i).price_ticks; };
  constexpr std::int64_t n = kRollTrades - 2;
  Int128 products = 0;
  std::int64_t change = price(1) - price(0);
  for (std::uint64_t i = 2; i < kRollTrades; ++i) {
    const std::int64_t next = price(i) - price(i - 1);
    products += static_cast<Int128>(change) * next;
    change = next;
  }
  const std::int64_t sum_x = price(kRollTrades - 2) - price(0);  // changes telescope
  const std::int64_t sum_y = price(kRollTrades - 1) - price(1);
  const Int128 scaled = n * products - static_cast<Int128>(sum_x) * sum_y;
  roll_ticks_ = scaled >= 0 ? -1.0 : 2.0 * std::sqrt(to_double(-scaled)) / static_cast<double>(n);
}

void TradeWindows::save(StateWriter& w) const noexcept {
  ring_.save(w);
  for (const TradeSums& s : windows_) w.u64(s.tail);
  w.u64(pending_1s_);
  w.u64(pending_5s_);
  w.i64(last_ns_);
  w.i64(overflows_);
  median_.save(w);
  for (const SampleMean* m : {&effective_, &realised_1s_, &markout_1s_, &markout_5s_}) m->save(w);
}

bool TradeWindows::load(StateReader& r) noexcept {
  if (!ring_.load(r)) return false;
  const auto inside = [&](std::uint64_t n) { return n >= ring_.begin() && n <= ring_.end(); };
  // The sums are not saved: integers summed afresh give the same values.
  for (TradeSums& s : windows_) {
    const std::uint64_t tail = r.u64();
    if (r.failed() || !inside(tail)) return false;
    TradeSums fresh;
    fresh.span_ns = s.span_ns;
    fresh.trades_max = s.trades_max;
    fresh.tail = tail;
    for (std::uint64_t n = tail; n != ring_.end(); ++n) fresh.add(ring_.at(n), 1);
    s = fresh;
  }
  pending_1s_ = r.u64();
  pending_5s_ = r.u64();
  if (!inside(pending_1s_) || !inside(pending_5s_)) return false;
  last_ns_ = r.i64();
  overflows_ = r.i64();
  bool ok = median_.load(r);
  for (SampleMean* m : {&effective_, &realised_1s_, &markout_1s_, &markout_5s_}) {
    ok = m->load(r) && ok;
  }
  compute_roll();
  return ok && !r.failed();
}

}  // namespace pinstripe
