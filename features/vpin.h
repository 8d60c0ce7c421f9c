// VPIN: volume-synchronised probability of informed trading, after Easley, Lopez de Prado, O'Hara
// (2012), with the true aggressor side instead of bulk classification. All integers but the
// quotient.
#pragma once

#include <array>
#include <cstdint>

#include "features/event_ring.h"
#include "features/registry.h"

namespace pinstripe {

/// Bucket = 1/50 of a stated volume. Where none is stated, it is what is traded in the first
/// `calibration_ns` after the first trade (at least ten trades), and buckets begin after that.
class Vpin {
 public:
  Vpin(std::int64_t stated_volume_lots, std::int64_t calibration_ns);

  void add(std::int64_t now_ns, std::int64_t lots, std::int64_t sign) noexcept;
  bool known() const noexcept { return buckets_ >= kVpinBucketsMin; }
  /// Mean over the last 50 buckets (fewer at first) of |bought - sold| / bucket. In [0, 1].
  double value() const noexcept;
  std::int64_t bucket_lots() const noexcept { return bucket_lots_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r) noexcept;

 private:
  bool calibrate(std::int64_t now_ns, std::int64_t lots) noexcept;
  void close_bucket(std::int64_t imbalance_lots) noexcept;

  std::int64_t stated_lots_;
  std::int64_t calibration_ns_;
  std::int64_t bucket_lots_ = 0;      // 0: not calibrated yet
  std::int64_t first_ns_ = 0;
  std::int64_t calibration_trades_ = 0;
  std::int64_t calibration_lots_ = 0;
  std::int64_t filled_lots_ = 0;      // of the open bucket
  std::int64_t signed_lots_ = 0;
  std::array<std::int64_t, kVpinBuckets> imbalance_{};
  std::uint64_t buckets_ = 0;         // in the ring, at most kVpinBuckets
  std::uint64_t next_ = 0;
  Int128 imbalance_sum_ = 0;
};

}  // namespace pinstripe
