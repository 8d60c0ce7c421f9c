// The policy (trading.md 5). One position and at most one working entry an instrument.
//
//   flat      p >= enter or <= 1 - enter, edge enough   -> post-only entry at the own touch
//   entry     signal turned, ttl over, book invalid, halt -> taken back; touch left it -> re-quoted
//   position  same side or neutral -> hold; opposite -> close, and open only at a later signal
//   close     post-only for exit_ttl, then IOC within the collar
//   stop, time stop, flatten, book invalid past its grace -> IOC at once
#include "risk/risk_core.h"

namespace pinstripe {
namespace {

/// Reasons that do not wait for a passive fill.
bool urgent(Purpose p) noexcept {
  return p == Purpose::kStop || p == Purpose::kTimeStop || p == Purpose::kFlatten ||
         p == Purpose::kExitOnInvalidBook;
}

}  // namespace

int RiskCore::wanted_direction(const Signal& s) const noexcept {
  const double enter = config_.policy.enter_probability;
  if (s.direction > 0 && s.probability >= enter) return 1;
  if (s.direction < 0 && s.probability <= 1 - enter) return -1;
  return 0;
}

void RiskCore::on_signal(std::int64_t now, const Signal& s) noexcept {
  ++counters_[kRcSignals];
  const std::uint32_t i = s.h.instrument;
  if (i >= states_.size() || !(s.probability >= 0 && s.probability <= 1)) [[unlikely]] {
    ++counters_[kRcBadInputs];
    return;
  }
  const std::int64_t age = now - s.h.origin_ns.value;
  counters_[kRcAgeSumNs] += age;
  counters_[kRcAgeMaxNs] = std::max(counters_[kRcAgeMaxNs], age);
  if (config_.policy.policy == RiskPolicy::kEverySignal) {
    if (age > config_.budget_ns) return deny(Denial::kStale);
    every_signal(now, i, s);
    counters_[kRcInFlight] = static_cast<std::int64_t>(in_flight_.size());
    counters_[kRcWorkingOrders] = static_cast<std::int64_t>(orders_.used());
    return;
  }
  const int direction = wanted_direction(s);
  if (direction == 0) {
    ++counters_[kRcSignalsNeutral];
    if (age > config_.budget_ns) ++counters_[kRcNeutralStale];
    return;
  }
  if (age > config_.budget_ns) return deny(Denial::kStale);  // asked first, whatever it would do
  InstrumentState& st = states_[i];
  const std::int64_t position = closable_lots(i);
  if (WorkingOrder* entry = orders_.find(st.entry)) mind_working_entry(now, i, direction, *entry);
  if (position != 0) {
    if ((position > 0) == (direction > 0)) {
      ++counters_[kRcSignalsHeld];
    } else if (st.closing == Purpose{}) {
      st.closing = Purpose::kExit;
      st.exit_due_ns = now + config_.policy.exit_ttl_ns;
    }
    evaluate(now, i);
  } else if (st.working > 0 && st.unknown == 0) {  // a frozen instrument is denied by name
    ++counters_[kRcSignalsBusy];
  } else {
    try_open(now, i, direction > 0 ? Side::kBuy : Side::kSell, s);
    set_due(now, i);
  }
  refresh_counters(i);
  counters_[kRcInFlight] = static_cast<std::int64_t>(in_flight_.size());
  counters_[kRcWorkingOrders] = static_cast<std::int64_t>(orders_.used());
}

/// A working entry whose signal turned is taken back; one that the touch has left is re-quoted at
/// the next decision after its cancel, so once per decision at most.
void RiskCore::mind_working_entry(std::int64_t now, std::uint32_t i, int direction,
                                  WorkingOrder& entry) noexcept {
  if (!entry.may_cancel(now)) return;
  InstrumentState& st = states_[i];
  const bool buy = entry.side == Side::kBuy;
  if (buy != (direction > 0)) {
    cancel(entry, Purpose::kCancelOpposite);
    st.requote_next = false;
    return;
  }
  const bool left = buy ? st.bid_ticks > entry.price_ticks : st.ask_ticks < entry.price_ticks;
  if (config_.policy.requote && st.valid() && left && entry.filled_lots == 0) {
    cancel(entry, Purpose::kRequote);
    st.requote_next = true;
  }
}

HaltLevel RiskCore::level_of(std::uint32_t i) const noexcept {
  const HaltLevel instrument = states_[i].alarm ? HaltLevel::kNoOpens : HaltLevel::kNone;
  return std::max({kill_, ledger_.account_of(i).level, instrument});
}

/// What may be closed by an order of its own: whole lots, unless the venue would refuse so few. A
/// reduce-only order is free of the least notional; on spot such dust stays until it grows.
std::int64_t RiskCore::closable_lots(std::uint32_t i) const noexcept {
  const std::int64_t lots = ledger_.money(i).lots();
  if (lots == 0) return 0;
  const Instrument& in = config_.instruments[i];
  const std::int64_t size = lots < 0 ? -lots : lots;
  if (in.market != Market::kSpot) return lots;
  const InstrumentState& st = states_[i];
  return size >= least_lots(i, static_cast<double>(st.valid_bid_ticks)) ? lots : 0;
}

/// Brings orders in line with the state of things. Called after every input that may change it.
void RiskCore::evaluate(std::int64_t now, std::uint32_t i) noexcept {
  mind_entry(now, i);
  if (closable_lots(i) != 0) {
    if (const Purpose reason = close_reason(now, i); reason != Purpose{}) {
      work_exit(now, i, reason);
    }
  } else if (WorkingOrder* exit = orders_.find(states_[i].exit);
             exit != nullptr && exit->passive && exit->may_cancel(now)) {
    cancel(*exit, Purpose::kCancelStale);  // nothing left to close: it could only open
  }
  set_due(now, i);
}

void RiskCore::mind_entry(std::int64_t now, std::uint32_t i) noexcept {
  InstrumentState& st = states_[i];
  WorkingOrder* entry = orders_.find(st.entry);
  if (entry == nullptr || !entry->may_cancel(now)) return;
  if (!st.valid()) {
    cancel(*entry, Purpose::kCancelInvalidBook);
  } else if (level_of(i) != HaltLevel::kNone) {
    cancel(*entry, Purpose::kCancelHalt);
  } else if (now >= st.entry_due_ns) {
    cancel(*entry, Purpose::kCancelTtl);
  } else {
    return;
  }
  st.requote_next = false;
}

/// Why the position must be closed now; kNone: hold.
Purpose RiskCore::close_reason(std::int64_t now, std::uint32_t i) const noexcept {
  const InstrumentState& st = states_[i];
  if (config_.policy.policy == RiskPolicy::kEverySignal && level_of(i) != HaltLevel::kFlatten) {
    return Purpose{};
  }
  if (!st.valid()) {
    // reduces are held for the grace, whatever asked for them
    const bool over = now - st.invalid_since_ns >= config_.policy.invalid_exit_grace_ns;
    return over ? Purpose::kExitOnInvalidBook : Purpose{};
  }
  if (level_of(i) == HaltLevel::kFlatten) return Purpose::kFlatten;
  const bool is_long = ledger_.money(i).lots() > 0;
  const std::int64_t touch = is_long ? st.bid_ticks : st.ask_ticks;
  if (is_long ? touch <= st.stop_ticks : touch >= st.stop_ticks) return Purpose::kStop;
  if (now >= st.time_stop_ns) return Purpose::kTimeStop;
  if (st.closing != Purpose{}) return st.closing;
  const bool profit = is_long ? touch >= st.take_profit_ticks : touch <= st.take_profit_ticks;
  return profit ? Purpose::kTakeProfit : Purpose{};
}

void RiskCore::work_exit(std::int64_t now, std::uint32_t i, Purpose reason) noexcept {
  InstrumentState& st = states_[i];
  if (WorkingOrder* entry = orders_.find(st.entry); entry != nullptr && entry->may_cancel(now)) {
    cancel(*entry, Purpose::kCancelOpposite);
  }
  if (st.closing == Purpose{}) st.exit_due_ns = now + config_.policy.exit_ttl_ns;
  // once a stop, always a stop: a touch that comes back does not make it passive again; an invalid
  // book is judged anew, since it may heal
  if (st.closing == Purpose{} || (urgent(reason) && reason != Purpose::kExitOnInvalidBook)) {
    st.closing = reason == Purpose::kExitOnInvalidBook ? Purpose::kExit : reason;
  }
  const bool at_once = urgent(reason) || now >= st.exit_due_ns;
  if (WorkingOrder* exit = orders_.find(st.exit)) {
    if (at_once && exit->passive && exit->may_cancel(now)) {
      cancel(*exit, Purpose::kCancelTtl);
    }
    return;  // its end is a report, which brings us back here
  }
  if (now < st.retry_ns) return;
  const Purpose purpose =
      at_once && !urgent(reason) ? Purpose::kExitIoc : reason;
  try_reduce(now, i, purpose, !at_once);
}

/// Stop and take-profit as touch prices, from the average entry; every position has a stop.
void RiskCore::set_triggers(std::uint32_t i) noexcept {
  InstrumentState& st = states_[i];
  const InstrumentMoney& m = ledger_.money(i);
  if (m.lots() == 0) {
    st.stop_ticks = st.take_profit_ticks = st.time_stop_ns = 0;
    return;
  }
  if (!(st.stop_bps > 0)) {  // a position that no signal opened (adopted)
    st.stop_bps = config_.policy.stop_round_trips * 2e-4 *
                  static_cast<double>(config_.instruments[i].taker_fee_e8);
    st.take_profit_bps = st.stop_bps * config_.policy.take_profit_stops;
  }
  const double entry = m.position.average_entry_ticks();
  const double direction = m.lots() > 0 ? 1 : -1;
  const double stop = entry * (1 - direction * st.stop_bps * 1e-4);
  const double profit = entry * (1 + direction * st.take_profit_bps * 1e-4);
  const auto up = [](double v) noexcept {
    const auto whole = static_cast<std::int64_t>(v);
    return static_cast<double>(whole) < v ? whole + 1 : whole;
  };
  // rounded towards the earlier stop and the later profit
  st.stop_ticks = m.lots() > 0 ? up(stop) : static_cast<std::int64_t>(stop);
  st.take_profit_ticks = m.lots() > 0 ? up(profit) : static_cast<std::int64_t>(profit);
}

/// The next moment at which time alone makes this instrument act.
void RiskCore::set_due(std::int64_t now, std::uint32_t i) noexcept {
  InstrumentState& st = states_[i];
  std::int64_t due = INT64_MAX;
  const auto no_later_than = [&due](std::int64_t t) noexcept { due = t < due ? t : due; };
  const WorkingOrder* entry = orders_.find(st.entry);
  if (entry != nullptr && !entry->cancel_sent) {
    no_later_than(std::max(st.entry_due_ns, entry->cancel_after_ns));
  }
  const bool bench = config_.policy.policy == RiskPolicy::kEverySignal;
  if (closable_lots(i) != 0 && !(bench && level_of(i) != HaltLevel::kFlatten)) {
    const WorkingOrder* exit = orders_.find(st.exit);
    const bool waits_for_report = exit != nullptr && (!exit->passive || exit->cancel_sent);
    const std::int64_t grace_over = saturating_add(
        TimeNs(st.invalid_since_ns), TimeNs(config_.policy.invalid_exit_grace_ns)).value;
    if (waits_for_report) {
      // nothing to do before the report
    } else if (!st.valid()) {
      no_later_than(std::max(grace_over, st.retry_ns));
    } else if (st.closing == Purpose{}) {
      no_later_than(st.time_stop_ns);
    } else if (exit != nullptr) {
      no_later_than(std::max(std::min(st.exit_due_ns, st.time_stop_ns), exit->cancel_after_ns));
    } else {
      no_later_than(st.retry_ns);
    }
  }
  // a due time that has come and still stands (a refused exit) is tried again, not spun on
  if (due <= now) due = now + config_.policy.retry_ns;
  const std::int64_t before = st.due_ns;
  st.due_ns = due;
  if (due <= due_ns_) {
    due_ns_ = due;
  } else if (before == due_ns_) {
    rescan_due();
  }
}

void RiskCore::rescan_due() noexcept {
  due_ns_ = INT64_MAX;
  for (const InstrumentState& st : states_) due_ns_ = std::min(due_ns_, st.due_ns);
}

}  // namespace pinstripe
