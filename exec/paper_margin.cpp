// Rule 12 of the paper venue: what happens when an account's margin is exhausted.
#include <algorithm>

#include "exec/paper_venue.h"

namespace pinstripe {

/// After a whole market message: what it is worth now, and whether that still carries the account.
void PaperVenue::mind_margin(TimeNs now, std::uint16_t i) noexcept {
  if (!margin_.covers(i)) return;
  const PaperMarket& market = books_[i].market;
  // Half ticks are exact: a tick is a whole number of 1e-8, and what is lost of an odd one is less
  // than the unit of money.
  const std::int64_t mid_e8 =
      market.valid() ? narrow_money(static_cast<Int128>(market.mid_twice_ticks()) *
                                    instruments_[i].tick_e8 / 2)
                     : 0;
  if (mid_e8 > 0) margin_.see_mid(i, mid_e8);
  const std::int64_t price_e8 = market.mark_e8 > 0 ? market.mark_e8 : mid_e8;
  if (price_e8 > 0) margin_.value(i, price_e8);
  liquidate_exhausted(now);
}

void PaperVenue::liquidate_exhausted(TimeNs now) noexcept {
  for (std::size_t a = 0; a < margin_.accounts(); ++a) {
    if (!margin_.exhausted(a)) [[likely]] continue;
    // The venue cancels first: what rests could otherwise open the account again. Loss-making and
    // profitable positions alike go, since they carry each other.
    for (std::uint16_t i = 0; i < books_.size(); ++i) {
      if (margin_.covers(i) && margin_.account_of(i) == a) {
        cancel_for_liquidation(now, i, books_[i].market.last);
      }
    }
    for (std::uint16_t i = 0; i < books_.size(); ++i) {
      if (margin_.covers(i) && margin_.account_of(i) == a && books_[i].position.value != 0) {
        liquidate(now, i, books_[i].market.last);
      }
    }
  }
}

void PaperVenue::cancel_for_liquidation(TimeNs now, std::uint16_t i,
                                        const CauseRef& cause) noexcept {
  for (PaperOrder& o : books_[i].orders) {
    if (o.machine.closed()) continue;
    close(now, o, ExecKind::kCancelled, ExecReason::kLiquidation, cause);
  }
  drop_closed(i);
}

/// Closes the whole position at its mark, on the tick towards bankruptcy.
void PaperVenue::liquidate(TimeNs now, std::uint16_t i, const CauseRef& cause) noexcept {
  const Instrument& instrument = instruments_[i];
  Book& b = books_[i];
  const std::int64_t mark_e8 = margin_.valued_at_e8(i);
  const bool sells = b.position.value > 0;
  const QtyLots qty(sells ? b.position.value : -b.position.value);
  const Int128 ticks = sells ? floor_div(mark_e8, instrument.tick_e8)
                             : ceil_div(mark_e8, instrument.tick_e8);
  const PriceTicks price(std::max<std::int64_t>(1, static_cast<std::int64_t>(ticks)));
  const MoneyE8 fee = fee_of(instrument, price, qty, instrument.taker_fee_e8) +
                      fee_of(instrument, price, qty, liquidation_fee_e8_);
  PaperOrder o;  // the venue's own, without a client id
  o.instrument = i;
  o.side = sells ? Side::kSell : Side::kBuy;
  o.type = OrderType::kMarket;
  o.tif = TimeInForce::kIoc;
  o.machine = OrderMachine(qty);
  o.venue_order_id = ++venue_order_ids_;
  ExecReport& r = report(now, o, ExecKind::kLiquidation, ExecReason::kLiquidation, cause);
  r.exec_id = ++exec_ids_;
  r.last_ticks = price;
  r.last_lots = r.cumulative_lots = qty;
  r.fee_e8 = fee;
  r.price_e8 = mark_e8;
  r.rule = FillRule::kTaker;
  r.state = OrderState::kFilled;
  b.position = QtyLots(0);
  margin_.fill(i, o.side, price, qty, fee);
  ++counters_[ExecCount::kLiquidations];
  ++counters_.closed_because(ExecReason::kLiquidation);
  count_fill(now, o, price, qty, FillRule::kTaker, fee, false);
  plan_funding(now, i);
}

}  // namespace pinstripe
