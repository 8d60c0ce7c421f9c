#include "features/bars.h"

#include <algorithm>
#include <cmath>

#include "shm/base/math.h"
#include "shm/market/instrument.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kBandBars = 20;
constexpr auto kLong = static_cast<std::int64_t>(kBarsLong);
constexpr double kHalfPi = 0x1.921fb54442d18p+0;

}  // namespace

void Bars::advance(std::int64_t now_ns, std::int64_t mid_half_ticks) noexcept {
  // PERF NOTE: one compare on nearly every call; the division runs only at a boundary.
  if (index_ >= 0 && now_ns < (index_ + 1) * bar_ns_) [[likely]] return;
  const std::int64_t index = now_ns / bar_ns_;
  if (index_ >= 0) {
    // After a silence this long nothing of the old series says anything about the present.
    if (index - index_ > kEmptyBarsMax) {
      restart();
    } else {
      for (; index_ < index; ++index_) close_bar(mid_half_ticks);
      compute_stats();
    }
  }
  index_ = index;
}

void Bars::add_trade(std::int64_t price_ticks, std::int64_t lots, std::int64_t sign) noexcept {
  if (!traded_) high_ = low_ = price_ticks;
  traded_ = true;
  high_ = std::max(high_, price_ticks);
  low_ = std::min(low_, price_ticks);
  last_ = price_ticks;
  signed_lots_ = std::clamp(signed_lots_ + sign * lots, -kLotsMax, kLotsMax);
}

void Bars::close_bar(std::int64_t mid_half_ticks) noexcept {
  close_trades();
  close_mid(mid_half_ticks);
  traded_ = false;
  signed_lots_ = 0;
}

void Bars::close_trades() noexcept {
  if (closed_ == 0 && !traded_) return;  // bars begin with the first trade
  const std::int64_t before = close_;
  if (!traded_) high_ = low_ = last_ = before;
  close_ = last_;
  if (closed_ > 0) {
    rsi_.add(static_cast<double>(close_ - before));
    atr_.add(static_cast<double>(high_), static_cast<double>(low_), static_cast<double>(before));
  }
  ema_9_.add(static_cast<double>(close_));
  ema_21_.add(static_cast<double>(close_));
  closes_[slot(closed_)] = close_;
  ++closed_;
}

void Bars::close_mid(std::int64_t mid_half_ticks) noexcept {
  if (mid_half_ticks == 0) {
    mid_count_ = 0;  // a return across an unproven stretch is no return
    return;
  }
  double log_return = 0;
  if (mid_count_ > 0 && mid_back(1) != mid_half_ticks) {
    log_return = log_fixed(static_cast<double>(mid_half_ticks) / static_cast<double>(mid_back(1)));
  }
  mids_[slot(mid_count_)] = mid_half_ticks;
  flows_[slot(mid_count_)] = signed_lots_;
  returns_[slot(mid_count_)] = log_return;
  ++mid_count_;
}

void Bars::restart() noexcept {
  *this = Bars(bar_ns_);
}

void Bars::compute_volatility(BarStats& s) const noexcept {
  const auto realised = [&](std::int64_t bars) {
    double sum = 0;
    for (std::int64_t n = mid_count_ - bars; n < mid_count_; ++n) {
      sum += returns_[slot(n)] * returns_[slot(n)];
    }
    return sum;
  };
  // n bars of returns need n + 1 mids.
  s.vol_8_known = mid_count_ > 8;
  s.vol_20_known = mid_count_ > 20;
  s.vol_36_known = mid_count_ > kLong;
  if (s.vol_8_known) s.vol_8 = std::sqrt(realised(8));
  if (s.vol_20_known) s.vol_20 = std::sqrt(realised(20));
  if (!s.vol_36_known) return;
  const double variance = realised(kLong);
  s.vol_36 = std::sqrt(variance);
  // Barndorff-Nielsen and Shephard (2004): pi/2 sum |r(t)| |r(t-1)|.
  double products = 0;
  for (std::int64_t n = mid_count_ - kLong + 1; n < mid_count_; ++n) {
    const double product = returns_[slot(n)] * returns_[slot(n - 1)];
    products += product < 0 ? -product : product;
  }
  const double bipower = kHalfPi * products;
  s.bipower = std::sqrt(bipower);
  if (bipower < variance) s.jump_share = 1.0 - bipower / variance;
}

