// A latency histogram in shared memory: one process counts, any process reads.
//
// Log-linear: values below 128 have a bucket each; above, every power of two is split into 64. A
// bucket is at most 1/64 of its value wide and reported by its middle, so percentiles are within
// 0.8 % (two significant digits). Counting is two relaxed loads and stores, no locked instruction:
// the one writer's values are never lost, a reader sees each word whole and the sum of the words
// nearly in step.
#pragma once

#include <atomic>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pinstripe {

class alignas(64) Histogram {
 public:
  static constexpr unsigned kSubBits = 6;
  /// Up to 2^40 - 1 ns, 18 minutes; larger values count there.
  static constexpr unsigned kValueBits = 40;
  static constexpr std::size_t kBuckets =
      (std::size_t{2} << kSubBits) + ((kValueBits - kSubBits - 1) << kSubBits);

  /// Bucket of `value`; negative values count as 0.
  static constexpr std::size_t bucket_of(std::int64_t value) noexcept {
    if (value < 0) value = 0;
    if (value >= (std::int64_t{1} << kValueBits)) value = (std::int64_t{1} << kValueBits) - 1;
    const auto v = static_cast<std::uint64_t>(value);
    if (v < (std::uint64_t{2} << kSubBits)) return static_cast<std::size_t>(v);
    const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - kSubBits - 1;
    return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(v >> shift);
  }
  /// Smallest value of a bucket.
  static constexpr std::int64_t bucket_low(std::size_t bucket) noexcept {
    if (bucket < (std::size_t{2} << kSubBits)) return static_cast<std::int64_t>(bucket);
    const std::size_t shift = (bucket >> kSubBits) - 1;
    return static_cast<std::int64_t>((bucket - (shift << kSubBits)) << shift);
  }

  /// Counts one value (ns). One writer.
  void record(std::int64_t value) noexcept {
    bump(counts_[bucket_of(value)], 1);
    bump(sum_, value > 0 ? static_cast<std::uint64_t>(value) : 0);
    if (value > max_.load(std::memory_order_relaxed)) {
      max_.store(value, std::memory_order_relaxed);
    }
  }
  void clear() noexcept;

 private:
  friend class HistogramSnapshot;
  static void bump(std::atomic<std::uint64_t>& word, std::uint64_t by) noexcept {
    word.store(word.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::int64_t> max_{0};
};

/// A private copy, for readers.
class HistogramSnapshot {
 public:
  HistogramSnapshot();
  explicit HistogramSnapshot(const Histogram& live);

  /// Adds another's counts.
  void merge(const HistogramSnapshot& other);
  /// What was counted since `earlier`, a snapshot of the same histogram; its max is the bucket's.
  HistogramSnapshot since(const HistogramSnapshot& earlier) const;
  std::uint64_t count() const noexcept { return count_; }
  std::int64_t max() const noexcept { return max_; }
  double mean() const noexcept;
  /// Value at `fraction` (0.5, 0.99, 0.999) of the counted values; 0 when nothing was counted.
  std::int64_t percentile(double fraction) const noexcept;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace pinstripe
