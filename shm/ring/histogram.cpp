#include "shm/ring/histogram.h"

#include <algorithm>

namespace pinstripe {

void Histogram::clear() noexcept {
  for (auto& c : counts_) c.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

HistogramSnapshot::HistogramSnapshot() : counts_(Histogram::kBuckets) {}

HistogramSnapshot::HistogramSnapshot(const Histogram& live) : HistogramSnapshot() {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counts_[i] = live.counts_[i].load(std::memory_order_relaxed);
    count_ += counts_[i];
  }
  sum_ = live.sum_.load(std::memory_order_relaxed);
  max_ = live.max_.load(std::memory_order_relaxed);
}

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

HistogramSnapshot HistogramSnapshot::since(const HistogramSnapshot& earlier) const {
  HistogramSnapshot span;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    span.counts_[i] = counts_[i] - std::min(earlier.counts_[i], counts_[i]);
    span.count_ += span.counts_[i];
    if (span.counts_[i] == 0) continue;
    const std::int64_t above = i + 1 < counts_.size() ? Histogram::bucket_low(i + 1) : max_ + 1;
    span.max_ = std::min(max_, above - 1);
  }
  span.sum_ = sum_ - std::min(earlier.sum_, sum_);
  return span;
}

double HistogramSnapshot::mean() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::int64_t HistogramSnapshot::percentile(double fraction) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i];
    if (counts_[i] == 0 || static_cast<double>(below) < wanted) continue;
    const std::int64_t low = Histogram::bucket_low(i);
    const std::int64_t above =
        i + 1 < counts_.size() ? Histogram::bucket_low(i + 1) : low + 1;
    return std::min(max_, low + (above - 1 - low) / 2);
  }
  return max_;
}

}  // namespace pinstripe
