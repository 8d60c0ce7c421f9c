// Inputs of the paper venue: market, commands as risk sends them, time.
#include "exec/paper_venue.h"

#include <algorithm>

namespace pinstripe {
namespace {

constexpr std::uint64_t kLatencyStream = 0x6578'6563;  // names these draws among all others
constexpr std::size_t kMarkoutsMax = 16'384;

std::int64_t least_of(std::int64_t constant, const std::vector<std::int64_t>& table) {
  return table.empty() ? constant : *std::min_element(table.begin(), table.end());
}

}  // namespace

PaperVenue::PaperVenue(const ExecConfig& config)
    : instruments_(config.instruments),
      funding_entries_(config.funding),
      latency_table_ns_(config.order_latency_table_ns),
      market_ring_ids_(config.market_ring_ids),
      latency_ns_(config.order_latency_ns),
      least_latency_ns_(least_of(config.order_latency_ns, config.order_latency_table_ns)),
      latency_seed_(config.latency_seed),
      model_{config.queue_model, config.queue_power},
      invalid_book_reduce_(config.invalid_book_reduce),
      orders_ring_id_(config.orders_ring_id),
      liquidation_fee_e8_(config.margin.liquidation_fee_e8),
      resting_max_(static_cast<std::size_t>(config.resting_orders_max)),
      turn_room_((2 * resting_max_ + 1) * std::max<std::size_t>(1, instruments_.size()) +
                 static_cast<std::size_t>(config.book_levels_max) + 8),
      in_flight_(static_cast<std::size_t>(config.in_flight_max)),
      outbox_(2 * turn_room_),
      after_1s_(kMarkoutsMax),
      after_5s_(kMarkoutsMax),
      margin_(config.margin, instruments_),
      counters_(instruments_) {
  PINSTRIPE_CHECK(least_latency_ns_ >= 0, "an order cannot arrive before it is sent");
  PINSTRIPE_CHECK(config.funding_interval_ns > 0, "a funding interval is positive");
  funding_entries_.resize(instruments_.size());
  const auto levels = static_cast<std::size_t>(config.book_levels_max);
  books_.reserve(instruments_.size());
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    books_.push_back(Book{PaperMarket(levels, 2 * levels),
                          {},
                          FundingSchedule(funding_entries_[i], config.funding_interval_ns),
                          QtyLots(0),
                          0,
                          FundingDue{}});
    books_.back().orders.reserve(resting_max_);
  }
}

/// What time alone brings before `now`. In recorded sessions timers came first and nothing is left;
/// live, a timer may be late, and then an arrival or a funding instant still precedes the input.
void PaperVenue::catch_up(TimeNs now) noexcept {
  if (next_due() < now) [[unlikely]] {
    on_time(now - TimeNs(1));
  } else if (after_1s_.due_before(now) || after_5s_.due_before(now)) [[unlikely]] {
    settle_markouts(now);
  }
}

void PaperVenue::on_market(TimeNs now, const MarketEvent& e) noexcept {
  const std::uint16_t i = e.h.instrument;
  PINSTRIPE_CHECK(i < books_.size(), "a market event of an instrument that the session lacks");
  PINSTRIPE_CHECK(outbox_.room() >= turn_room_, "the outbox was not drained between two inputs");
  catch_up(now);
  ++counters_[ExecCount::kMarketEvents];
  // PERF NOTE: most messages end here. A level alone causes nothing, so nobody is told its number.
  if (e.h.type == MsgType::kLevel) {
    on_level(now, i, e);
    if (!e.ends_update()) return;
  }
  const std::uint16_t ring =
      e.h.lane < market_ring_ids_.size() ? market_ring_ids_[e.h.lane] : kNoRing;
  input_ = {static_cast<std::uint32_t>(e.h.word / 2 - 1), ring, e.h.lane, e.h.origin_ns,
            e.h.venue_offset_us};
  Book& b = books_[i];
  switch (e.h.type) {
    case MsgType::kTrade: on_trade(now, i, e); break;
    case MsgType::kMark: b.market.mark_e8 = e.a; break;
    case MsgType::kFunding:
      b.funding.announce(now, TimeNs(e.b), e.a);
      plan_funding(now, i);
      break;
    case MsgType::kBookState: on_state(i, e); break;
    default: break;  // a level was taken above; a touch says what the levels say
  }
  if (!e.ends_update()) return;
  end_of_update(now, i);
  if (margin_.on()) mind_margin(now, i);
}

