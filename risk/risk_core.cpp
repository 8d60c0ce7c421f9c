#include "risk/risk_core.h"

namespace pinstripe {

RiskCore::RiskCore(const RiskConfig& config)
    : config_(config), states_(config.instruments.size()), ledger_(config_),
      orders_(config.order_memory),
      in_flight_(static_cast<std::size_t>(config.limits.in_flight_max) + 2 * config.order_memory),
      open_rate_(config.limits.opens_per_second, kNsPerSecond),
      reduce_rate_(config.limits.reduces_per_second, kNsPerSecond),
      reject_window_(config.limits.breaker_rejects, config.limits.breaker_window_ns),
      loss_window_(config.limits.breaker_losses, config.limits.breaker_window_ns),
      seen_(config.exec_id_memory), drafts_(2 * std::size_t{config.order_memory}) {
  PINSTRIPE_CHECK(!config.instruments.empty() && config.instruments.size() < kNoInstrument,
                  "risk needs at least one instrument");
  PINSTRIPE_CHECK(config.order_memory >= 8 * config.instruments.size(),
                  "order memory must hold eight orders an instrument");
  for (std::uint32_t i = 0; i < config_.instruments.size(); ++i) {
    std::uint32_t group = 0;
    while (config_.instruments[group].base != config_.instruments[i].base) ++group;
    group_of_.push_back(group);
  }
  counters_.assign(kRcInstruments + kRiCount * states_.size() +
                       kRaCount * ledger_.accounts().size(), 0);
  for (std::uint32_t i = 0; i < states_.size(); ++i) refresh_counters(i);
}

void RiskCore::on_message(TimeNs now_ns, const Input& in) noexcept {
  const std::int64_t now = now_ns.value;
  switch (in.type()) {
    case MsgType::kTouch:
    case MsgType::kTrade:
    case MsgType::kMark:
    case MsgType::kFunding:
    case MsgType::kBookState: return on_market(now, in.as<MarketEvent>());
    case MsgType::kSignal: return on_signal(now, in.as<Signal>());
    case MsgType::kExecReport: return on_report(now, in.as<ExecReport>());
    case MsgType::kControl: return on_control(now, in.as<Control>());
    default: ++counters_[kRcBadInputs];
  }
}

void RiskCore::on_timer(TimeNs now_ns) noexcept {
  ++counters_[kRcTimers];
  const std::int64_t now = now_ns.value;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    if (states_[i].due_ns <= now) evaluate(now, i);
  }
}

void RiskCore::on_market(std::int64_t now, const MarketEvent& e) noexcept {
  ++counters_[kRcMarketEvents];
  const std::uint32_t i = e.h.instrument;
  if (i >= states_.size()) [[unlikely]] {
    ++counters_[kRcBadInputs];
    return;
  }
  InstrumentState& st = states_[i];
  switch (e.h.type) {
    case MsgType::kTouch:
      (e.h.side() == Side::kBuy ? st.bid_ticks : st.ask_ticks) = e.a;
      break;
    case MsgType::kMark:
      st.mark_e8 = e.a > 0 ? e.a : st.mark_e8;
      break;
    case MsgType::kBookState:
      on_book_state(i, e.book_state());
      break;
    default: break;  // trades and funding rates: money moves by reports alone
  }
  if (e.ends_update()) after_update(now, i);
}

void RiskCore::on_book_state(std::uint32_t i, BookState to) noexcept {
  states_[i].book = to;
  counters_[kRcInstruments + i * kRiCount + kRiBookState] = static_cast<std::int64_t>(to);
}

/// A whole venue message has been taken: the only place where market events decide anything.
void RiskCore::after_update(std::int64_t now, std::uint32_t i) noexcept {
  InstrumentState& st = states_[i];
  if (st.valid()) [[likely]] {
    st.valid_bid_ticks = st.bid_ticks;
    st.valid_ask_ticks = st.ask_ticks;
    st.was_valid = true;
    ledger_.fund(i, st.mid_ticks() * static_cast<double>(config_.instruments[i].tick_e8));
  }
  if (!st.valid() && st.was_valid) [[unlikely]] {
    st.was_valid = false;
    st.invalid_since_ns = now;
  }
  if (st.working == 0 && ledger_.money(i).position.units() == 0) [[likely]] return;
  value_position(i);
  refresh_levels(now, i);
  evaluate(now, i);
}

