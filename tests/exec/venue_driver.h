// Drives an ExecStage as a runner does: market first, then time, then orders; and writes tapes.
#pragma once

#include <cstdint>
#include <vector>

#include "exec/exec_stage.h"
#include "tests/support/state_tape.h"
#include "tests/support/test_sink.h"

namespace pinstripe {

inline constexpr std::uint16_t kTestMarketRing = 3;
inline constexpr std::uint16_t kTestOrdersRing = 9;

/// BTCUSDT-like perpetual: tick 0.1, lot 0.001, fees 2 and 5 bps.
inline Instrument test_perpetual() {
  Instrument i;
  i.id = "TEST:PERP";
  i.venue = "TEST";
  i.symbol = "PERP";
  i.market = Market::kLinear;
  i.base = "BTC";
  i.quote = i.settle = "USDT";
  i.tick_e8 = 10'000'000;
  i.lot_e8 = 100'000;
  return i;
}
inline Instrument test_spot() {
  Instrument i = test_perpetual();
  i.id = "TEST:SPOT";
  i.symbol = "SPOT";
  i.market = Market::kSpot;
  i.maker_fee_e8 = i.taker_fee_e8 = 100'000;
  i.buy_fee_in_base = true;
  return i;
}
inline Instrument test_inverse() {
  Instrument i = test_perpetual();
  i.id = "TEST:COIN";
  i.symbol = "COIN";
  i.market = Market::kInverse;
  i.settle = "BTC";
  i.lot_e8 = 100'000'000;
  i.multiplier_e8 = 10'000'000'000;  // 100 USD
  return i;
}
inline ExecConfig test_config(std::vector<Instrument> instruments = {test_perpetual()}) {
  ExecConfig c;
  c.instruments = std::move(instruments);
  c.order_latency_ns = 1'000;
  c.market_ring_ids = {kTestMarketRing};
  c.orders_ring_id = kTestOrdersRing;
  c.book_levels_max = 256;
  c.resting_orders_max = 32;
  c.in_flight_max = 64;
  return c;
}

/// What distinguishes one order from the usual post-only-free GTC limit.
struct OrderForm {
  OrderType type = OrderType::kLimit;
  TimeInForce tif = TimeInForce::kGtc;
  std::uint8_t flags = kOrderOpens;
  std::int64_t expires_ns = 0;
  std::uint16_t instrument = 0;
};
inline constexpr OrderForm kIocOrder{OrderType::kLimit, TimeInForce::kIoc, kOrderOpens, 0, 0};
inline constexpr OrderForm kPostOnlyOrder{OrderType::kLimit, TimeInForce::kGtc,
                                          kOrderOpens | kOrderPostOnly, 0, 0};

class VenueDriver {
 public:
  explicit VenueDriver(const ExecConfig& config) : sut(config) {}

