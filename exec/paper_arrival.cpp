// What reaches the paper venue after the order latency: new orders, cancels, amends.
#include <algorithm>

#include "exec/paper_venue.h"

namespace pinstripe {
namespace {

/// Value in 1e-8 quote, or the largest number where it does not fit.
Int128 quote_notional_e8(const Instrument& i, PriceTicks price, QtyLots qty) noexcept {
  const Int128 contracts_e8 = static_cast<Int128>(qty.value) * i.lot_e8;
  const Int128 units_e8 = contracts_e8 * i.multiplier_e8 / kE8;
  if (i.market == Market::kInverse) return units_e8;
  const Int128 quote_price_e8 = static_cast<Int128>(price.value) * i.tick_e8;
  Int128 value = 0;
  if (quote_price_e8 > INT64_MAX || __builtin_mul_overflow(units_e8, quote_price_e8, &value)) {
    return static_cast<Int128>(INT64_MAX) * 2;
  }
  return value / kE8;
}

}  // namespace

PaperOrder PaperVenue::from_command(const OrderCommand& c) const noexcept {
  PaperOrder o;
  o.machine = OrderMachine(c.qty_lots);
  o.machine.sent();
  o.id = c.id;
  o.number = c.number;
  o.price = c.price_ticks;
  o.origin_ns = c.h.origin_ns;
  o.command = {static_cast<std::uint32_t>(c.h.word / 2 - 1), orders_ring_id_, c.h.lane,
               c.h.origin_ns, c.h.venue_offset_us};
  o.instrument = c.h.instrument;
  o.side = c.h.side();
  o.type = c.type;
  o.tif = c.tif;
  o.purpose = c.purpose;
  o.flags = c.flags;
  return o;
}

void PaperVenue::arrive(TimeNs now, const OrderCommand& c) noexcept {
  switch (c.kind) {
    case CommandKind::kNew: return arrive_new(now, c);
    case CommandKind::kCancel: return arrive_cancel(now, c);
    case CommandKind::kAmend: return arrive_amend(now, c);
    case CommandKind::kCancelAll: return arrive_cancel_all(now, c);
  }
  refuse(now, c, ExecKind::kRejected, ExecReason::kFilter);
}

void PaperVenue::arrive_new(TimeNs now, const OrderCommand& c) noexcept {
  PaperOrder o = from_command(c);
  o.answers = c.number;
  o.venue_order_id = ++venue_order_ids_;
  const ExecReason refusal = refusal_of(o, c.qty_lots);
  if (refusal != ExecReason::kNone) {
    const ExecKind kind = refusal == ExecReason::kFokNotFillable ? ExecKind::kCancelled
                                                                 : ExecKind::kRejected;
    return close(now, o, kind, refusal, o.command);
  }
  finish_report(o, report(now, o, ExecKind::kAccepted, ExecReason::kNone, o.command));
  trade_at_once(now, o);
  if (o.machine.closed()) return;
  if (o.immediate()) {
    return close(now, o, ExecKind::kCancelled, ExecReason::kIocRemainder, o.command);
  }
  rest(o);
}

/// Limits of the instrument: sizes, notional, price band. kNone where all hold.
ExecReason PaperVenue::filter_of(const Instrument& instrument, const Book& b, const PaperOrder& o,
                                 QtyLots qty) const noexcept {
  const bool market = o.type == OrderType::kMarket;
  const bool known = (o.type == OrderType::kLimit || market) &&
                     (o.tif == TimeInForce::kGtc || o.tif == TimeInForce::kIoc ||
                      o.tif == TimeInForce::kFok);
  if (!known || (o.post_only() && o.immediate())) return ExecReason::kFilter;
  if (qty < instrument.qty_min || qty > instrument.qty_max || qty.value > kLotsMax ||
      qty.value % instrument.order_step_lots != 0) {
    return ExecReason::kFilter;
  }
  if (market) return ExecReason::kNone;
  if (o.price.value <= 0 || o.price.value > kTicksMax) return ExecReason::kFilter;
  const Int128 notional_e8 = quote_notional_e8(instrument, o.price, qty);
  if (notional_e8 > INT64_MAX / 2) return ExecReason::kFilter;
  // Venues exempt what only reduces from the least notional.
  if (!o.has(kOrderReduceOnly) && notional_e8 < instrument.notional_min_e8) {
    return ExecReason::kFilter;
  }
  const std::int64_t mid_twice = b.market.valid() ? b.market.mid_twice_ticks() : 0;
  if (mid_twice > 0) {
    const Int128 away = static_cast<Int128>(2 * o.price.value - mid_twice) * 10'000;
    const Int128 band = static_cast<Int128>(mid_twice) * instrument.price_band_bps;
    if (away > band || away < -band) return ExecReason::kFilter;
  }
  return ExecReason::kNone;
}

/// While the book is invalid: may this order be taken all the same? (rule 9)
ExecReason PaperVenue::refusal_without_book(const Book&, const PaperOrder& o,
                                            QtyLots qty) const noexcept {
  const bool reduces = reducible(o.instrument, o.side) >= qty || o.has(kOrderReduceOnly);
  if (o.has(kOrderOpens) || !reduces) return ExecReason::kBookInvalid;
  if (!o.immediate()) return ExecReason::kNone;
  const bool priced = o.type == OrderType::kLimit;
  return priced && invalid_book_reduce_ == InvalidBookReduce::kFillAtLimit
             ? ExecReason::kNone
             : ExecReason::kBookInvalid;
}

/// Why the venue does not take this new order now; kNone where it does.
ExecReason PaperVenue::refusal_of(const PaperOrder& o, QtyLots qty) const noexcept {
  const Instrument& instrument = instruments_[o.instrument];
  const Book& b = books_[o.instrument];
  const ExecReason filter = filter_of(instrument, b, o, qty);
  if (filter != ExecReason::kNone) return filter;
  if (b.orders.size() >= resting_max_) return ExecReason::kFilter;
  const bool spot_sale = instrument.market == Market::kSpot && o.side == Side::kSell;
  const QtyLots may_reduce = reducible(o.instrument, o.side);
  if (spot_sale ? qty > may_reduce : o.has(kOrderReduceOnly) && may_reduce.value <= 0) {
    return ExecReason::kReduceOnly;
  }
  // A spot buy can only reduce where something was sold short, which spot never is.
  if (!b.market.valid()) return refusal_without_book(b, o, qty);
  if (o.post_only() && crosses(b, o.side, o.price)) return ExecReason::kPostOnlyWouldCross;
  if (meets_own(b, o)) return ExecReason::kSelfTrade;
  if (o.tif == TimeInForce::kFok && available_within(b, o) < qty) {
    return ExecReason::kFokNotFillable;
  }
  return ExecReason::kNone;
}

bool PaperVenue::crosses(const Book& b, Side side, PriceTicks price) const noexcept {
  const PriceTicks there = b.market.best_available(opposite(side));
  if (there.value == 0) return false;
  return side == Side::kBuy ? price >= there : price <= there;
}

bool PaperVenue::meets_own(const Book& b, const PaperOrder& o) const noexcept {
  for (const PaperOrder& own : b.orders) {
    if (own.side == o.side) continue;
    if (o.type == OrderType::kMarket) return true;
    if (o.side == Side::kBuy ? o.price >= own.price : o.price <= own.price) return true;
  }
  return false;
}

QtyLots PaperVenue::available_within(const Book& b, const PaperOrder& o) const noexcept {
  const Side other = opposite(o.side);
  QtyLots sum(0);
  for (std::size_t i = 0; i < b.market.depth(other); ++i) {
    const BookLevel l = b.market.level(other, i);
    const bool within = o.type == OrderType::kMarket ||
                        (o.side == Side::kBuy ? l.price <= o.price : l.price >= o.price);
    if (!within) break;
    sum += b.market.available(other, l);
  }
  return only_reduces(o) ? std::min(sum, reducible(o.instrument, o.side)) : sum;
}

/// Walks the displayed levels, each at its own price (rule 5).
void PaperVenue::trade_at_once(TimeNs now, PaperOrder& o) noexcept {
  Book& b = books_[o.instrument];
  if (!b.market.valid()) {
    if (!o.immediate()) return;
    ++counters_[ExecCount::kExitOnInvalidBook];
    const QtyLots qty = std::min(o.machine.leaves(), reducible(o.instrument, o.side));
    return fill(now, o, o.price, qty, FillRule::kTaker, b.market.last);
  }
  if (o.post_only()) return;
  const Side other = opposite(o.side);
  for (std::size_t i = 0; i < b.market.depth(other) && !o.machine.closed(); ++i) {
    const BookLevel l = b.market.level(other, i);
    const bool within = o.type == OrderType::kMarket ||
                        (o.side == Side::kBuy ? l.price <= o.price : l.price >= o.price);
    if (!within) return;
    QtyLots qty = std::min(b.market.available(other, l), o.machine.leaves());
    if (only_reduces(o)) qty = std::min(qty, reducible(o.instrument, o.side));
    if (qty.value <= 0) continue;
    b.market.consume(other, l.price, qty);
    fill(now, o, l.price, qty, FillRule::kTaker, b.market.last);
  }
}

void PaperVenue::join_queue(PaperOrder& o) const noexcept {
  o.place = {books_[o.instrument].market.displayed(o.side, o.price), QtyLots(0)};
  o.place_known = true;
}

void PaperVenue::rest(const PaperOrder& o) noexcept {
  Book& b = books_[o.instrument];
  b.orders.push_back(o);
  if (b.market.valid()) join_queue(b.orders.back());
  counters_[ExecCount::kRestingNow] = static_cast<std::int64_t>(++resting_count_);
}

PaperOrder* PaperVenue::find(std::uint16_t i, const OrderId& id) noexcept {
  for (PaperOrder& o : books_[i].orders) {
    if (o.id == id) return &o;
  }
  return nullptr;
}

void PaperVenue::arrive_cancel(TimeNs now, const OrderCommand& c) noexcept {
  ++counters_[ExecCount::kCancels];
  PaperOrder* o = find(c.h.instrument, c.id);
  if (o == nullptr) return refuse(now, c, ExecKind::kCancelRejected, ExecReason::kUnknownOrder);
  o->answers = c.number;
  close(now, *o, ExecKind::kCancelled, ExecReason::kUser, from_command(c).command);
  drop_closed(c.h.instrument);
}

void PaperVenue::arrive_cancel_all(TimeNs now, const OrderCommand& c) noexcept {
  ++counters_[ExecCount::kCancelAlls];
  const CauseRef cause = from_command(c).command;
  std::uint64_t answers = c.number;
  for (std::size_t i = 0; i < books_.size(); ++i) {
    if (c.h.instrument != kNoInstrument && c.h.instrument != i) continue;
    for (PaperOrder& o : books_[i].orders) {
      o.answers = answers;
      answers = 0;
      close(now, o, ExecKind::kCancelled, ExecReason::kUser, cause);
    }
    drop_closed(static_cast<std::uint16_t>(i));
  }
  if (answers != 0) refuse(now, c, ExecKind::kCancelRejected, ExecReason::kUnknownOrder);
}

void PaperVenue::arrive_amend(TimeNs now, const OrderCommand& c) noexcept {
  ++counters_[ExecCount::kAmends];
  PaperOrder* o = find(c.h.instrument, c.id);
  if (o == nullptr) return refuse(now, c, ExecKind::kAmendRejected, ExecReason::kUnknownOrder);
  const CauseRef cause = from_command(c).command;
  Book& b = books_[c.h.instrument];
  PaperOrder changed = *o;
  changed.price = c.price_ticks;
  changed.answers = c.number;
  ExecReason refusal = c.qty_lots <= o->machine.filled() ? ExecReason::kFilter
                       : filter_of(instruments_[c.h.instrument], b, changed, c.qty_lots);
  const bool grows = c.qty_lots > o->machine.qty();
  const bool keeps_place = c.price_ticks == o->price && !grows;
  if (refusal == ExecReason::kNone && !b.market.valid() && grows) {
    refusal = ExecReason::kBookInvalid;
  }
  if (refusal == ExecReason::kNone && b.market.valid() && !keeps_place) {
    if (o->post_only() && crosses(b, o->side, c.price_ticks)) {
      refusal = ExecReason::kPostOnlyWouldCross;
    } else if (meets_own(b, changed)) {
      refusal = ExecReason::kSelfTrade;
    }
  }
  if (refusal != ExecReason::kNone) {
    o->answers = c.number;
    finish_report(*o, report(now, *o, ExecKind::kAmendRejected, refusal, cause));
    return;
  }
  o->price = c.price_ticks;
  o->answers = c.number;
  ExecReport& r = report(now, *o, ExecKind::kAmended, ExecReason::kNone, cause);
  r.leaves_lots = c.qty_lots - o->machine.filled();
  finish_report(*o, r);
  if (keeps_place) return;
  o->place_known = false;
  if (b.market.valid()) {
    trade_at_once(now, *o);
    join_queue(*o);
  }
  drop_closed(c.h.instrument);
}

}  // namespace pinstripe
