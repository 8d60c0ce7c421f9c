#include <cstring>

#include "risk/risk_core.h"
#include "risk/sizing.h"

namespace pinstripe {
namespace {

constexpr std::int64_t abs64(std::int64_t v) noexcept { return v < 0 ? -v : v; }

/// Whole lots in `notional` at `lot_value`, rounded down; saturated.
std::int64_t lots_in(double notional, double lot_value) noexcept {
  if (!(notional > 0) || !(lot_value > 0)) return 0;
  const double lots = notional / lot_value;
  if (lots >= static_cast<double>(kLotsMax)) return kLotsMax;
  auto whole = static_cast<std::int64_t>(lots);
  if (static_cast<double>(whole) * lot_value > notional) --whole;  // the quotient was rounded up
  return whole;
}

}  // namespace

/// One lot at a price, in 1e-8 of the settle asset.
double RiskCore::lot_value_e8(std::uint32_t i, double price_ticks) const noexcept {
  const Instrument& in = config_.instruments[i];
  const double size = static_cast<double>(in.lot_e8) * static_cast<double>(in.multiplier_e8);
  const double price = price_ticks * static_cast<double>(in.tick_e8);
  if (!(price > 0)) return 0;
  return in.market == Market::kInverse ? size / price : size * price * 1e-16;
}

/// One lot at a price, in 1e-8 of the quote asset.
double RiskCore::lot_quote_e8(std::uint32_t i, double price_ticks) const noexcept {
  const Instrument& in = config_.instruments[i];
  if (in.market != Market::kInverse) return lot_value_e8(i, price_ticks);
  return static_cast<double>(in.lot_e8) * static_cast<double>(in.multiplier_e8) * 1e-8;
}

/// The venue's least order, in lots: its least quantity and its least notional.
std::int64_t RiskCore::least_lots(std::uint32_t i, double price_ticks) const noexcept {
  const Instrument& in = config_.instruments[i];
  std::int64_t least = in.qty_min.value > 1 ? in.qty_min.value : 1;
  const double quote = lot_quote_e8(i, price_ticks);
  if (in.notional_min_e8 > 0 && quote > 0) {
    const auto notional = static_cast<double>(in.notional_min_e8);
    auto lots = static_cast<std::int64_t>(notional / quote);
    if (static_cast<double>(lots) * quote < notional) ++lots;
    least = std::max(least, lots);
  }
  const std::int64_t step = in.order_step_lots;
  return (least + step - 1) / step * step;
}

/// Rounded down to what an order may be: a multiple of the venue's order step.
std::int64_t RiskCore::in_steps(std::uint32_t i, std::int64_t lots) const noexcept {
  return lots - lots % config_.instruments[i].order_step_lots;
}

/// A round trip in bps: passive in, and out by IOC at worst.
double RiskCore::cost_bps(std::uint32_t i) const noexcept {
  const Instrument& in = config_.instruments[i];
  return static_cast<double>(in.maker_fee_e8 + in.taker_fee_e8) * 1e-4;
}

bool RiskCore::in_flight_full() const noexcept {
  return in_flight_.size() >= static_cast<std::size_t>(config_.limits.in_flight_max) ||
         orders_.used() + 4 * states_.size() >= orders_.slots().size();
}

/// An order opens when, with everything that works on its side, it can grow the position.
bool RiskCore::opens(std::uint32_t i, Side side, std::int64_t qty_lots) const noexcept {
  const std::int64_t position = ledger_.money(i).lots();
  const InstrumentState& st = states_[i];
  if (side == Side::kBuy) return position + st.buy_leaves + qty_lots > 0;
  return position - st.sell_leaves - qty_lots < 0;
}

LimitContext RiskCore::context_before(std::int64_t now, std::uint32_t i, Side side,
                                      const Signal& s) const noexcept {
  const InstrumentState& st = states_[i];
  const SettleAccount& account = ledger_.account_of(i);
  const HaltLevel kill = std::max(kill_, st.alarm ? HaltLevel::kNoOpens : HaltLevel::kNone);
  LimitContext c;
  c.age_ns = now - s.h.origin_ns.value;
  c.budget_ns = config_.budget_ns;
  c.book_valid = st.valid() && s.context.state == BookState::kValid;
  c.halted = kill != HaltLevel::kNone;
  c.drawdown = account.level != HaltLevel::kNone;
  c.daily_loss = ledger_.daily_loss_hit(ledger_.money(i).account);
  c.breaker_open = now < breaker_until_ns_;
  c.order_unknown = st.unknown > 0;
  c.in_flight_full = in_flight_full();
  constexpr std::uint8_t kNeeded = kContextAtr | kContextVol;
  const bool every = config_.policy.policy == RiskPolicy::kEverySignal;
  c.warm = account.funded && account.equity_e8() > 0 &&
           (every || ((s.context.valid & kNeeded) == kNeeded &&
                      s.context.bar_count >= config_.limits.warm_up_bars));
  c.opens_spot_short =
      config_.instruments[i].market == Market::kSpot && side == Side::kSell;
  c.spread_bps = c.book_valid
                     ? static_cast<double>(st.ask_ticks - st.bid_ticks) / st.mid_ticks() * 1e4
                     : 0;
  c.spread_max_bps = config_.limits.spread_max_bps;
  c.depth_lots = std::min(s.context.bid_depth_lots.value, s.context.ask_depth_lots.value);
  c.depth_multiple = config_.limits.depth_multiple;
  c.minute_volume_lots = (s.context.valid & kContextMinuteVolume) != 0
                             ? s.context.minute_volume_lots.value : 0;
  c.participation_max = config_.limits.participation_max;
  return c;
}

/// What position, account and group would carry with the order filled, working orders included.
void RiskCore::add_exposure(LimitContext& c, const Plan& p) const noexcept {
  const std::uint32_t account = ledger_.money(p.instrument).account;
  double equity_quote = 0;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    const InstrumentState& st = states_[i];
    const bool own = i == p.instrument;
    if (!own && st.working == 0 && ledger_.money(i).lots() == 0) continue;
    const std::int64_t position = ledger_.money(i).lots();
    const std::int64_t buys = st.buy_leaves + (own && p.side == Side::kBuy ? p.qty_lots : 0);
    const std::int64_t sells = st.sell_leaves + (own && p.side == Side::kSell ? p.qty_lots : 0);
    const auto worst =
        static_cast<double>(std::max(abs64(position + buys), abs64(position - sells)));
    const double mid = 0.5 * static_cast<double>(st.valid_bid_ticks + st.valid_ask_ticks);
    const double notional = worst * lot_value_e8(i, mid);
    if (own) c.position_notional = notional;
    if (ledger_.money(i).account == account) c.gross_notional += notional;
    if (group_of_[i] == group_of_[p.instrument]) c.group_notional += worst * lot_quote_e8(i, mid);
  }
  for (std::uint32_t a = 0; a < ledger_.accounts().size(); ++a) {
    const SettleAccount& other = ledger_.accounts()[a];
    if (!other.funded) continue;
    // a coin account was opened with opening_cash of quote: equity over opening is its growth
    const auto equity = static_cast<double>(other.equity_e8());
    equity_quote += other.coin ? equity / static_cast<double>(other.opening_e8) *
                                     config_.opening_cash * 1e8
                               : equity;
  }
  const auto own_equity = static_cast<double>(ledger_.accounts()[account].equity_e8());
  c.position_notional_max = config_.limits.position_max * own_equity;
  c.gross_notional_max = std::min(config_.limits.leverage_max, kLeverageHardMax) * own_equity;
  c.group_notional_max = config_.limits.group_max * equity_quote;
}