  // --- market -------------------------------------------------------------------------------
  void market(std::int64_t t, MsgType type, std::int64_t a, std::int64_t b, int flags,
              std::uint16_t instrument = 0) {
    MarketEvent e;
    e.h.word = 2 * market_count++ + 2;
    e.h.type = type;
    e.h.event_ns = e.h.origin_ns = TimeNs(t);
    e.h.flags = static_cast<std::uint8_t>(flags);
    e.h.instrument = instrument;
    e.a = a;
    e.b = b;
    give_market(t, e);
  }
  /// A message as feed published it.
  void pass(std::int64_t t, MarketEvent e) {
    e.h.word = 2 * market_count++ + 2;
    give_market(t, e);
  }
  void level(std::int64_t t, Side side, std::int64_t price, std::int64_t qty, bool end = true,
             std::uint16_t instrument = 0) {
    market(t, MsgType::kLevel, price, qty,
           (side == Side::kSell ? kFlagSell : 0) | (end ? kFlagEndOfUpdate : 0), instrument);
  }
  void bid(std::int64_t t, std::int64_t price, std::int64_t qty, bool end = true) {
    level(t, Side::kBuy, price, qty, end);
  }
  void ask(std::int64_t t, std::int64_t price, std::int64_t qty, bool end = true) {
    level(t, Side::kSell, price, qty, end);
  }
  void trade(std::int64_t t, Side aggressor, std::int64_t price, std::int64_t qty,
             int more_flags = 0) {
    market(t, MsgType::kTrade, price, qty,
           (aggressor == Side::kSell ? kFlagSell : 0) | kFlagEndOfUpdate | more_flags);
  }
  void state(std::int64_t t, BookState s, bool fresh = false, std::uint16_t instrument = 0) {
    market(t, MsgType::kBookState, static_cast<std::int64_t>(s), 0,
           kFlagEndOfUpdate | (fresh ? kFlagSnapshot : 0), instrument);
  }
  /// A valid book of 5 at 100 | 5 at 101 (and more behind) at time t.
  void open_book(std::int64_t t, std::uint16_t instrument = 0) {
    for (int i = 0; i < 5; ++i) {
      level(t, Side::kBuy, 1'000 - i, 5 + i, false, instrument);
      level(t, Side::kSell, 1'001 + i, 5 + i, false, instrument);
    }
    state(t, BookState::kValid, false, instrument);
  }

  // --- orders -------------------------------------------------------------------------------
  OrderCommand command(std::int64_t t, CommandKind kind, OrderId id) {
    OrderCommand c;
    c.h.word = 2 * commands + 2;
    c.h.type = MsgType::kOrderCommand;
    c.h.event_ns = TimeNs(t);
    c.h.origin_ns = TimeNs(t - 10);
    c.h.instrument = 0;
    c.number = ++commands;
    c.kind = kind;
    c.type = OrderType::kLimit;
    c.tif = TimeInForce::kGtc;
    c.id = id;
    return c;
  }
  void give(std::int64_t t, const OrderCommand& c) {
    if (tape != nullptr) tape->push_back(TapeMessage::of(t, c, true));
    timers_before(t, true);
    turn(t, Input::message(&c.h), &c.h);
  }
  OrderId send(std::int64_t t, Side side, std::int64_t price, std::int64_t qty,
               const OrderForm& form = {}) {
    OrderCommand c = command(t, CommandKind::kNew, {++orders, 1, 0});
    c.h.set_side(side);
    c.h.instrument = form.instrument;
    c.price_ticks = PriceTicks(price);
    c.qty_lots = QtyLots(qty);
    c.type = form.type;
    c.tif = form.tif;
    c.flags = form.flags;
    c.expires_ns = form.expires_ns;
    give(t, c);
    return c.id;
  }
  void cancel(std::int64_t t, OrderId id) { give(t, command(t, CommandKind::kCancel, id)); }
  void amend(std::int64_t t, OrderId id, std::int64_t price, std::int64_t qty) {
    OrderCommand c = command(t, CommandKind::kAmend, id);
    c.price_ticks = PriceTicks(price);
    c.qty_lots = QtyLots(qty);
    give(t, c);
  }
  /// Lets time run to `t`, timers at `t` included.
  void until(std::int64_t t) { timers_before(t, true); }

  // --- what came out ------------------------------------------------------------------------
  std::vector<ExecReport> of(OrderId id) const {
    std::vector<ExecReport> some;
    for (const ExecReport& r : reports) {
      if (r.id == id) some.push_back(r);
    }
    return some;
  }
  std::vector<ExecReport> fills() const {
    std::vector<ExecReport> some;
    for (const ExecReport& r : reports) {
      if (r.kind == ExecKind::kFill) some.push_back(r);
    }
    return some;
  }
  std::int64_t count(const std::string& name) const {
    const auto names = sut.counter_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return sut.counters()[i];
    }
    return -1;
  }

  ExecStage sut;
  std::vector<ExecReport> reports;
  std::vector<TapeMessage>* tape = nullptr;  // where set: keeps all that was given
  std::uint64_t market_count = 0;
  std::uint64_t commands = 0;
  std::uint64_t orders = 0;
  unsigned longest_burst = 0;

 private:
  void give_market(std::int64_t t, const MarketEvent& e) {
    if (tape != nullptr) tape->push_back(TapeMessage::of(t, e));
    timers_before(t, false);
    turn(t, Input::message(&e.h), &e.h);
  }
  void timers_before(std::int64_t t, bool inclusive) {
    for (;;) {
      const std::int64_t due = sut.next_due().value;
      if (inclusive ? due > t : due >= t) return;
      turn(due, Input::timer(), nullptr);
    }
  }
  void turn(std::int64_t t, Input in, const MsgHeader* cause) {
    do {
      TestSink<ExecReport> sink;
      sink.prepare(TimeNs(t), cause);
      sut.on_event(TimeNs(t), in, sink);
      longest_burst = std::max<unsigned>(longest_burst, static_cast<unsigned>(sink.entries.size()));
      for (const auto& e : sink.entries) reports.push_back(e.message);
      in = Input::continued();
    } while (sut.more());
  }
};

}  // namespace pinstripe
