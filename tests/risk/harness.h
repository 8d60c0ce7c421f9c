// Drives a RiskStage by hand: market, signals and answers as messages, commands collected.
#pragma once

#include <vector>

#include "risk/risk_stage.h"
#include "tests/support/state_tape.h"
#include "tests/support/test_sink.h"

namespace pinstripe::testing {

inline Instrument linear_instrument(const char* id = "TEST:BTCUSDT", const char* base = "BTC") {
  Instrument i;
  i.id = id;
  i.venue = "TEST";
  i.symbol = "BTCUSDT";
  i.market = Market::kLinear;
  i.base = base;
  i.quote = i.settle = "USDT";
  i.tick_e8 = 10'000'000;      // 0.1
  i.lot_e8 = 100'000;          // 0.001
  i.maker_fee_e8 = 20'000;
  i.taker_fee_e8 = 50'000;
  return i;
}
inline Instrument spot_instrument() {
  Instrument i = linear_instrument("TEST_SPOT:BTCUSDT");
  i.market = Market::kSpot;
  i.notional_min_e8 = 5 * 100'000'000LL;
  i.maker_fee_e8 = i.taker_fee_e8 = 100'000;
  i.buy_fee_in_base = true;
  return i;
}
inline Instrument inverse_instrument() {
  Instrument i = linear_instrument("TEST_COIN:BTCUSD");
  i.market = Market::kInverse;
  i.settle = "BTC";
  i.quote = "USD";
  i.lot_e8 = 100'000'000;
  i.multiplier_e8 = 10'000'000'000;  // 100 USD
  return i;
}

inline constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
inline constexpr std::int64_t kMs = kNsPerMs;

/// One stage, its clock and what it sent. Times advance with `at`.
class Harness {
 public:
  explicit Harness(RiskConfig config = base_config()) : sut(config) {}

  static RiskConfig base_config() {
    RiskConfig c;
    c.instruments = {linear_instrument()};
    c.policy.min_edge = 0;
    return c;
  }

  RiskStage sut;
  TestSink<OrderCommand> sink;
  std::int64_t now = kStart;
  std::uint64_t next_exec_id = 1;
  std::uint64_t next_decision = 1;
  std::vector<TapeMessage>* tape = nullptr;  // where set: keeps all that was delivered

  std::vector<OrderCommand> sent() const {
    std::vector<OrderCommand> all;
    for (const auto& e : sink.entries) all.push_back(e.message);
    return all;
  }
  const OrderCommand& last() const { return sink.entries.back().message; }
  std::size_t count() const { return sink.entries.size(); }
  std::int64_t position(unsigned i = 0) const { return sut.core().ledger().money(i).lots(); }
  const InstrumentState& state(unsigned i = 0) const { return sut.core().state(i); }
  std::int64_t denied(Denial d) const { return sut.core().denied(d); }
  std::int64_t denied_all() const {
    std::int64_t n = 0;
    for (std::size_t d = 1; d < kDenialCount; ++d) n += denied(static_cast<Denial>(d));
    return n;
  }

  /// Delivers due timers up to `t`, then makes it the time.
  void advance_to(std::int64_t t) {
    while (sut.next_due().value <= t) {
      const std::int64_t due = std::max(sut.next_due().value, now);
      now = due;
      sink.prepare(TimeNs(now), nullptr);
      sut.on_event(TimeNs(now), Input::timer(), sink);
      drain();
    }
    now = std::max(now, t);
  }
  void advance(std::int64_t ns) { advance_to(now + ns); }

  template <class Message>
  void deliver(const Message& m) {
    const bool feedback = m.h.type == MsgType::kExecReport;
    if (tape != nullptr) tape->push_back(TapeMessage::of(now, m, feedback));
    sink.prepare(TimeNs(now), &m.h);
    sut.on_event(TimeNs(now), Input::message(&m.h), sink);
    drain();
  }
  void drain() {
    while (sut.more()) sut.on_event(TimeNs(now), Input::continued(), sink);
  }

