#include "features/vpin.h"

#include <algorithm>

#include "shm/market/instrument.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kCalibrationTradesMin = 10;
constexpr auto kBuckets = static_cast<std::int64_t>(kVpinBuckets);

std::int64_t bucket_of(std::int64_t volume_lots) noexcept {
  return std::max<std::int64_t>(1, volume_lots / kBuckets);
}

}  // namespace

Vpin::Vpin(std::int64_t stated_volume_lots, std::int64_t calibration_ns)
    : stated_lots_(stated_volume_lots), calibration_ns_(calibration_ns) {
  if (stated_lots_ > 0) bucket_lots_ = bucket_of(stated_lots_);
}

bool Vpin::calibrate(std::int64_t now_ns, std::int64_t lots) noexcept {
  if (calibration_trades_ == 0) first_ns_ = now_ns;
  const bool over = now_ns - first_ns_ >= calibration_ns_;
  if (over && calibration_trades_ >= kCalibrationTradesMin) {
    bucket_lots_ = bucket_of(calibration_lots_);
    return true;
  }
  ++calibration_trades_;
  calibration_lots_ = std::min(calibration_lots_ + lots, kLotsMax);
  return false;
}

void Vpin::close_bucket(std::int64_t imbalance_lots) noexcept {
  if (buckets_ == kVpinBuckets) {
    imbalance_sum_ -= imbalance_[next_];
  } else {
    ++buckets_;
  }
  imbalance_[next_] = imbalance_lots;
  imbalance_sum_ += imbalance_lots;
  next_ = next_ + 1 == kVpinBuckets ? 0 : next_ + 1;
}

void Vpin::add(std::int64_t now_ns, std::int64_t lots, std::int64_t sign) noexcept {
  if (bucket_lots_ == 0 && !calibrate(now_ns, lots)) return;
  std::int64_t rest = lots;
  // A trade that spans more than 50 whole buckets leaves 50 one-sided ones, however many it filled.
  const std::int64_t whole = (rest + filled_lots_) / bucket_lots_;
  if (whole > kBuckets + 1) rest -= (whole - kBuckets - 1) * bucket_lots_;
  while (rest > 0) {
    const std::int64_t part = std::min(rest, bucket_lots_ - filled_lots_);
    filled_lots_ += part;
    signed_lots_ += sign * part;
    rest -= part;
    if (filled_lots_ < bucket_lots_) break;
    close_bucket(signed_lots_ < 0 ? -signed_lots_ : signed_lots_);
    filled_lots_ = signed_lots_ = 0;
  }
}

double Vpin::value() const noexcept {
  return to_double(imbalance_sum_) /
         (static_cast<double>(buckets_) * static_cast<double>(bucket_lots_));
}

void Vpin::save(StateWriter& w) const noexcept {
  for (const std::int64_t v : {bucket_lots_, first_ns_, calibration_trades_, calibration_lots_,
                               filled_lots_, signed_lots_}) {
    w.i64(v);
  }
  w.u64(buckets_);
  w.u64(next_);
  for (std::uint64_t i = 0; i < buckets_; ++i) w.i64(imbalance_[i]);
}

bool Vpin::load(StateReader& r) noexcept {
  for (std::int64_t* v : {&bucket_lots_, &first_ns_, &calibration_trades_, &calibration_lots_,
                          &filled_lots_, &signed_lots_}) {
    *v = r.i64();
  }
  buckets_ = r.u64();
  next_ = r.u64();
  if (r.failed() || buckets_ > kVpinBuckets || next_ >= kVpinBuckets) return false;
  if (bucket_lots_ < 0 || filled_lots_ < 0) return false;
  imbalance_sum_ = 0;
  for (std::uint64_t i = 0; i < buckets_; ++i) imbalance_sum_ += imbalance_[i] = r.i64();
  return !r.failed();
}

}  // namespace pinstripe
