// Checkpoints and counters of risk.
#include "risk/risk_core.h"

namespace pinstripe {
namespace {

struct Saver {
  StateWriter& w;
  void operator()(std::int64_t v) noexcept { w.i64(v); }
  void operator()(std::uint64_t v) noexcept { w.u64(v); }
  void operator()(double v) noexcept { w.f64(v); }
  void operator()(bool v) noexcept { w.boolean(v); }
  void operator()(BookState v) noexcept { w.u64(static_cast<std::uint64_t>(v)); }
  void operator()(Purpose v) noexcept { w.u64(static_cast<std::uint64_t>(v)); }
};
struct Loader {
  StateReader& r;
  void operator()(std::int64_t& v) noexcept { v = r.i64(); }
  void operator()(std::uint64_t& v) noexcept { v = r.u64(); }
  void operator()(double& v) noexcept { v = r.f64(); }
  void operator()(bool& v) noexcept { v = r.boolean(); }
  void operator()(BookState& v) noexcept { v = static_cast<BookState>(r.u64()); }
  void operator()(Purpose& v) noexcept { v = static_cast<Purpose>(r.u64()); }
};

}  // namespace

void RiskCore::save(StateWriter& w) const noexcept {
  w.u64(states_.size());
  for (const InstrumentState& st : states_) InstrumentState::visit(st, Saver{w});
  ledger_.save(w);
  orders_.save(w);
  in_flight_.save(w);
  open_rate_.save(w);
  reduce_rate_.save(w);
  reject_window_.save(w);
  loss_window_.save(w);
  seen_.save(w);
  w.u64(draft_tail_ - draft_head_);
  for (std::uint64_t n = draft_head_; n != draft_tail_; ++n) {
    w.bytes(&drafts_[n % drafts_.size()].command, sizeof(OrderCommand));
  }
  w.u64(commands_);
  w.i64(breaker_until_ns_);
  w.u64(static_cast<std::uint64_t>(kill_));
  for (const std::int64_t c : counters_) w.i64(c);
}

Result<void> RiskCore::load(StateReader& r) {
  const std::uint64_t saved = r.u64();
  if (saved != states_.size()) {
    return fail("cannot restore risk: the checkpoint holds " + std::to_string(saved) +
                " instruments, the session has " + std::to_string(states_.size()) +
                "; resume with the session's own config");
  }
  for (InstrumentState& st : states_) InstrumentState::visit(st, Loader{r});
  bool good = ledger_.load(r) && orders_.load(r) && in_flight_.load(r) && open_rate_.load(r) &&
              reduce_rate_.load(r) && reject_window_.load(r) && loss_window_.load(r) &&
              seen_.load(r);
  draft_head_ = 0;
  draft_tail_ = good ? r.u64() : 0;
  good = good && draft_tail_ <= drafts_.size();
  for (std::uint64_t n = 0; good && n < draft_tail_; ++n) {
    r.bytes(&drafts_[n].command, sizeof(OrderCommand));
  }
  commands_ = r.u64();
  breaker_until_ns_ = r.i64();
  kill_ = static_cast<HaltLevel>(r.u64() & 3);
  for (std::int64_t& c : counters_) c = r.i64();
  if (!good || r.failed()) {
    return fail("cannot restore risk: the checkpoint is damaged or of another build; "
                "start from an older checkpoint");
  }
  rescan_due();
  return {};
}

std::vector<std::string> RiskCore::counter_names() const {
  std::vector<std::string> names(kRiskCounterNames, kRiskCounterNames + kRcCount);
  for (std::size_t d = 1; d < kDenialCount; ++d) {
    names.push_back("denied." + std::string(kDenialNames[d]));
  }
  for (std::size_t p = 1; p < kPurposeNames.size(); ++p) {
    names.push_back("orders." + std::string(kPurposeNames[p]));
  }
  for (const Instrument& i : config_.instruments) {
    for (const char* name : kRiskInstrumentCounterNames) names.push_back(i.id + "." + name);
  }
  for (const SettleAccount& a : ledger_.accounts()) {
    for (const char* name : kRiskAccountCounterNames) {
      names.push_back("account." + a.settle + "." + name);
    }
  }
  return names;
}

void RiskCore::refresh_counters(std::uint32_t i) noexcept {
  const InstrumentMoney& m = ledger_.money(i);
  std::int64_t* c = &counters_[kRcInstruments + i * kRiCount];
  c[kRiPositionLots] = m.lots();
  c[kRiEntryPriceE8] = static_cast<std::int64_t>(
      m.position.average_entry_ticks() * static_cast<double>(config_.instruments[i].tick_e8));
  c[kRiGrossPnlE8] = m.gross_e8();
  c[kRiRealisedE8] = m.realised_e8;
  c[kRiUnrealisedE8] = m.unrealised_e8;
  c[kRiFeesE8] = m.fees_e8;
  c[kRiFundingE8] = m.funding_e8;
  c[kRiNetPnlE8] = m.net_e8();
  c[kRiEntryRoundings] = static_cast<std::int64_t>(m.position.roundings());
  c[kRiWorkingOrders] = states_[i].working;
  c[kRiTradesClosed] = m.trades_closed;
  c[kRiWins] = m.wins;
  const SettleAccount& a = ledger_.account_of(i);
  std::int64_t* ac = &counters_[kRcInstruments + states_.size() * kRiCount + m.account * kRaCount];
  ac[kRaOpeningE8] = a.opening_e8;
  ac[kRaCashE8] = a.cash_e8;
  ac[kRaEquityE8] = a.equity_e8();
  ac[kRaPeakE8] = a.peak_e8;
  ac[kRaHaltLevel] = static_cast<std::int64_t>(a.level);
}

}  // namespace pinstripe