void RiskCore::add_price(LimitContext& c, const Plan& p, const InstrumentState& st, bool is_open,
                         std::int64_t now) const noexcept {
  const bool buy = p.side == Side::kBuy;
  const auto price = static_cast<double>(p.price_ticks);
  const auto touch = static_cast<double>(buy ? st.valid_ask_ticks : st.valid_bid_ticks);
  const double mid = 0.5 * static_cast<double>(st.valid_bid_ticks + st.valid_ask_ticks);
  const double beyond = buy ? price - touch : touch - price;
  c.qty_lots = p.qty_lots;
  c.qty_most_lots = config_.instruments[p.instrument].qty_max.value;
  c.beyond_touch_bps = beyond > 0 ? beyond / touch * 1e4 : 0;
  c.collar_bps = config_.limits.collar_bps;
  c.from_mid_bps = (price > mid ? price - mid : mid - price) / mid * 1e4;
  c.band_bps = static_cast<double>(config_.instruments[p.instrument].price_band_bps);
  c.rate_full = (is_open ? open_rate_ : reduce_rate_).full(now);
}

SizingInput RiskCore::sizing_input(std::uint32_t i, Side side, const Signal& s, double stop_bps,
                                   double profit_bps) const noexcept {
  const InstrumentMoney& m = ledger_.money(i);
  // Without a single loss there are no odds to bet by.
  const bool own = m.trades_closed >= config_.sizing.own_trades_min &&
                   m.wins < m.trades_closed && m.lost_e8 > 0;
  const bool calibrated = (s.flags & kSignalCalibrated) != 0;
  SizingInput z;
  z.equity = static_cast<double>(ledger_.account_of(i).equity_e8());
  z.probability = side == Side::kBuy ? s.probability : 1 - s.probability;
  z.confidence = s.confidence;
  z.stop = stop_bps * 1e-4;
  z.cost = cost_bps(i) * 1e-4;
  z.win_loss = win_loss_ratio(profit_bps * 1e-4, z.stop, z.cost);
  z.annual_vol = static_cast<double>(s.context.annual_vol);
  z.kelly = config_.sizing.mode == SizingMode::kKelly ||
            (config_.sizing.mode == SizingMode::kAuto && (calibrated || own));
  if (z.kelly && !calibrated && own) {
    const auto losses = static_cast<double>(m.trades_closed - m.wins);
    const auto wins = static_cast<double>(m.wins);
    z.probability = wins / static_cast<double>(m.trades_closed);
    z.win_loss = wins > 0 ? static_cast<double>(m.won_e8) / wins /
                                (static_cast<double>(m.lost_e8) / losses) : 0;
  }
  z.notional_max = config_.limits.position_max * z.equity -
                   static_cast<double>(abs64(m.lots())) *
                       lot_value_e8(i, states_[i].mid_ticks());
  return z;
}

