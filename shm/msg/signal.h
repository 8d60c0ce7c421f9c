// Signal: models -> risk. One an instrument and decision, neutral ones included (trading.md 4).
#pragma once

#include "shm/msg/market_context.h"

namespace pinstripe {

inline constexpr std::size_t kMemberMax = 8;

struct Signal {
  MsgHeader h;
  double probability = 0.5;       // calibrated probability of "up" over the horizon, (0, 1)
  double confidence = 0;          // |2p - 1|
  double edge_bps = 0;            // signed: (2p - 1) * mean |r| of resolved labels
  std::int64_t horizon_ns = 0;
  std::uint64_t decision = 0;     // number of this decision on its instrument, from 1
  // Running hash of every vector of the instrument up to this one, and of every market event that
  // they were made of: two runs whose inputs differed anywhere differ here, even where the
  // probabilities round to the same.
  std::uint64_t inputs_hash = 0;
  MarketContext context;
  std::array<float, kMemberMax> member_probability{};  // 0 where the member did not vote
  std::array<std::uint32_t, kMemberMax> model_age_s{}; // event time - end of its training range
  std::uint16_t voters = 0;       // bit i: member i voted
  std::uint16_t left_out = 0;     // bit i: member i left out because the budget had no room
  std::int8_t direction = 0;      // -1, 0 (neutral), +1
  std::uint8_t flags = 0;         // bit 0: the probability comes from a calibrated model
  std::uint8_t reason = 0;        // NeutralReason when direction is 0
  std::uint8_t members = 0;       // members configured

  static constexpr std::string_view kRingType = "signal";
  static constexpr MsgType kType = MsgType::kSignal;
  static constexpr auto fields() noexcept {
    return join_fields(
        join_fields(kHeaderFields,
                    std::array<FieldDesc, 6>{{
                        {"probability", FieldType::kF64, "probability", 48, 1, false},
                        {"confidence", FieldType::kF64, "ratio", 56, 1, false},
                        {"edge_bps", FieldType::kF64, "bps", 64, 1, false},
                        {"horizon_ns", FieldType::kI64, "ns", 72, 1, false},
                        {"decision", FieldType::kU64, "count", 80, 1, false},
                        {"inputs_hash", FieldType::kU64, "hash", 88, 1, false},
                    }}),
        join_fields(context_fields(96),
                    std::array<FieldDesc, 8>{{
                        {"member_probability", FieldType::kF32, "probability", 176, 8, false},
                        {"model_age_s", FieldType::kU32, "s", 208, 8, false},
                        {"voters", FieldType::kU16, "bits", 240, 1, false},
                        {"left_out", FieldType::kU16, "bits", 242, 1, false},
                        {"direction", FieldType::kI8, "sign", 244, 1, false},
                        {"signal_flags", FieldType::kU8, "bits", 245, 1, false},
                        {"reason", FieldType::kU8, "enum NeutralReason", 246, 1, false},
                        {"members", FieldType::kU8, "count", 247, 1, false},
                    }}));
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t Signal::kLayoutHash = layout_hash(Signal::fields());
static_assert(covers_every_byte(Signal::fields(), sizeof(Signal)) && sizeof(Signal) == 248);

inline constexpr std::uint8_t kSignalCalibrated = 1;

/// Why a signal is neutral.
enum class NeutralReason : std::uint8_t {
  kNone = 0, kBelowThreshold = 1, kTooFewVoters = 2, kBookInvalid = 3, kWarmingUp = 4,
  kNoMajority = 5,
};
inline constexpr std::array<std::string_view, 6> kNeutralReasonNames{
    "none", "below_threshold", "too_few_voters", "book_invalid", "warming_up", "no_majority"};

}  // namespace pinstripe