void RiskCore::value_position(std::uint32_t i) noexcept {
  const InstrumentState& st = states_[i];
  const Instrument& instrument = config_.instruments[i];
  const bool spot = instrument.market == Market::kSpot;
  std::int64_t price = spot ? 0 : st.mark_e8;
  if (price == 0) {
    // the mid of the last valid touch: an invalid book must not move money
    const std::int64_t twice = st.valid_bid_ticks + st.valid_ask_ticks;
    price = static_cast<std::int64_t>(static_cast<Int128>(twice) * instrument.tick_e8 / 2);
  }
  counters_[kRcInstruments + i * kRiCount + kRiMarkIsMid] = spot || st.mark_e8 == 0 ? 1 : 0;
  const InstrumentMoney& m = ledger_.money(i);
  if (price > 0 && price != m.valued_at_e8) ledger_.value(i, price);
  refresh_counters(i);
}

void RiskCore::refresh_levels(std::int64_t now, std::uint32_t i) noexcept {
  if (ledger_.update_levels(ledger_.money(i).account, now)) evaluate_all(now);
}

void RiskCore::evaluate_all(std::int64_t now) noexcept {
  for (std::uint32_t i = 0; i < states_.size(); ++i) evaluate(now, i);
}

void RiskCore::on_report(std::int64_t now, const ExecReport& r) noexcept {
  ++counters_[kRcReports];
  const std::uint32_t i = r.h.instrument;
  if (i >= states_.size()) [[unlikely]] {
    ++counters_[kRcBadInputs];
    return;
  }
  if (r.answers != 0) in_flight_.answered(r.answers);
  WorkingOrder* o = r.id.epoch == config_.epoch ? orders_.find(r.id.decision) : nullptr;
  if (o != nullptr && o->instrument != i) [[unlikely]] {
    ++counters_[kRcBadInputs];
    return;
  }
  switch (r.kind) {
    case ExecKind::kFill:
    case ExecKind::kLiquidation:
    case ExecKind::kAdl:
    case ExecKind::kDelivery: on_fill(now, r, o); break;
    case ExecKind::kFunding:
      // funding is keyed by its instant: one payment an instrument and instant
      if (seen_.first_time(random_draw(i, 9, static_cast<std::uint64_t>(r.venue_ns), r.exec_id))) {
        ledger_.funding(i, r.cash_e8.value);
      }
      break;
    default: break;
  }
  if (o != nullptr) note_order_report(now, r, *o);
  value_position(i);
  refresh_levels(now, i);
  evaluate(now, i);
  counters_[kRcInFlight] = static_cast<std::int64_t>(in_flight_.size());
  counters_[kRcWorkingOrders] = static_cast<std::int64_t>(orders_.used());
}

/// False where the execution must not be booked.
bool RiskCore::accept_external(const ExecReport& r) noexcept {
  ++counters_[kRcExternalFills];
  if (config_.external_fills == ExternalFills::kIgnore) return false;
  if (config_.external_fills == ExternalFills::kHalt) {
    states_[r.h.instrument].alarm = true;
    ++counters_[kRcAlarms];
  }
  return true;
}

void RiskCore::on_fill(std::int64_t now, const ExecReport& r, WorkingOrder* o) noexcept {
  const std::uint32_t i = r.h.instrument;
  if (r.last_ticks.value <= 0 || r.last_ticks.value > kTicksMax || r.last_lots.value <= 0 ||
      r.last_lots.value > kLotsMax) [[unlikely]] {
    ++counters_[kRcBadInputs];
    return;
  }
  const std::uint64_t key =
      random_draw((static_cast<std::uint64_t>(i) << 1) | static_cast<std::uint64_t>(r.h.side()),
                  static_cast<std::uint64_t>(ExecKind::kFill), r.venue_order_id, r.exec_id);
  if (!seen_.first_time(key)) {
    ++counters_[kRcRepeatedFills];
    return;
  }
  const bool ours = r.id.epoch == config_.epoch && r.id.decision != 0 &&
                    r.id.decision <= orders_.last_decision();
  if (r.kind == ExecKind::kLiquidation || r.kind == ExecKind::kAdl) {
    states_[i].alarm = true;
    ++counters_[kRcAlarms];
  } else if (r.kind == ExecKind::kFill && !ours && !accept_external(r)) {
    return;
  }
  ++counters_[kRcFills];
  if (r.h.has(kFlagMaker)) ++counters_[kRcMakerFills];
  InstrumentState& st = states_[i];
  if (o != nullptr) {
    (o->side == Side::kBuy ? st.buy_leaves : st.sell_leaves) -= o->leaves();
    o->filled_lots += r.last_lots.value;
    (o->side == Side::kBuy ? st.buy_leaves : st.sell_leaves) += o->leaves();
  }
  const Booked booked = ledger_.fill(i, r.h.side(), r.last_ticks, r.last_lots.value,
                                     r.fee_e8.value, r.fee_in_base != 0);
  if (booked.opened && !booked.flat) {
    const auto stop_after = static_cast<double>(st.horizon_ns) * config_.policy.time_stop_horizons;
    st.time_stop_ns = st.horizon_ns > 0
                          ? saturating_add(TimeNs(now),
                                           TimeNs(static_cast<std::int64_t>(stop_after))).value
                          : INT64_MAX;
    st.closing = Purpose{};
  }
  if (booked.flat) {
    st.closing = Purpose{};
    st.retry_ns = 0;
    if (booked.lost) count_loss(now);
  }
  set_triggers(i);
}

