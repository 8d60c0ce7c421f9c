// What exec counts. Plain integers in one array; the runner copies them to shared memory, and the
// account at the end of a run is made from them.
//
// Ratios are exported as a sum and a count: a `_e6_sum` is a sum of bps x 1e6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shm/base/state_io.h"
#include "shm/market/instrument.h"
#include "shm/msg/exec_report.h"

namespace pinstripe {

/// Totals of the stage.
enum class ExecCount : std::size_t {
  kCommands, kNewOrders, kCancels, kAmends, kCancelAlls,
  kAccepted, kRejected, kFills, kFillsMaker, kFillsTaker, kCancelled, kExpired, kCancelRejected,
  kAmended, kAmendRejected, kOrdersFilled, kOrdersPartlyFilled, kOrdersUnfilled,
  kInFlightFull, kNonMarketTrades, kMarketEvents, kFundingPaid, kFundingUnknown,
  kExitOnInvalidBook, kMarkoutsUnknown, kLiquidations, kRestingNow, kInFlightNow,
  kEnd
};
/// One block an instrument, named "<instrument id>.<name>".
enum class ExecInstrumentCount : std::size_t {
  kPositionLots, kBaseFeesE8, kFilledLots, kFills, kFillsMaker, kFillsTaker, kOrders,
  kOrdersFilled, kOrdersPartlyFilled, kFeesE8, kFundingE8, kFundingUnknown,
  kTurnoverE8,   // sum of |notional| of the fills, settle asset
  kTradeCashE8,  // cash of the fills before fees: equals gross profit while flat
  kMarkout1sE6Sum, kMarkout1sCount, kMarkout5sE6Sum, kMarkout5sCount,
  kMakerMarkout1sE6Sum, kMakerMarkout1sCount, kMakerMarkout5sE6Sum, kMakerMarkout5sCount,
  kTakerSlippageE6Sum, kTakerSlippageCount,
  kEnd
};

class ExecCounters {
 public:
  explicit ExecCounters(const std::vector<Instrument>& instruments);

  std::int64_t& operator[](ExecCount c) noexcept { return values_[static_cast<std::size_t>(c)]; }
  std::int64_t operator[](ExecCount c) const noexcept {
    return values_[static_cast<std::size_t>(c)];
  }
  std::int64_t& of(std::size_t instrument, ExecInstrumentCount c) noexcept {
    return values_[instrument_at(instrument) + static_cast<std::size_t>(c)];
  }
  std::int64_t of(std::size_t instrument, ExecInstrumentCount c) const noexcept {
    return values_[instrument_at(instrument) + static_cast<std::size_t>(c)];
  }
  std::int64_t& closed_because(ExecReason r) noexcept {
    return values_[kReasonsAt + static_cast<std::size_t>(r)];
  }
  std::int64_t& fills_by(FillRule r) noexcept {
    return values_[kRulesAt + static_cast<std::size_t>(r)];
  }
  std::int64_t& orders_with(TimeInForce t) noexcept {
    return values_[kTifsAt + static_cast<std::size_t>(t)];
  }

  std::span<const std::int64_t> values() const noexcept { return values_; }
  std::vector<std::string> names() const;
  void save(StateWriter& w) const noexcept;
  void load(StateReader& r);

 private:
  static constexpr std::size_t kReasonsAt = static_cast<std::size_t>(ExecCount::kEnd);
  static constexpr std::size_t kRulesAt = kReasonsAt + kExecReasonNames.size();
  static constexpr std::size_t kRuleCount = 5;
  static constexpr std::size_t kTifsAt = kRulesAt + kRuleCount;
  static constexpr std::size_t kTifCount = 4;
  static constexpr std::size_t kInstrumentsAt = kTifsAt + kTifCount;
  static std::size_t instrument_at(std::size_t i) noexcept {
    return kInstrumentsAt + i * static_cast<std::size_t>(ExecInstrumentCount::kEnd);
  }

  std::vector<std::int64_t> values_;
  std::vector<std::string> instrument_ids_;
};

}  // namespace pinstripe