void RiskCore::try_open(std::int64_t now, std::uint32_t i, Side side, const Signal& s) noexcept {
  InstrumentState& st = states_[i];
  LimitContext c = context_before(now, i, side, s);
  if (const Denial d = first_denial(c, true, LimitPhase::kBefore); d != Denial::kNone) {
    return deny(d);
  }
  const Instrument& in = config_.instruments[i];
  const double taker_bps = 2e-4 * static_cast<double>(in.taker_fee_e8);
  const double stop_bps = std::max(config_.policy.stop_atr * static_cast<double>(s.context.atr_bps),
                                   config_.policy.stop_round_trips * taker_bps);
  const double profit_bps = config_.policy.take_profit_stops * stop_bps;
  const SizingInput z = sizing_input(i, side, s, stop_bps, profit_bps);
  const Size size = size_entry(config_.sizing, z);
  const double lot_value = lot_value_e8(i, st.mid_ticks());

  Plan p{.instrument = i, .side = side,
         .purpose = st.requote_next ? Purpose::kRequote : Purpose::kEntry,
         .tif = TimeInForce::kGtc, .post_only = true,
         .price_ticks = side == Side::kBuy ? st.bid_ticks : st.ask_ticks,
         .qty_lots = std::min(lots_in(size.notional, lot_value), in.qty_max.value),
         .signal_decision = s.decision, .expires_ns = s.h.origin_ns.value + config_.budget_ns};
  if (config_.sizing.to_liquidity) {
    const auto volume = static_cast<double>(c.minute_volume_lots);
    if (c.participation_max > 0) {
      p.qty_lots = std::min(p.qty_lots, lots_in(c.participation_max * volume, 1));
    }
    if (c.depth_multiple > 0) {
      p.qty_lots = std::min(p.qty_lots,
                            lots_in(static_cast<double>(c.depth_lots), c.depth_multiple));
    }
  }
  p.qty_lots = in_steps(i, p.qty_lots);
  c.fraction = size.fraction;
  c.edge_bps = side == Side::kBuy ? s.edge_bps : -s.edge_bps;
  c.edge_min_bps = config_.policy.min_edge * cost_bps(i);
  c.qty_least_lots = least_lots(i, static_cast<double>(p.price_ticks));
  add_exposure(c, p);
  add_price(c, p, st, true, now);
  if (const Denial d = first_denial(c, true, LimitPhase::kSized); d != Denial::kNone) {
    return deny(d);
  }
  st.stop_bps = stop_bps;
  st.take_profit_bps = profit_bps;
  st.horizon_ns = s.horizon_ns;
  st.entry_due_ns = now + static_cast<std::int64_t>(static_cast<double>(s.horizon_ns) *
                                                    config_.policy.entry_ttl_horizons);
  st.requote_next = false;
  open_rate_.add(now);
  st.entry = send(now, p, true).decision;
}