void RiskCore::note_order_report(std::int64_t now, const ExecReport& r, WorkingOrder& o) noexcept {
  InstrumentState& st = states_[o.instrument];
  (o.side == Side::kBuy ? st.buy_leaves : st.sell_leaves) -= o.leaves();
  o.stated_lots = std::max({o.stated_lots, o.filled_lots, r.cumulative_lots.value});
  const bool was_unknown = o.unknown && !o.terminal;
  switch (r.kind) {
    case ExecKind::kRejected:
      ++counters_[kRcRejects];
      if (o.opens && !o.terminal && r.reason != ExecReason::kPostOnlyWouldCross &&
          r.reason != ExecReason::kBookInvalid) {
        reject_window_.add(now);
        if (reject_window_.full(now)) trip_breaker(now);
      }
      if (!o.opens) st.retry_ns = std::max(st.retry_ns, now + config_.policy.retry_ns);
      o.terminal = true;
      break;
    case ExecKind::kCancelled:
    case ExecKind::kExpired:
    case ExecKind::kNotSent: o.terminal = true; break;
    case ExecKind::kCancelRejected:
      ++counters_[kRcCancelRejects];
      o.cancel_sent = false;  // returns to what the venue next states
      o.cancel_after_ns = now + config_.policy.retry_ns;
      break;
    case ExecKind::kUnknown: o.unknown = true; break;
    default: break;
  }
  if (r.state == OrderState::kFilled || o.stated_lots >= o.qty_lots) o.terminal = true;
  st.unknown += (o.unknown && !o.terminal ? 1 : 0) - (was_unknown ? 1 : 0);
  (o.side == Side::kBuy ? st.buy_leaves : st.sell_leaves) += o.leaves();
  forget_if_finished(o);
}

void RiskCore::forget_if_finished(WorkingOrder& o) noexcept {
  if (!o.finished()) return;
  InstrumentState& st = states_[o.instrument];
  if (st.entry == o.decision) st.entry = 0;
  if (st.exit == o.decision) st.exit = 0;
  --st.working;
  orders_.remove(o);
}

void RiskCore::count_loss(std::int64_t now) noexcept {
  loss_window_.add(now);
  if (loss_window_.full(now)) trip_breaker(now);
}

void RiskCore::trip_breaker(std::int64_t now) noexcept {
  ++counters_[kRcBreakerTrips];
  breaker_until_ns_ = now + config_.limits.breaker_cool_down_ns;
  reject_window_.clear();
  loss_window_.clear();
}

void RiskCore::on_control(std::int64_t now, const Control& c) noexcept {
  ++counters_[kRcControls];
  switch (c.kind) {
    case ControlKind::kHalt: kill_ = std::max(kill_, HaltLevel::kNoOpens); break;
    case ControlKind::kFlatten: kill_ = HaltLevel::kFlatten; break;
    case ControlKind::kResume:
      kill_ = HaltLevel::kNone;
      breaker_until_ns_ = INT64_MIN;
      for (InstrumentState& st : states_) st.alarm = false;
      ledger_.resume(c.argument == 1);
      break;
    case ControlKind::kCancelAll:
      for (WorkingOrder& o : orders_.slots()) {
        if (o.decision != 0 && o.passive && !o.cancel_sent) cancel(o, Purpose::kCancelHalt);
      }
      break;
    default: ++counters_[kRcBadInputs];
  }
  counters_[kRcHaltLevel] = static_cast<std::int64_t>(kill_);
  evaluate_all(now);
}

}  // namespace pinstripe