  MarketEvent market(MsgType type, std::int64_t a, std::int64_t b, bool end,
                     std::uint16_t instrument = 0) const {
    MarketEvent e;
    e.h.type = type;
    e.h.instrument = instrument;
    e.h.event_ns = e.h.origin_ns = TimeNs(now);
    if (end) e.h.set(kFlagEndOfUpdate);
    e.a = a;
    e.b = b;
    return e;
  }
  void touch(std::int64_t bid, std::int64_t ask, std::uint16_t instrument = 0) {
    deliver(market(MsgType::kTouch, bid, 1000, false, instrument));
    MarketEvent e = market(MsgType::kTouch, ask, 1000, true, instrument);
    e.h.set_side(Side::kSell);
    deliver(e);
  }
  void book(BookState s, std::uint16_t instrument = 0) {
    deliver(market(MsgType::kBookState, static_cast<std::int64_t>(s), 0, true, instrument));
  }
  void mark(std::int64_t price_e8, std::uint16_t instrument = 0) {
    deliver(market(MsgType::kMark, price_e8, 0, true, instrument));
  }
  /// A valid book around `bid` x 0.1.
  void ready(std::int64_t bid = 500'000, std::uint16_t instrument = 0) {
    book(BookState::kValid, instrument);
    touch(bid, bid + 1, instrument);
  }

  /// A signal that passes every limit of the default config.
  Signal make_signal(double p, std::uint16_t instrument = 0) {
    Signal s;
    s.h.type = MsgType::kSignal;
    s.h.instrument = instrument;
    s.h.event_ns = s.h.origin_ns = TimeNs(now);
    s.probability = p;
    s.confidence = p > 0.5 ? 2 * p - 1 : 1 - 2 * p;
    s.direction = p > 0.5 ? 1 : p < 0.5 ? -1 : 0;
    s.edge_bps = (2 * p - 1) * 10;
    s.horizon_ns = 5 * kNsPerSecond;
    s.decision = next_decision++;
    s.flags = kSignalCalibrated;
    const InstrumentState& st = sut.core().state(instrument);
    s.context.bid_ticks = PriceTicks(st.bid_ticks);
    s.context.ask_ticks = PriceTicks(st.ask_ticks);
    s.context.bid_depth_lots = s.context.ask_depth_lots = QtyLots(100'000);
    s.context.minute_volume_lots = QtyLots(10'000'000);
    s.context.atr_bps = 0.3F;
    s.context.annual_vol = 0.4F;
    s.context.valid = kContextAtr | kContextVol | kContextMinuteVolume;
    s.context.bar_count = 100;
    s.context.state = st.book;
    return s;
  }
  void signal(double p, std::uint16_t instrument = 0) { deliver(make_signal(p, instrument)); }

  ExecReport answer(const OrderCommand& c, ExecKind kind, OrderState state) const {
    ExecReport r;
    r.h.type = MsgType::kExecReport;
    r.h.instrument = c.h.instrument;
    r.h.set_side(c.h.side());
    r.h.event_ns = r.h.origin_ns = TimeNs(now);
    r.id = c.id;
    r.venue_order_id = c.id.decision + 7'000'000;
    r.answers = c.number;
    r.kind = kind;
    r.state = state;
    return r;
  }
  ExecReport make_fill(const OrderCommand& c, std::int64_t lots, std::int64_t cumulative,
                       std::int64_t ticks = 0) {
    ExecReport r = answer(c, ExecKind::kFill, OrderState::kPartlyFilled);
    r.answers = 0;
    r.exec_id = next_exec_id++;
    r.last_ticks = ticks > 0 ? PriceTicks(ticks) : c.price_ticks;
    r.last_lots = QtyLots(lots);
    r.cumulative_lots = QtyLots(cumulative);
    r.leaves_lots = QtyLots(c.qty_lots.value - cumulative);
    if (r.leaves_lots.value == 0) r.state = OrderState::kFilled;
    r.fee_e8 = MoneyE8(lots * 1000);
    return r;
  }
  void accept(const OrderCommand& c) {
    deliver(answer(c, ExecKind::kAccepted, OrderState::kAccepted));
  }
  void fill_all(const OrderCommand& c, std::int64_t ticks = 0) {
    accept(c);
    deliver(make_fill(c, c.qty_lots.value, c.qty_lots.value, ticks));
  }
  void close_unfilled(const OrderCommand& c, ExecKind kind, std::uint64_t answers = 0) {
    ExecReport r = answer(c, kind, kind == ExecKind::kRejected ? OrderState::kRejected
                                   : kind == ExecKind::kExpired ? OrderState::kExpired
                                                                : OrderState::kCancelled);
    r.answers = answers;
    deliver(r);
  }
  /// Opens by a signal and fills it whole. `up`: long.
  void open(bool up = true, std::uint16_t instrument = 0) {
    signal(up ? 0.6 : 0.4, instrument);
    fill_all(OrderCommand(last()));
  }
};

}  // namespace pinstripe::testing
