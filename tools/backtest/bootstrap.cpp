#include "tools/backtest/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr std::uint64_t kStream = 0x626f6f74;  // names these draws among all others

/// Sums over a stretch of returns.
struct Sums {
  double value = 0, square = 0, fall_square = 0;
  void add(const Sums& s, double factor) noexcept {
    value += factor * s.value;
    square += factor * s.square;
    fall_square += factor * s.fall_square;
  }
};

Sums sums_of(double r) noexcept {
  const double fall = std::min(r, 0.0);
  return {r, r * r, fall * fall};
}

/// Ratio, 0 where there is nothing to divide by.
double ratio(double a, double b) noexcept { return b > 0 ? a / b : 0; }

BootstrapInterval middle_95(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {at(0.025), at(0.975)};
}

/// Sum of `length` returns from `first` on, around the end: prefix[i] is the sum below i.
Sums block(const std::vector<Sums>& prefix, std::size_t first, std::size_t length) {
  const std::size_t n = prefix.size() - 1;
  Sums s = prefix[std::min(first + length, n)];
  s.add(prefix[first], -1);
  if (first + length > n) s.add(prefix[first + length - n], 1);
  return s;
}

}  // namespace

ReturnMoments moments_of(std::span<const double> returns) {
  ReturnMoments m;
  m.count = static_cast<std::int64_t>(returns.size());
  if (returns.empty()) return m;
  const auto n = static_cast<double>(returns.size());
  for (const double r : returns) m.mean += r / n;
  double squares = 0, falls = 0;
  for (const double r : returns) {
    squares += (r - m.mean) * (r - m.mean);
    falls += std::min(r, 0.0) * std::min(r, 0.0);
  }
  if (returns.size() > 1) m.deviation = std::sqrt(squares / (n - 1));
  m.downside = std::sqrt(falls / n);
  return m;
}

ReturnIntervals bootstrap(std::span<const double> returns, std::uint64_t seed) {
  ReturnIntervals out;
  const std::size_t n = returns.size();
  if (static_cast<std::int64_t>(n) < kBootstrapLeast) return out;
  std::vector<Sums> prefix(n + 1);
  for (std::size_t i = 0; i < n; ++i) {
    prefix[i + 1] = prefix[i];
    prefix[i + 1].add(sums_of(returns[i]), 1);
  }
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  std::vector<double> mean, sharpe, sortino;
  for (std::uint64_t draw = 0; draw < kBootstrapDraws; ++draw) {
    Sums all;
    for (std::size_t have = 0, k = 0; have < n; have += length, ++k) {
      const std::size_t first = random_draw(seed, kStream, draw, k) % n;
      all.add(block(prefix, first, std::min(length, n - have)), 1);
    }
    const auto count = static_cast<double>(n);
    const double average = all.value / count;
    const double variance = (all.square - count * average * average) / (count - 1);
    mean.push_back(average);
    sharpe.push_back(ratio(average, variance > 0 ? std::sqrt(variance) : 0));
    sortino.push_back(ratio(average, std::sqrt(std::max(all.fall_square, 0.0) / count)));
  }
  out.known = true;
  out.mean = middle_95(mean);
  out.sharpe = middle_95(sharpe);
  out.sortino = middle_95(sortino);
  return out;
}

}  // namespace pinstripe
