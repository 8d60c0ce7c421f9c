// Where each of risk's counters lies. Names are made once, in RiskCore::counter_names().
#pragma once

#include <cstdint>

#include "risk/denial.h"
#include "shm/msg/order_command.h"

namespace pinstripe {

enum RiskCounter : std::uint32_t {
  kRcSignals, kRcSignalsNeutral, kRcSignalsHeld, kRcSignalsBusy, kRcNeutralStale, kRcAgeSumNs,
  kRcAgeMaxNs, kRcMarketEvents, kRcReports, kRcControls, kRcTimers, kRcCommands, kRcOpens,
  kRcReduces, kRcCancels, kRcFills, kRcMakerFills, kRcRepeatedFills, kRcExternalFills, kRcRejects,
  kRcCancelRejects, kRcAlarms, kRcBadInputs, kRcBreakerTrips, kRcHaltLevel, kRcInFlight,
  kRcWorkingOrders, kRcExitOnInvalidBook, kRcCount
};
inline constexpr const char* kRiskCounterNames[kRcCount] = {
    "signals", "signals_neutral", "signals_held", "signals_busy", "signals_neutral_stale",
    "signal_age_sum_ns", "signal_age_max_ns", "market_events", "reports", "controls", "timers",
    "commands", "opens", "reduces", "cancels", "fills", "fills_maker", "fills_repeated",
    "fills_external", "rejects", "cancel_rejects", "alarms", "bad_inputs", "breaker_trips",
    "halt_level", "in_flight", "working_orders", "exit_on_invalid_book"};

/// denied.<reason> for every reason but `none`, then orders.<purpose> for every purpose but `none`.
inline constexpr std::uint32_t kRcDenied = kRcCount;
inline constexpr std::uint32_t kRcPurpose = kRcDenied + kDenialCount - 1;
inline constexpr std::uint32_t kRcInstruments = kRcPurpose + kPurposeNames.size() - 1;

/// One block an instrument, named "<instrument id>.<name>".
enum RiskInstrumentCounter : std::uint32_t {
  kRiPositionLots, kRiEntryPriceE8, kRiGrossPnlE8, kRiRealisedE8, kRiUnrealisedE8, kRiFeesE8,
  kRiFundingE8, kRiNetPnlE8, kRiWorkingOrders, kRiTradesClosed, kRiWins, kRiMarkIsMid,
  kRiBookState, kRiEntryRoundings, kRiCount
};
inline constexpr const char* kRiskInstrumentCounterNames[kRiCount] = {
    "position_lots", "entry_price_e8", "gross_pnl_e8", "realised_e8", "unrealised_e8", "fees_e8",
    "funding_e8", "net_pnl_e8", "working_orders", "trades_closed", "wins", "mark_is_mid",
    "book_state", "entry_roundings"};

/// One block an account, named "account.<settle asset>.<name>".
enum RiskAccountCounter : std::uint32_t {
  kRaOpeningE8, kRaCashE8, kRaEquityE8, kRaPeakE8, kRaHaltLevel, kRaCount
};
inline constexpr const char* kRiskAccountCounterNames[kRaCount] = {
    "opening_e8", "cash_e8", "equity_e8", "peak_e8", "halt_level"};

}  // namespace pinstripe