/// Sends an order that can only reduce, cut to what is held and not yet under way. False where
/// nothing was sent.
bool RiskCore::try_reduce(std::int64_t now, std::uint32_t i, Purpose purpose,
                          bool passive) noexcept {
  InstrumentState& st = states_[i];
  const std::int64_t lots = closable_lots(i);
  const Side side = lots > 0 ? Side::kSell : Side::kBuy;
  const std::int64_t leaves = side == Side::kSell ? st.sell_leaves : st.buy_leaves;
  const std::int64_t free =
      in_steps(i, std::min(abs64(lots) - leaves, config_.instruments[i].qty_max.value));
  if (free <= 0 || st.valid_bid_ticks <= 0 || orders_.full()) return false;
  Plan p{.instrument = i, .side = side, .purpose = purpose,
         .tif = passive ? TimeInForce::kGtc : TimeInForce::kIoc, .post_only = passive,
         .price_ticks = 0, .qty_lots = free, .signal_decision = 0, .expires_ns = 0};
  const std::int64_t own = side == Side::kSell ? st.valid_ask_ticks : st.valid_bid_ticks;
  const std::int64_t other = side == Side::kSell ? st.valid_bid_ticks : st.valid_ask_ticks;
  const auto collar = static_cast<std::int64_t>(static_cast<double>(other) *
                                                config_.limits.collar_bps * 1e-4);
  p.price_ticks = passive ? own : side == Side::kSell ? std::max<std::int64_t>(other - collar, 1)
                                                      : other + collar;
  LimitContext c;
  c.qty_least_lots = 1;  // closable_lots() has held the position against the venue's least order
  add_price(c, p, st, false, now);
  st.retry_ns = passive ? now : now + config_.policy.retry_ns;
  if (const Denial d = first_denial(c, false, LimitPhase::kSized); d != Denial::kNone) {
    st.retry_ns = now + config_.policy.retry_ns;
    deny(d);
    return false;
  }
  reduce_rate_.add(now);
  if (purpose == Purpose::kExitOnInvalidBook) ++counters_[kRcExitOnInvalidBook];
  st.exit = send(now, p, false).decision;
  return true;
}

/// The benches' policy: the least order that the venue takes, IOC, sides alternating around flat.
void RiskCore::every_signal(std::int64_t now, std::uint32_t i, const Signal& s) noexcept {
  InstrumentState& st = states_[i];
  const std::int64_t net = ledger_.money(i).lots() + st.buy_leaves - st.sell_leaves;
  const Side side = net > 0 ? Side::kSell : Side::kBuy;
  LimitContext c = context_before(now, i, side, s);
  c.opens_spot_short = false;  // sells only what was bought or is being bought
  const std::int64_t touch = side == Side::kBuy ? st.ask_ticks : st.bid_ticks;
  Plan p{.instrument = i, .side = side, .purpose = Purpose::kBench, .tif = TimeInForce::kIoc,
         .post_only = false, .price_ticks = touch,
         .qty_lots = least_lots(i, static_cast<double>(touch)), .signal_decision = s.decision,
         .expires_ns = s.h.origin_ns.value + config_.budget_ns};
  const bool is_open = opens(i, side, p.qty_lots);
  // staleness, halts and the in-flight limit hold for every order of this policy
  if (const Denial d = first_denial(c, true, LimitPhase::kBefore); d != Denial::kNone) {
    return deny(d);
  }
  c.fraction = 1;  // size and edge are not this policy's business
  c.qty_least_lots = p.qty_lots;
  if (is_open) add_exposure(c, p);
  add_price(c, p, st, is_open, now);
  if (const Denial d = first_denial(c, is_open, LimitPhase::kSized); d != Denial::kNone) {
    return deny(d);
  }
  (is_open ? open_rate_ : reduce_rate_).add(now);
  send(now, p, is_open);
}

