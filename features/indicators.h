// Classical indicators on bar closes, one value at a time, as TA-Lib defines them.
#pragma once

#include <cstdint>

#include "shm/base/state_io.h"

namespace pinstripe {

/// Exponential mean, alpha = 2 / (n + 1), seeded with the simple mean of the first n values.
class Ema {
 public:
  explicit Ema(std::int64_t n) : n_(n) {}
  void add(double v) noexcept {
    if (count_ < n_) {
      value_ += v;  // a sum until seeded
      if (++count_ == n_) value_ /= static_cast<double>(n_);
      return;
    }
    const double alpha = 2.0 / static_cast<double>(n_ + 1);
    value_ += alpha * (v - value_);
  }
  bool known() const noexcept { return count_ == n_; }
  double value() const noexcept { return value_; }
  void save(StateWriter& w) const noexcept { w.i64(count_); w.f64(value_); }
  void load(StateReader& r) noexcept { count_ = r.i64(); value_ = r.f64(); }

 private:
  std::int64_t n_;
  std::int64_t count_ = 0;
  double value_ = 0;
};

/// Wilder's mean: simple mean of the first n values, then (previous (n - 1) + v) / n.
class WilderMean {
 public:
  explicit WilderMean(std::int64_t n) : n_(n) {}
  void add(double v) noexcept {
    const auto n = static_cast<double>(n_);
    if (count_ < n_) {
      value_ += v;
      if (++count_ == n_) value_ /= n;
      return;
    }
    value_ = (value_ * (n - 1.0) + v) / n;
  }
  bool known() const noexcept { return count_ == n_; }
  double value() const noexcept { return value_; }
  void save(StateWriter& w) const noexcept { w.i64(count_); w.f64(value_); }
  void load(StateReader& r) noexcept { count_ = r.i64(); value_ = r.f64(); }

 private:
  std::int64_t n_;
  std::int64_t count_ = 0;
  double value_ = 0;
};

/// Relative strength index, 0 to 100. Unknown while nothing has moved (TA-Lib writes 0 there).
class Rsi {
 public:
  explicit Rsi(std::int64_t n) : gain_(n), loss_(n) {}
  /// Change of the close against the bar before.
  void add(double change) noexcept {
    gain_.add(change > 0 ? change : 0.0);
    loss_.add(change < 0 ? -change : 0.0);
  }
  bool known() const noexcept { return gain_.known() && gain_.value() + loss_.value() > 0; }
  double value() const noexcept {
    return 100.0 * (gain_.value() / (gain_.value() + loss_.value()));
  }
  void save(StateWriter& w) const noexcept { gain_.save(w); loss_.save(w); }
  void load(StateReader& r) noexcept { gain_.load(r); loss_.load(r); }

 private:
  WilderMean gain_, loss_;
};

/// Average true range.
class Atr {
 public:
  explicit Atr(std::int64_t n) : mean_(n) {}
  void add(double high, double low, double previous_close) noexcept {
    double range = high - low;
    const double up = high > previous_close ? high - previous_close : previous_close - high;
    const double down = low > previous_close ? low - previous_close : previous_close - low;
    if (up > range) range = up;
    if (down > range) range = down;
    mean_.add(range);
  }
  bool known() const noexcept { return mean_.known(); }
  double value() const noexcept { return mean_.value(); }
  void save(StateWriter& w) const noexcept { mean_.save(w); }
  void load(StateReader& r) noexcept { mean_.load(r); }

 private:
  WilderMean mean_;
};

}  // namespace pinstripe
