// ExecReport: exec -> risk. 176 bytes.
#pragma once

#include "shm/msg/order_command.h"

namespace pinstripe {

enum class ExecKind : std::uint8_t {
  kAccepted = 1, kRejected = 2, kFill = 3, kCancelled = 4, kExpired = 5, kCancelRejected = 6,
  kAmended = 7, kAmendRejected = 8, kFunding = 9, kLiquidation = 10, kAdl = 11, kDelivery = 12,
  kUnknown = 13,   // fate unknown: freezes the instrument
  kNotSent = 14,
};
inline constexpr std::array<std::string_view, 15> kExecKindNames{
    "none", "accepted", "rejected", "fill", "cancelled", "expired", "cancel_rejected", "amended",
    "amend_rejected", "funding", "liquidation", "adl", "delivery", "unknown", "not_sent"};

enum class OrderState : std::uint8_t {
  kNew = 0, kSent = 1, kAccepted = 2, kPartlyFilled = 3, kFilled = 4, kPendingCancel = 5,
  kPendingAmend = 6, kCancelled = 7, kExpired = 8, kRejected = 9, kUnknown = 10,
};
inline constexpr std::array<std::string_view, 11> kOrderStateNames{
    "new", "sent", "accepted", "partly_filled", "filled", "pending_cancel", "pending_amend",
    "cancelled", "expired", "rejected", "unknown"};

/// Why an order closed or a request was refused.
enum class ExecReason : std::uint8_t {
  kNone = 0, kUser = 1, kIocRemainder = 2, kPostOnlyWouldCross = 3, kSelfTrade = 4, kGtd = 5,
  kDeadMan = 6, kLiquidation = 7, kFokNotFillable = 8, kTooOld = 9, kUnknownOrder = 10,
  kReduceOnly = 11, kFilter = 12, kBookInvalid = 13, kSessionEnd = 14, kDuplicateId = 15,
};
inline constexpr std::array<std::string_view, 16> kExecReasonNames{
    "none", "user", "ioc_remainder", "post_only_would_cross", "self_trade", "gtd", "dead_man",
    "liquidation", "fok_not_fillable", "too_old", "unknown_order", "reduce_only", "filter",
    "book_invalid", "session_end", "duplicate_id"};

/// Which rule of the paper venue produced a fill (trading.md 6).
enum class FillRule : std::uint8_t {
  kNone = 0, kQueue = 1, kTradeThrough = 2, kTouchThrough = 3, kTaker = 4,
};

/// `h.cause_*` of a fill names the market event that caused it; of an answer, the order command.
struct ExecReport {
  MsgHeader h;                       // side in flags; kFlagMaker on maker fills
  OrderId id;
  std::uint64_t venue_order_id = 0;
  std::uint64_t exec_id = 0;         // unique per fill; 0 otherwise
  PriceTicks last_ticks;             // fill: price
  QtyLots last_lots;                 // fill: quantity; funding: position it was computed on
  QtyLots cumulative_lots;           // filled so far, this order
  QtyLots leaves_lots;               // still open, this order
  MoneyE8 fee_e8;                    // cost > 0, rebate < 0, in the settle asset unless flagged
  MoneyE8 cash_e8;                   // funding: cash received (> 0) or paid (< 0), settle asset
  std::int64_t price_e8 = 0;         // funding, liquidation: mark used, 1e-8 quote
  std::uint64_t answers = 0;         // number of the order command this answers first; 0: none
  std::int64_t venue_ns = 0;         // event time at which it happened on the venue
  PriceTicks bid_ticks;              // touch on the venue at that moment, for markouts and slippage
  PriceTicks ask_ticks;
  ExecKind kind{};
  OrderState state{};
  ExecReason reason{};
  FillRule rule{};
  std::uint8_t fee_in_base = 0;      // 1: fee_e8 is in 1e-8 of the base asset
  std::uint8_t tif = 0;
  std::uint8_t purpose = 0;
  std::uint8_t spare = 0;            // zero

  static constexpr std::string_view kRingType = "exec_report";
  static constexpr MsgType kType = MsgType::kExecReport;
  static constexpr auto fields() noexcept {
    return join_fields(
        kHeaderFields,
        std::array<FieldDesc, 24>{{
            {"id_decision", FieldType::kU64, "count", 48, 1, false},
            {"id_epoch", FieldType::kU32, "count", 56, 1, false},
            {"id_leg", FieldType::kU32, "count", 60, 1, false},
            {"venue_order_id", FieldType::kU64, "id", 64, 1, false},
            {"exec_id", FieldType::kU64, "id", 72, 1, false},
            {"last_ticks", FieldType::kI64, "ticks", 80, 1, false},
            {"last_lots", FieldType::kI64, "lots", 88, 1, false},
            {"cumulative_lots", FieldType::kI64, "lots", 96, 1, false},
            {"leaves_lots", FieldType::kI64, "lots", 104, 1, false},
            {"fee_e8", FieldType::kI64, "1e-8 settle", 112, 1, false},
            {"cash_e8", FieldType::kI64, "1e-8 settle", 120, 1, false},
            {"price_e8", FieldType::kI64, "1e-8 quote", 128, 1, false},
            {"answers", FieldType::kU64, "count", 136, 1, false},
            {"venue_ns", FieldType::kI64, "ns", 144, 1, false},
            {"bid_ticks", FieldType::kI64, "ticks", 152, 1, false},
            {"ask_ticks", FieldType::kI64, "ticks", 160, 1, false},
            {"kind", FieldType::kU8, "enum ExecKind", 168, 1, false},
            {"state", FieldType::kU8, "enum OrderState", 169, 1, false},
            {"reason", FieldType::kU8, "enum ExecReason", 170, 1, false},
            {"rule", FieldType::kU8, "enum FillRule", 171, 1, false},
            {"fee_in_base", FieldType::kU8, "bool", 172, 1, false},
            {"tif", FieldType::kU8, "enum TimeInForce", 173, 1, false},
            {"purpose", FieldType::kU8, "enum Purpose", 174, 1, false},
            {"spare", FieldType::kU8, "zero", 175, 1, false},
        }});
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t ExecReport::kLayoutHash = layout_hash(ExecReport::fields());
static_assert(covers_every_byte(ExecReport::fields(), sizeof(ExecReport)));
static_assert(sizeof(ExecReport) == 176);

}  // namespace pinstripe