void PaperVenue::on_level(TimeNs, std::uint16_t i, const MarketEvent& e) noexcept {
  Book& b = books_[i];
  const Side side = e.h.side();
  const QtyLots before = b.market.set_level(side, e.price(), e.qty());
  if (b.orders.empty() || before == e.qty()) return;
  for (PaperOrder& o : b.orders) {
    if (o.side == side && o.price == e.price() && o.place_known) {
      model_.level_changed(o.place, before, e.qty());
    }
  }
}

void PaperVenue::on_trade(TimeNs now, std::uint16_t i, const MarketEvent& e) noexcept {
  if (e.h.has(kFlagNonMarket)) {
    ++counters_[ExecCount::kNonMarketTrades];
    return;
  }
  Book& b = books_[i];
  if (b.orders.empty()) return;
  // Better prices come first: what the trade went through, then the queue at its own price.
  for (PaperOrder& o : b.orders) {
    const bool through = o.side == Side::kBuy ? e.price() < o.price : e.price() > o.price;
    if (through) fill_completely(now, o, FillRule::kTradeThrough, input_);
  }
  if (b.market.valid()) share_trade(now, i, e);
  drop_closed(i);
}

/// Rule 3: a trade at our price, shared first-in-first-out among own orders.
void PaperVenue::share_trade(TimeNs now, std::uint16_t i, const MarketEvent& e) noexcept {
  const Side passive = opposite(e.h.side());
  QtyLots own_before(0);  // what of this trade filled own earlier orders
  bool earlier_waits = false;
  for (PaperOrder& o : books_[i].orders) {
    if (o.price != e.price() || o.side != passive || !o.place_known) continue;
    const QtyLots beyond = o.place.trade(e.qty(), own_before);
    const QtyLots most = only_reduces(o) ? std::min(o.machine.leaves(), reducible(i, o.side))
                                         : o.machine.leaves();
    const QtyLots part = std::min(beyond, most);
    if (part.value > 0 && !earlier_waits) {
      own_before += part;
      fill(now, o, o.price, part, FillRule::kQueue, input_);
    }
    if (beyond.value > 0 && most.value == 0) {
      close(now, o, ExecKind::kCancelled, ExecReason::kReduceOnly, input_);
    }
    earlier_waits = earlier_waits || !o.machine.closed();
  }
}

void PaperVenue::on_state(std::uint16_t i, const MarketEvent& e) noexcept {
  Book& b = books_[i];
  const bool fresh = e.h.has(kFlagSnapshot);
  if (!b.market.set_state(e.book_state(), fresh) || b.market.valid()) return;
  // What lies ahead of our orders is unknown now; end_of_update puts them behind all that is shown.
  for (PaperOrder& o : b.orders) o.place_known = false;
}

void PaperVenue::end_of_update(TimeNs now, std::uint16_t i) noexcept {
  Book& b = books_[i];
  b.market.last = input_;
  if (b.orders.empty() || !b.market.valid()) return;
  const PriceTicks bid = b.market.best_available(Side::kBuy);
  const PriceTicks ask = b.market.best_available(Side::kSell);
  for (PaperOrder& o : b.orders) {
    if (!o.place_known) join_queue(o);
    const bool through = o.side == Side::kBuy ? ask.value > 0 && ask <= o.price
                                              : bid.value > 0 && bid >= o.price;
    if (through) fill_completely(now, o, FillRule::kTouchThrough, input_);
  }
  drop_closed(i);
}

void PaperVenue::on_command(TimeNs now, const OrderCommand& c) noexcept {
  catch_up(now);
  ++counters_[ExecCount::kCommands];
  const bool opens_life = c.kind == CommandKind::kNew;
  const ExecKind refused = opens_life ? ExecKind::kRejected
                           : c.kind == CommandKind::kAmend ? ExecKind::kAmendRejected
                                                           : ExecKind::kCancelRejected;
  const bool names_instrument = c.h.instrument < books_.size();
  if (!names_instrument && c.kind != CommandKind::kCancelAll) {
    return refuse(now, c, refused, ExecReason::kFilter);
  }
  if (opens_life) {
    ++counters_[ExecCount::kNewOrders];
    ++counters_.orders_with(c.tif <= TimeInForce::kFok ? c.tif : TimeInForce{});
    ++counters_.of(c.h.instrument, ExecInstrumentCount::kOrders);
    if (seen_.contains(c.id)) return refuse(now, c, refused, ExecReason::kDuplicateId);
    seen_.insert(c.id);
    const bool exempt = (c.flags & kOrderExempt) != 0;
    if (c.expires_ns != 0 && now.value > c.expires_ns && !exempt) {
      return refuse(now, c, ExecKind::kExpired, ExecReason::kTooOld);
    }
  }
  if (in_flight_.full()) {
    ++counters_[ExecCount::kInFlightFull];
    return refuse(now, c, refused, ExecReason::kFilter);
  }
  if (names_instrument && !opens_life) {
    PaperOrder* o = find(c.h.instrument, c.id);
    if (o != nullptr && c.kind == CommandKind::kCancel) o->machine.request_cancel(c.number);
    if (o != nullptr && c.kind == CommandKind::kAmend) o->machine.request_amend(c.number);
  }
  in_flight_.push(saturating_add(now, TimeNs(latency_of(c))), c);
  counters_[ExecCount::kInFlightNow] = static_cast<std::int64_t>(in_flight_.size());
}

