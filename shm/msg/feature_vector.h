// FeatureVector: features -> models. One after each complete venue message of an instrument.
#pragma once

#include "shm/msg/market_context.h"

namespace pinstripe {

inline constexpr std::size_t kFeatureMax = 64;

/// `values[i]` is meaningful where bit i of `valid_mask` is set; absent values are 0, never NaN.
/// Values past the registry's count are 0. The meaning of i is fixed by the registry whose hash the
/// vector carries.
struct FeatureVector {
  MsgHeader h;
  std::uint64_t registry_hash = 0;
  std::uint64_t valid_mask = 0;
  std::uint64_t told_hash = 0;  // running hash of every market event of the instrument so far
  MarketContext context;
  std::array<float, kFeatureMax> values{};

  bool valid(std::size_t i) const noexcept { return (valid_mask >> i & 1) != 0; }

  static constexpr std::string_view kRingType = "feature_vector";
  static constexpr MsgType kType = MsgType::kFeatureVector;
  static constexpr auto fields() noexcept {
    return join_fields(
        join_fields(kHeaderFields, std::array<FieldDesc, 3>{{
                                       {"registry_hash", FieldType::kU64, "hash", 48, 1, false},
                                       {"valid_mask", FieldType::kU64, "bits", 56, 1, false},
                                       {"told_hash", FieldType::kU64, "hash", 64, 1, false},
                                   }}),
        join_fields(context_fields(72),
                    std::array<FieldDesc, 1>{{
                        {"values", FieldType::kF32, "by registry", 152, kFeatureMax, false}}}));
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t FeatureVector::kLayoutHash = layout_hash(FeatureVector::fields());
static_assert(covers_every_byte(FeatureVector::fields(), sizeof(FeatureVector)));
static_assert(sizeof(FeatureVector) == 408);

}  // namespace pinstripe
