#include "tools/backtest/order_log.h"

#include "tools/backtest/decisions.h"

namespace pinstripe {
namespace {

constexpr const char* kOrdersHead =
    "order,instrument,side,type,tif,purpose,post_only,reduce_only,opens,signal,origin_ns,sent_ns,"
    "arrived_ns,closed_ns,price,quantity,state,reason,filled,average_price,fee,fee_base,"
    "arrival_bid,arrival_ask";
constexpr const char* kFillsHead =
    "kind,fill,order,instrument,side,liquidity,venue_ns,taken_ns,origin_ns,price,quantity,notional,"
    "fee,fee_asset,cash,position,bid,ask";
constexpr std::array<const char*, 4> kTifNames{"none", "gtc", "ioc", "fok"};

std::int64_t magnitude(std::int64_t v) noexcept { return v < 0 ? -v : v; }

const char* side_name(Side side) noexcept { return side == Side::kBuy ? "buy" : "sell"; }

bool is_execution(ExecKind kind) noexcept {
  return kind == ExecKind::kFill || kind == ExecKind::kLiquidation || kind == ExecKind::kAdl ||
         kind == ExecKind::kDelivery;
}

bool is_closed(OrderState state) noexcept {
  return state == OrderState::kFilled || state == OrderState::kCancelled ||
         state == OrderState::kExpired || state == OrderState::kRejected;
}

}  // namespace

OrderLog::OrderLog(const std::vector<Instrument>& instruments)
    : instruments_(instruments), sums_(instruments.size()), position_e8_(instruments.size()) {}

Result<void> OrderLog::write_to(const std::string& directory) {
  auto orders = CsvFile::create(directory + "/orders.csv", kOrdersHead);
  if (!orders) return std::unexpected(orders.error());
  auto fills = CsvFile::create(directory + "/fills.csv", kFillsHead);
  if (!fills) return std::unexpected(fills.error());
  auto commands = CsvFile::create(directory + "/" + kCommandsName, kCommandsHead);
  if (!commands) return std::unexpected(commands.error());
  commands_ = std::move(*commands);
  orders_ = std::move(*orders);
  fills_ = std::move(*fills);
  return {};
}

void OrderLog::command(const OrderCommand& c) {
  if (commands_) {
    for (const std::string& text : command_cells(c, instruments_[c.h.instrument])) {
      commands_->cell(text);
    }
    commands_->end_row();
  }
  if (c.kind == CommandKind::kNew) {
    open_[c.id.decision].command = c;
    latencies_.origin_to_order.record((c.h.event_ns - c.h.origin_ns).value);
    return;
  }
  const auto found = open_.find(c.id.decision);
  if (c.kind != CommandKind::kAmend || found == open_.end()) return;
  found->second.command.price_ticks = c.price_ticks;
  found->second.command.qty_lots = c.qty_lots;
}

void OrderLog::report(TimeNs now, const ExecReport& r) {
  const auto found = open_.find(r.id.decision);
  Open* const o = found == open_.end() ? nullptr : &found->second;
  if (o != nullptr && !o->arrived) arrive(*o, r);
  if (o != nullptr && r.answers == o->command.number) {
    latencies_.order_to_answer.record((now - o->command.h.event_ns).value);
  }
  if (is_execution(r.kind)) fill(o, r);
  if (is_execution(r.kind) || r.kind == ExecKind::kFunding) write_fill(now, r);
  if (o == nullptr || !is_closed(r.state)) return;
  write_order(*o, r.venue_ns, r.state, r.reason);
  open_.erase(found);
}

void OrderLog::arrive(Open& o, const ExecReport& r) {
  o.arrived = true;
  o.arrived_ns = r.venue_ns;
  o.bid_ticks = r.bid_ticks.value;
  o.ask_ticks = r.ask_ticks.value;
  latencies_.order_to_venue.record(r.venue_ns - o.command.h.event_ns.value);
}

void OrderLog::fill(Open* o, const ExecReport& r) {
  const Instrument& instrument = instruments_[r.h.instrument];
  const double notional =
      static_cast<double>(notional_up(instrument, r.last_ticks, r.last_lots).value);
  const bool maker = r.h.has(kFlagMaker);
  FillSums& sums = sums_[r.h.instrument];
  ++sums.fills;
  sums.maker_fills += maker ? 1 : 0;
  sums.notional += notional;
  sums.maker_notional += maker ? notional : 0;
  Int128& position = position_e8_[r.h.instrument];
  position += lots_e8(instrument, r.last_lots.value) * sign_of(r.h.side());
  if (r.fee_in_base != 0) position -= r.fee_e8.value;
  if (o == nullptr) return;
  o->filled_lots += r.last_lots.value;
  o->ticks_lots += static_cast<Int128>(r.last_ticks.value) * r.last_lots.value;
  (r.fee_in_base != 0 ? o->fee_base_e8 : o->fee_e8) += r.fee_e8.value;
  if (o->bid_ticks <= 0 || o->ask_ticks <= 0) return;
  const auto mid = static_cast<double>(o->bid_ticks + o->ask_ticks) / 2;
  const double bps = 1e4 * static_cast<double>(sign_of(r.h.side())) *
                     (static_cast<double>(r.last_ticks.value) - mid) / mid;
  sums.slipped_notional += notional;
  sums.slipped_bps += notional * bps;
  if (!maker) return;
  sums.maker_slipped_notional += notional;
  sums.maker_slipped_bps += notional * bps;
}

void OrderLog::write_fill(TimeNs now, const ExecReport& r) {
  if (!fills_) return;
  const Instrument& i = instruments_[r.h.instrument];
  const bool funding = r.kind == ExecKind::kFunding;
  const Int128 price = funding ? r.price_e8 : ticks_e8(i, r.last_ticks.value);
  CsvFile& row = *fills_;
  row.cell(kExecKindNames[static_cast<std::size_t>(r.kind)]);
  row.cell(static_cast<std::int64_t>(r.exec_id));
  row.cell(static_cast<std::int64_t>(r.id.decision));
  row.cell(i.id);
  row.cell(funding ? "" : side_name(r.h.side()));
  row.cell(funding ? "" : r.h.has(kFlagMaker) ? "maker" : "taker");
  row.cell(r.venue_ns).cell(now.value).cell(r.h.origin_ns.value);
  row.e8(price).e8(lots_e8(i, r.last_lots.value));
  const auto price_now = static_cast<std::int64_t>(price);
  row.e8(price_now > 0
             ? notional_at_e8(i, price_now, QtyLots(magnitude(r.last_lots.value)), true).value
             : 0);
  row.e8(r.fee_e8.value).cell(r.fee_in_base != 0 ? i.base : i.settle).e8(r.cash_e8.value);
  row.e8(position_e8_[r.h.instrument]);
  row.e8(ticks_e8(i, r.bid_ticks.value)).e8(ticks_e8(i, r.ask_ticks.value));
  row.end_row();
}

void OrderLog::write_order(const Open& o, std::int64_t closed_ns, OrderState state,
                           ExecReason reason) {
  if (!orders_) return;
  const OrderCommand& c = o.command;
  const Instrument& i = instruments_[c.h.instrument];
  CsvFile& row = *orders_;
  row.cell(static_cast<std::int64_t>(c.id.decision)).cell(i.id).cell(side_name(c.h.side()));
  row.cell(c.type == OrderType::kMarket ? "market" : "limit");
  row.cell(kTifNames[static_cast<std::size_t>(c.tif)]);
  row.cell(kPurposeNames[static_cast<std::size_t>(c.purpose)]);
  for (const OrderFlag f : {kOrderPostOnly, kOrderReduceOnly, kOrderOpens}) {
    row.cell(std::int64_t{(c.flags & f) != 0});
  }
  row.cell(static_cast<std::int64_t>(c.signal_decision));
  row.cell(c.h.origin_ns.value).cell(c.h.event_ns.value).cell(o.arrived_ns).cell(closed_ns);
  row.e8(ticks_e8(i, c.price_ticks.value)).e8(lots_e8(i, c.qty_lots.value));
  row.cell(kOrderStateNames[static_cast<std::size_t>(state)]);
  row.cell(kExecReasonNames[static_cast<std::size_t>(reason)]);
  row.e8(lots_e8(i, o.filled_lots));
  row.e8(o.filled_lots == 0 ? 0 : o.ticks_lots * i.tick_e8 / o.filled_lots);
  row.e8(o.fee_e8).e8(o.fee_base_e8);
  row.e8(ticks_e8(i, o.bid_ticks)).e8(ticks_e8(i, o.ask_ticks));
  row.end_row();
}

Result<void> OrderLog::finish() {
  for (const auto& [decision, o] : open_) {
    const OrderState state = !o.arrived         ? OrderState::kSent
                             : o.filled_lots > 0 ? OrderState::kPartlyFilled
                                                 : OrderState::kAccepted;
    write_order(o, 0, state, ExecReason::kNone);
  }
  open_.clear();
  for (std::optional<CsvFile>* file : {&commands_, &orders_, &fills_}) {
    if (!*file) continue;
    if (auto closed = (*file)->close(); !closed) return closed;
  }
  return {};
}

}  // namespace pinstripe
