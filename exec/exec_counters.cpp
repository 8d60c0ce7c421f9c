#include "exec/exec_counters.h"

#include <array>
#include <string_view>

namespace pinstripe {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(ExecCount::kEnd)> kTotalNames{
    "commands", "new_orders", "cancels", "amends", "cancel_alls",
    "accepted", "rejected", "fills", "fills_maker", "fills_taker", "cancelled", "expired",
    "cancel_rejected", "amended", "amend_rejected", "orders_filled", "orders_partly_filled",
    "orders_unfilled", "in_flight_full", "non_market_trades", "market_events", "funding_paid",
    "funding_unknown", "exit_on_invalid_book", "markouts_unknown", "liquidations",
    "resting_now", "in_flight_now"};

constexpr std::array<std::string_view, static_cast<std::size_t>(ExecInstrumentCount::kEnd)>
    kInstrumentNames{
        "position_lots", "base_fees_e8", "filled_lots", "fills", "fills_maker", "fills_taker",
        "orders", "orders_filled", "orders_partly_filled", "fees_e8", "funding_e8",
        "funding_unknown", "turnover_e8", "trade_cash_e8", "markout_1s_e6_sum", "markout_1s_count",
        "markout_5s_e6_sum", "markout_5s_count", "maker_markout_1s_e6_sum",
        "maker_markout_1s_count", "maker_markout_5s_e6_sum", "maker_markout_5s_count",
        "taker_slippage_e6_sum", "taker_slippage_count"};

constexpr std::array<std::string_view, 5> kRuleNames{"none", "queue", "trade_through",
                                                     "touch_through", "taker"};
constexpr std::array<std::string_view, 4> kTifNames{"none", "gtc", "ioc", "fok"};

}  // namespace

ExecCounters::ExecCounters(const std::vector<Instrument>& instruments)
    : values_(instrument_at(instruments.size()), 0) {
  for (const Instrument& i : instruments) instrument_ids_.push_back(i.id);
}

std::vector<std::string> ExecCounters::names() const {
  std::vector<std::string> all;
  all.reserve(values_.size());
  for (const auto n : kTotalNames) all.emplace_back(n);
  for (const auto n : kExecReasonNames) all.push_back("reason." + std::string(n));
  for (const auto n : kRuleNames) all.push_back("fills." + std::string(n));
  for (const auto n : kTifNames) all.push_back("orders." + std::string(n));
  for (const std::string& id : instrument_ids_) {
    for (const auto n : kInstrumentNames) all.push_back(id + "." + std::string(n));
  }
  return all;
}

void ExecCounters::save(StateWriter& w) const noexcept {
  for (const std::int64_t v : values_) w.i64(v);
}

void ExecCounters::load(StateReader& r) {
  for (std::int64_t& v : values_) v = r.i64();
}

}  // namespace pinstripe