void Bars::compute_lambda(BarStats& s) const noexcept {
  if (mid_count_ <= kLong) return;
  // Kyle (1985): slope of the mid's change on the signed volume of the same bar.
  double mean_x = 0, mean_y = 0;
  const auto x = [&](std::int64_t n) { return static_cast<double>(flows_[slot(n)]); };
  const auto y = [&](std::int64_t n) {
    return static_cast<double>(mids_[slot(n)] - mids_[slot(n - 1)]);
  };
  for (std::int64_t n = mid_count_ - kLong; n < mid_count_; ++n) {
    mean_x += x(n);
    mean_y += y(n);
  }
  mean_x /= static_cast<double>(kLong);
  mean_y /= static_cast<double>(kLong);
  double covariance = 0, variance = 0;
  for (std::int64_t n = mid_count_ - kLong; n < mid_count_; ++n) {
    covariance += (x(n) - mean_x) * (y(n) - mean_y);
    variance += (x(n) - mean_x) * (x(n) - mean_x);
  }
  s.lambda_known = variance > 0;
  if (s.lambda_known) s.lambda = covariance / variance;
}

void Bars::compute_means(BarStats& s) const noexcept {
  // Population mean and deviation of the last n values, taken as differences to the newest.
  const auto spread_of = [](const std::array<std::int64_t, kRing>& ring, std::int64_t end,
                            std::int64_t n, double& mean, double& deviation) {
    const std::int64_t newest = ring[slot(end - 1)];
    double sum = 0;
    for (std::int64_t i = end - n; i < end; ++i) {
      sum += static_cast<double>(ring[slot(i)] - newest);
    }
    const double center = sum / static_cast<double>(n);
    double squares = 0;
    for (std::int64_t i = end - n; i < end; ++i) {
      const double d = static_cast<double>(ring[slot(i)] - newest) - center;
      squares += d * d;
    }
    mean = static_cast<double>(newest) + center;
    deviation = std::sqrt(squares / static_cast<double>(n));
  };
  if (closed_ >= kBandBars) {
    spread_of(closes_, closed_, kBandBars, s.band_mean, s.band_deviation);
    s.bands_known = true;
  }
  if (mid_count_ >= kLong) {
    spread_of(mids_, mid_count_, kLong, s.mid_mean, s.mid_deviation);
    s.mean_known = true;
  }
}

void Bars::compute_stats() noexcept {
  BarStats s;
  compute_volatility(s);
  compute_lambda(s);
  compute_means(s);
  stats_ = s;
}

void Bars::save(StateWriter& w) const noexcept {
  for (const std::int64_t v :
       {index_, closed_, high_, low_, last_, close_, signed_lots_, mid_count_}) {
    w.i64(v);
  }
  w.boolean(traded_);
  const auto live = [](std::int64_t count) { return std::max<std::int64_t>(0, count - kRing); };
  for (std::int64_t n = live(closed_); n < closed_; ++n) w.i64(closes_[slot(n)]);
  for (std::int64_t n = live(mid_count_); n < mid_count_; ++n) {
    w.i64(mids_[slot(n)]);
    w.i64(flows_[slot(n)]);
    w.f64(returns_[slot(n)]);
  }
  ema_9_.save(w);
  ema_21_.save(w);
  rsi_.save(w);
  atr_.save(w);
}

bool Bars::load(StateReader& r) noexcept {
  for (std::int64_t* v :
       {&index_, &closed_, &high_, &low_, &last_, &close_, &signed_lots_, &mid_count_}) {
    *v = r.i64();
  }
  traded_ = r.boolean();
  if (r.failed() || closed_ < 0 || mid_count_ < 0) return false;
  const auto live = [](std::int64_t count) { return std::max<std::int64_t>(0, count - kRing); };
  for (std::int64_t n = live(closed_); n < closed_; ++n) closes_[slot(n)] = r.i64();
  for (std::int64_t n = live(mid_count_); n < mid_count_; ++n) {
    mids_[slot(n)] = r.i64();
    flows_[slot(n)] = r.i64();
    returns_[slot(n)] = r.f64();
  }
  ema_9_.load(r);
  ema_21_.load(r);
  rsi_.load(r);
  atr_.load(r);
  compute_stats();
  return !r.failed();
}

}  // namespace pinstripe
