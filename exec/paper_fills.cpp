// What comes out of the paper venue: fills, closings, markouts, and the saved state.
#include <algorithm>

#include "exec/paper_venue.h"

namespace pinstripe {
namespace {

/// Fee of a fill in the base asset, rounded up: quantity x rate.
MoneyE8 base_fee_of(const Instrument& i, QtyLots qty, std::int64_t rate_e8) noexcept {
  return MoneyE8(narrow_money(ceil_div(static_cast<Int128>(qty.value) * i.lot_e8 * rate_e8, kE8)));
}

/// Cash of a fill before fees: what selling brings and buying costs; for inverse contracts the two
/// are the other way round, in the base coin. Costs up, gains down.
std::int64_t cash_of(const Instrument& i, Side side, PriceTicks price, QtyLots qty) noexcept {
  const bool receives = (side == Side::kSell) != (i.market == Market::kInverse);
  return receives ? notional_down(i, price, qty).value : -notional_up(i, price, qty).value;
}

}  // namespace

bool PaperVenue::only_reduces(const PaperOrder& o) const noexcept {
  return o.has(kOrderReduceOnly) ||
         (o.side == Side::kSell && instruments_[o.instrument].market == Market::kSpot);
}

/// How much an order of this side may take before the position is flat (spot: the free base).
QtyLots PaperVenue::reducible(std::uint16_t i, Side side) const noexcept {
  const Book& b = books_[i];
  const std::int64_t against = -b.position.value * sign_of(side);
  if (against <= 0) return QtyLots(0);
  if (b.base_fees_e8 == 0) return QtyLots(against);
  const Int128 free_e8 = static_cast<Int128>(against) * instruments_[i].lot_e8 - b.base_fees_e8;
  const Int128 lots = floor_div(free_e8, instruments_[i].lot_e8);
  return QtyLots(lots < 0 ? 0 : static_cast<std::int64_t>(lots));
}

ExecReport& PaperVenue::report(TimeNs now, PaperOrder& o, ExecKind kind, ExecReason reason,
                               const CauseRef& cause) noexcept {
  ExecReport& r = outbox_.push();
  r.h.type = MsgType::kExecReport;
  r.h.instrument = o.instrument;
  r.h.origin_ns = cause.origin_ns;
  r.h.cause_seq = cause.seq;
  r.h.cause_ring = cause.ring;
  r.h.lane = cause.lane;
  r.h.venue_offset_us = cause.venue_offset_us;
  r.h.set_side(o.side);
  r.id = o.id;
  r.venue_order_id = o.venue_order_id;
  r.answers = o.answers;
  r.kind = kind;
  r.reason = reason;
  r.cumulative_lots = o.machine.filled();
  r.venue_ns = now.value;
  r.tif = static_cast<std::uint8_t>(o.tif);
  r.purpose = static_cast<std::uint8_t>(o.purpose);
  if (o.instrument < books_.size()) {
    r.bid_ticks = books_[o.instrument].market.best(Side::kBuy);
    r.ask_ticks = books_[o.instrument].market.best(Side::kSell);
  }
  o.answers = 0;
  return r;
}

/// The order machine takes the report, and the report says what the machine then holds: one truth.
/// A refused cancel or amend of an order that is not here says state `new`: the venue states
/// nothing.
void PaperVenue::finish_report(PaperOrder& o, ExecReport& r) noexcept {
  o.machine.apply(r);
  r.state = o.machine.state();
  r.leaves_lots = o.machine.leaves();
  switch (r.kind) {
    case ExecKind::kAccepted: ++counters_[ExecCount::kAccepted]; break;
    case ExecKind::kRejected: ++counters_[ExecCount::kRejected]; break;
    case ExecKind::kExpired: ++counters_[ExecCount::kExpired]; break;
    case ExecKind::kCancelled: ++counters_[ExecCount::kCancelled]; break;
    case ExecKind::kCancelRejected: ++counters_[ExecCount::kCancelRejected]; break;
    case ExecKind::kAmended: ++counters_[ExecCount::kAmended]; break;
    case ExecKind::kAmendRejected: ++counters_[ExecCount::kAmendRejected]; break;
    default: break;
  }
  if (r.reason != ExecReason::kNone) ++counters_.closed_because(r.reason);
}

void PaperVenue::close(TimeNs now, PaperOrder& o, ExecKind kind, ExecReason reason,
                       const CauseRef& cause) noexcept {
  finish_report(o, report(now, o, kind, reason, cause));
  count_closed(o);
}

void PaperVenue::count_closed(const PaperOrder& o) noexcept {
  if (o.machine.state() == OrderState::kRejected) return;
  if (o.machine.state() == OrderState::kFilled) {
    ++counters_[ExecCount::kOrdersFilled];
    ++counters_.of(o.instrument, ExecInstrumentCount::kOrdersFilled);
  } else if (o.machine.filled().value > 0) {
    ++counters_[ExecCount::kOrdersPartlyFilled];
    ++counters_.of(o.instrument, ExecInstrumentCount::kOrdersPartlyFilled);
  } else {
    ++counters_[ExecCount::kOrdersUnfilled];
  }
}

void PaperVenue::drop_closed(std::uint16_t i) noexcept {
  std::vector<PaperOrder>& orders = books_[i].orders;
  const std::size_t gone = std::erase_if(
      orders, [](const PaperOrder& o) noexcept { return o.machine.closed(); });
  resting_count_ -= gone;
  counters_[ExecCount::kRestingNow] = static_cast<std::int64_t>(resting_count_);
}

void PaperVenue::fill(TimeNs now, PaperOrder& o, PriceTicks price, QtyLots qty, FillRule rule,
                      const CauseRef& cause) noexcept {
  if (qty.value <= 0) return;
  const Instrument& instrument = instruments_[o.instrument];
  Book& b = books_[o.instrument];
  const bool maker = rule != FillRule::kTaker;
  const std::int64_t rate = maker ? instrument.maker_fee_e8 : instrument.taker_fee_e8;
  const bool fee_in_base = instrument.market == Market::kSpot && instrument.buy_fee_in_base &&
                           o.side == Side::kBuy;
  const MoneyE8 fee = fee_in_base ? base_fee_of(instrument, qty, rate)
                                  : fee_of(instrument, price, qty, rate);
  ExecReport& r = report(now, o, ExecKind::kFill, ExecReason::kNone, cause);
  // A taker fill belongs to the order's origin: the event that risk decided on.
  if (!maker) r.h.origin_ns = o.origin_ns;
  if (maker) r.h.set(kFlagMaker);
  r.exec_id = ++exec_ids_;
  r.last_ticks = price;
  r.last_lots = qty;
  r.cumulative_lots = o.machine.filled() + qty;
  r.fee_e8 = fee;
  r.fee_in_base = fee_in_base ? 1 : 0;
  r.rule = rule;
  finish_report(o, r);
  b.position += QtyLots(qty.value * sign_of(o.side));
  if (fee_in_base) b.base_fees_e8 += fee.value;
  if (margin_.on() && margin_.covers(o.instrument)) {
    margin_.fill(o.instrument, o.side, price, qty, fee);
  }
  count_fill(now, o, price, qty, rule, fee, fee_in_base);
  plan_funding(now, o.instrument);
  if (o.machine.closed()) count_closed(o);
}

void PaperVenue::count_fill(TimeNs now, const PaperOrder& o, PriceTicks price, QtyLots qty,
                            FillRule rule, MoneyE8 fee, bool fee_in_base) noexcept {
  using C = ExecInstrumentCount;
  const Instrument& instrument = instruments_[o.instrument];
  const Book& b = books_[o.instrument];
  const auto at = [&](C c) -> std::int64_t& { return counters_.of(o.instrument, c); };
  const bool maker = rule != FillRule::kTaker;
  ++counters_[ExecCount::kFills];
  ++counters_[maker ? ExecCount::kFillsMaker : ExecCount::kFillsTaker];
  ++counters_.fills_by(rule);
  ++at(C::kFills);
  ++at(maker ? C::kFillsMaker : C::kFillsTaker);
  at(C::kFilledLots) += qty.value;
  at(C::kPositionLots) = b.position.value;
  at(fee_in_base ? C::kBaseFeesE8 : C::kFeesE8) += fee.value;
  at(C::kTurnoverE8) += notional_up(instrument, price, qty).value;
  at(C::kTradeCashE8) += cash_of(instrument, o.side, price, qty);
  const std::int64_t mid = b.market.mid_twice_ticks();
  if (mid <= 0 || !b.market.valid()) {
    counters_[ExecCount::kMarkoutsUnknown] += 2;
    return;
  }
  if (!maker) {
    at(C::kTakerSlippageE6Sum) += move_bps_e6(o.side, mid, 2 * price.value);
    ++at(C::kTakerSlippageCount);
  }
  const auto wait = [&](MarkoutQueue& queue, std::int64_t horizon_ns) {
    if (queue.full()) {
      ++counters_[ExecCount::kMarkoutsUnknown];
      return;
    }
    queue.push({saturating_add(now, TimeNs(horizon_ns)), mid, o.instrument, o.side, maker});
  };
  wait(after_1s_, kMarkout1sNs);
  wait(after_5s_, kMarkout5sNs);
}

/// Rule 4: all that is left of the order, at its own price.
void PaperVenue::fill_completely(TimeNs now, PaperOrder& o, FillRule rule,
                                 const CauseRef& cause) noexcept {
  const QtyLots most = only_reduces(o)
                           ? std::min(o.machine.leaves(), reducible(o.instrument, o.side))
                           : o.machine.leaves();
  fill(now, o, o.price, most, rule, cause);
  if (!o.machine.closed()) close(now, o, ExecKind::kCancelled, ExecReason::kReduceOnly, cause);
}

void PaperVenue::settle_markouts(TimeNs now) noexcept {
  while (after_1s_.due_before(now)) {
    settle_markout(after_1s_.front(), false);
    after_1s_.pop();
  }
  while (after_5s_.due_before(now)) {
    settle_markout(after_5s_.front(), true);
    after_5s_.pop();
  }
}

void PaperVenue::settle_markout(const PendingMarkout& m, bool five_seconds) noexcept {
  using C = ExecInstrumentCount;
  const PaperMarket& market = books_[m.instrument].market;
  const std::int64_t mid = market.valid() ? market.mid_twice_ticks() : 0;
  if (mid <= 0) {
    ++counters_[ExecCount::kMarkoutsUnknown];
    return;
  }
  const std::int64_t move = move_bps_e6(m.side, m.mid_twice_ticks, mid);
  const auto at = [&](C c) -> std::int64_t& { return counters_.of(m.instrument, c); };
  at(five_seconds ? C::kMarkout5sE6Sum : C::kMarkout1sE6Sum) += move;
  ++at(five_seconds ? C::kMarkout5sCount : C::kMarkout1sCount);
  if (!m.maker) return;
  at(five_seconds ? C::kMakerMarkout5sE6Sum : C::kMakerMarkout1sE6Sum) += move;
  ++at(five_seconds ? C::kMakerMarkout5sCount : C::kMakerMarkout1sCount);
}

}  // namespace pinstripe
