// OrderCommand: risk -> exec. 128 bytes.
#pragma once

#include "shm/msg/header.h"

namespace pinstripe {

enum class CommandKind : std::uint8_t { kNew = 1, kCancel = 2, kAmend = 3, kCancelAll = 4 };
enum class OrderType : std::uint8_t { kLimit = 1, kMarket = 2 };
enum class TimeInForce : std::uint8_t { kGtc = 1, kIoc = 2, kFok = 3 };
/// Why risk decided it: for accounts, tests and people.
enum class Purpose : std::uint8_t {
  kEntry = 1, kRequote = 2, kExit = 3, kExitIoc = 4, kStop = 5, kTimeStop = 6, kTakeProfit = 7,
  kExitOnInvalidBook = 8, kFlatten = 9, kCancelStale = 10, kCancelOpposite = 11,
  kCancelInvalidBook = 12, kCancelTtl = 13, kCancelHalt = 14, kBench = 15,
};
inline constexpr std::array<std::string_view, 16> kPurposeNames{
    "none", "entry", "requote", "exit", "exit_ioc", "stop", "time_stop", "take_profit",
    "exit_on_invalid_book", "flatten", "cancel_stale", "cancel_opposite", "cancel_invalid_book",
    "cancel_ttl", "cancel_halt", "bench"};

enum OrderFlag : std::uint8_t {
  kOrderPostOnly = 1,
  kOrderReduceOnly = 2,
  kOrderOpens = 4,     // risk's own verdict: this order can grow the position
  kOrderExempt = 8,    // exempt from the age check at exec: cancels and reduces
};

/// Client order id as decision number and leg under the session's epoch; unique in the session and,
/// with the epoch, for ever. exec renders it as 24 to 32 letters and digits (trading.md 6).
struct OrderId {
  std::uint64_t decision = 0;  // counts every order risk ever makes in this epoch, from 1
  std::uint32_t epoch = 0;
  std::uint32_t leg = 0;
  friend constexpr auto operator<=>(const OrderId&, const OrderId&) = default;
};
static_assert(sizeof(OrderId) == 16);

struct OrderCommand {
  MsgHeader h;                     // side in flags; origin_ns is the causing market event's
  OrderId id;                      // the order spoken of
  PriceTicks price_ticks;          // limit price; 0 for market
  QtyLots qty_lots;                // > 0
  std::uint64_t number = 0;        // k: number of this command on its ring, from 1
  std::uint64_t signal_decision = 0;  // decision of the causing signal; 0: none
  std::int64_t expires_ns = 0;     // event time after which exec answers `expired`; 0: never
  CommandKind kind{};
  OrderType type{};
  TimeInForce tif{};
  std::uint8_t flags = 0;          // OrderFlag bits
  Purpose purpose{};
  std::array<std::uint8_t, 19> spare{};  // zero

  static constexpr std::string_view kRingType = "order_command";
  static constexpr MsgType kType = MsgType::kOrderCommand;
  static constexpr auto fields() noexcept {
    return join_fields(kHeaderFields,
                       std::array<FieldDesc, 14>{{
                           {"id_decision", FieldType::kU64, "count", 48, 1, false},
                           {"id_epoch", FieldType::kU32, "count", 56, 1, false},
                           {"id_leg", FieldType::kU32, "count", 60, 1, false},
                           {"price_ticks", FieldType::kI64, "ticks", 64, 1, false},
                           {"qty_lots", FieldType::kI64, "lots", 72, 1, false},
                           {"number", FieldType::kU64, "count", 80, 1, false},
                           {"signal_decision", FieldType::kU64, "count", 88, 1, false},
                           {"expires_ns", FieldType::kI64, "ns", 96, 1, false},
                           {"kind", FieldType::kU8, "enum CommandKind", 104, 1, false},
                           {"order_type", FieldType::kU8, "enum OrderType", 105, 1, false},
                           {"tif", FieldType::kU8, "enum TimeInForce", 106, 1, false},
                           {"order_flags", FieldType::kU8, "bits", 107, 1, false},
                           {"purpose", FieldType::kU8, "enum Purpose", 108, 1, false},
                           {"spare", FieldType::kU8, "zero", 109, 19, false},
                       }});
  }
  static const std::uint64_t kLayoutHash;
};
inline constexpr std::uint64_t OrderCommand::kLayoutHash = layout_hash(OrderCommand::fields());
static_assert(covers_every_byte(OrderCommand::fields(), sizeof(OrderCommand)));
static_assert(sizeof(OrderCommand) == 128);

}  // namespace pinstripe
