// How far a figure of a return series could lie from itself by chance: circular block bootstrap.
#pragma once

#include <cstdint>
#include <span>

namespace pinstripe {

/// Mean, standard deviation (n - 1) and root mean square of the falls of a return series.
struct ReturnMoments {
  std::int64_t count = 0;
  double mean = 0;
  double deviation = 0;
  double downside = 0;
};
ReturnMoments moments_of(std::span<const double> returns);

struct BootstrapInterval {
  double low = 0, high = 0;
};
struct ReturnIntervals {
  bool known = false;  // false below kBootstrapLeast returns
  BootstrapInterval mean, sharpe, sortino;
};

inline constexpr std::int64_t kBootstrapDraws = 1'000;
inline constexpr std::int64_t kBootstrapLeast = 20;  // returns

/// 95 % intervals from kBootstrapDraws series of the same length, each of blocks of
/// ceil(sqrt(n)) successive returns that begin anywhere and wrap around. Seeded: the same series
/// and seed give the same intervals.
ReturnIntervals bootstrap(std::span<const double> returns, std::uint64_t seed);

}  // namespace pinstripe