WorkingOrder& RiskCore::send(std::int64_t now, const Plan& p, bool is_open) noexcept {
  InstrumentState& st = states_[p.instrument];
  WorkingOrder& o = orders_.add();
  o.price_ticks = p.price_ticks;
  o.qty_lots = p.qty_lots;
  o.sent_ns = now;
  o.instrument = static_cast<std::uint16_t>(p.instrument);
  o.side = p.side;
  o.purpose = p.purpose;
  o.opens = is_open;
  o.passive = p.tif == TimeInForce::kGtc;
  (p.side == Side::kBuy ? st.buy_leaves : st.sell_leaves) += p.qty_lots;
  ++st.working;

  OrderCommand c;
  c.h.instrument = o.instrument;
  c.h.set_side(p.side);
  c.id = {o.decision, config_.epoch, is_open ? 0U : 1U};
  c.price_ticks = PriceTicks(p.price_ticks);
  c.qty_lots = QtyLots(p.qty_lots);
  c.signal_decision = p.signal_decision;
  c.expires_ns = is_open ? p.expires_ns : 0;
  c.kind = CommandKind::kNew;
  c.type = OrderType::kLimit;
  c.tif = p.tif;
  c.flags = static_cast<std::uint8_t>((p.post_only ? kOrderPostOnly : 0) |
                                      (is_open ? kOrderOpens : kOrderReduceOnly | kOrderExempt));
  c.purpose = p.purpose;
  ++counters_[is_open ? kRcOpens : kRcReduces];
  push(c);
  return o;
}

/// Cancels are never denied; one a time and order.
void RiskCore::cancel(WorkingOrder& o, Purpose purpose) noexcept {
  o.cancel_sent = true;
  OrderCommand c;
  c.h.instrument = o.instrument;
  c.h.set_side(o.side);
  c.id = {o.decision, config_.epoch, o.opens ? 0U : 1U};
  c.price_ticks = PriceTicks(o.price_ticks);
  c.qty_lots = QtyLots(o.leaves());
  c.kind = CommandKind::kCancel;
  c.type = OrderType::kLimit;
  c.tif = TimeInForce::kGtc;
  c.flags = kOrderExempt;
  c.purpose = purpose;
  ++counters_[kRcCancels];
  push(c);
}

void RiskCore::push(const OrderCommand& c) noexcept {
  PINSTRIPE_CHECK(draft_tail_ - draft_head_ < drafts_.size(), "too many commands in one turn");
  OrderCommand& d = drafts_[draft_tail_ % drafts_.size()].command;
  d = c;
  d.number = ++commands_;
  in_flight_.sent(commands_);
  ++counters_[kRcPurpose + static_cast<std::uint32_t>(c.purpose) - 1];
  counters_[kRcCommands] = static_cast<std::int64_t>(commands_);
  ++draft_tail_;
}

void RiskCore::write_draft(OrderCommand& out) noexcept {
  const OrderCommand& d = drafts_[draft_head_ % drafts_.size()].command;
  out.h.instrument = d.h.instrument;
  out.h.set_side(d.h.side());
  // the payload only: the header, its slot word above all, belongs to the ring
  std::memcpy(reinterpret_cast<std::byte*>(&out) + sizeof(MsgHeader),
              reinterpret_cast<const std::byte*>(&d) + sizeof(MsgHeader),
              sizeof(OrderCommand) - sizeof(MsgHeader));
  ++draft_head_;
}

}  // namespace pinstripe