std::int64_t PaperVenue::latency_of(const OrderCommand& c) const noexcept {
  if (latency_table_ns_.empty()) return latency_ns_;
  Hasher id(c.id.epoch);
  id.add(c.id.decision);
  id.add(c.id.leg);
  const std::uint64_t draw = random_draw(latency_seed_, kLatencyStream, id.value(), c.number);
  return latency_table_ns_[draw % latency_table_ns_.size()];
}

void PaperVenue::on_time(TimeNs now) noexcept {
  settle_markouts(now);
  while (outbox_.room() >= turn_room_) {
    std::size_t payer = 0;
    TimeNs funding = TimeNs::max();
    for (std::size_t i = 0; i < books_.size(); ++i) {
      if (books_[i].due.at < funding) funding = books_[payer = i].due.at;
    }
    // Of two things due at once the arrival comes first: it is part of the position then held.
    if (in_flight_.next_due() <= std::min(now, funding) && !in_flight_.empty()) {
      const OrderCommand command = in_flight_.next();
      in_flight_.pop();
      counters_[ExecCount::kInFlightNow] = static_cast<std::int64_t>(in_flight_.size());
      arrive(now, command);
    } else if (funding <= now) {
      settle_funding(now, static_cast<std::uint16_t>(payer));
    } else {
      return;
    }
    if (margin_.on()) liquidate_exhausted(now);
  }
}

void PaperVenue::plan_funding(TimeNs now, std::uint16_t i) noexcept {
  Book& b = books_[i];
  const bool pays = instruments_[i].market != Market::kSpot && b.position.value != 0;
  b.due = pays ? b.funding.next(now) : FundingDue{};
}

void PaperVenue::settle_funding(TimeNs now, std::uint16_t i) noexcept {
  Book& b = books_[i];
  const Instrument& instrument = instruments_[i];
  const FundingDue due = b.due;
  const auto mid_e8 = static_cast<std::int64_t>(
      static_cast<Int128>(b.market.mid_twice_ticks()) * instrument.tick_e8 / 2);
  const std::int64_t at_e8 = b.market.mark_e8 > 0 ? b.market.mark_e8 : mid_e8;
  if (due.known && at_e8 > 0) {
    const MoneyE8 cash = funding_of(instrument, b.position, at_e8, due.rate_e8);
    ++counters_[ExecCount::kFundingPaid];
    counters_.of(i, ExecInstrumentCount::kFundingE8) += cash.value;
    if (margin_.on()) margin_.funding(i, cash);
    ExecReport& r = outbox_.push();
    r.h.type = MsgType::kExecReport;
    r.h.instrument = i;
    r.h.origin_ns = b.market.last.origin_ns;
    r.h.lane = b.market.last.lane;
    r.h.cause_seq = b.market.last.seq;
    r.h.cause_ring = b.market.last.ring;
    r.kind = ExecKind::kFunding;
    r.last_lots = b.position;
    r.cash_e8 = cash;
    r.price_e8 = at_e8;
    r.venue_ns = due.at.value;
    r.bid_ticks = b.market.best(Side::kBuy);
    r.ask_ticks = b.market.best(Side::kSell);
  } else {
    ++counters_[ExecCount::kFundingUnknown];
    ++counters_.of(i, ExecInstrumentCount::kFundingUnknown);
  }
  b.funding.settled(due.at);
  plan_funding(now, i);
}

/// Answers a command that never leaves for the venue.
void PaperVenue::refuse(TimeNs now, const OrderCommand& c, ExecKind kind,
                        ExecReason reason) noexcept {
  PaperOrder o = from_command(c);
  o.answers = c.number;
  if (kind != ExecKind::kRejected && kind != ExecKind::kExpired) {
    o.machine = OrderMachine(QtyLots(0));  // the request is refused; the order is not spoken of
  }
  finish_report(o, report(now, o, kind, reason, o.command));
}

}  // namespace pinstripe
