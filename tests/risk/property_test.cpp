// Random signals, markets, answers and faults against the promises that must always hold:
// conservation, limits never passed, no open on an invalid book, one entry at most, exits possible.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "tests/risk/harness.h"

namespace pinstripe {
namespace {

using testing::Harness;
using testing::kMs;

/// A careless venue: answers late, in any order, twice, partly; knows the truth about positions.
class RandomWorld {
 public:
  RandomWorld(std::uint64_t seed, const RiskConfig& config) : h(config), random_(seed) {
    for (std::uint16_t i = 0; i < config.instruments.size(); ++i) {
      bid_.push_back(500'000 + 1000 * i);
      valid_.push_back(false);
      held_.push_back(0);
    }
  }

  void step() {
    h.advance(static_cast<std::int64_t>(draw(300)) * kMs);
    take_commands();
    const auto i = static_cast<std::uint16_t>(draw(bid_.size()));
    switch (draw(10)) {
      case 0: toggle_book(i); break;
      case 1:
      case 2:
      case 3: move(i); break;
      case 4:
      case 5:
      case 6: h.signal(0.3 + 0.05 * static_cast<double>(draw(9)), i); break;
      default: report(); break;
    }
    take_commands();
    check();
  }

  /// Heals every book, fills everything, and time passes: nothing may stay open for ever.
  void settle() {
    for (std::uint16_t i = 0; i < bid_.size(); ++i) {
      if (!valid_[i]) toggle_book(i);
      h.touch(bid_[i], bid_[i] + 1, i);
    }
    for (int n = 0; n < 400; ++n) {
      h.advance(500 * kMs);
      take_commands();
      for (std::uint16_t i = 0; i < bid_.size(); ++i) h.touch(bid_[i], bid_[i] + 1, i);
      while (!pending_.empty()) {
        report();
        take_commands();
      }
    }
    take_commands();
    for (std::uint16_t i = 0; i < bid_.size(); ++i) {
      EXPECT_EQ(h.position(i), 0) << "instrument " << i << " could not be closed";
      EXPECT_EQ(h.state(i).working, 0);
    }
  }

  Harness h;

 private:
  struct Live {
    OrderCommand command;
    std::int64_t filled = 0;
    bool closed = false;
  };
  std::uint64_t draw(std::uint64_t n) { return random_() % n; }

  void toggle_book(std::uint16_t i) {
    valid_[i] = !valid_[i];
    h.book(valid_[i] ? BookState::kValid : BookState::kGap, i);
    if (valid_[i]) h.touch(bid_[i], bid_[i] + 1, i);
  }
  void move(std::uint16_t i) {
    bid_[i] += static_cast<std::int64_t>(draw(2001)) - 1000;
    h.touch(bid_[i], bid_[i] + 1, i);
  }
  void take_commands() {
    for (; seen_ < h.count(); ++seen_) {
      const OrderCommand c = h.sink.entries[seen_].message;
      EXPECT_EQ(c.number, seen_ + 1);
      if (c.kind == CommandKind::kNew) {
        const std::uint16_t i = c.h.instrument;
        EXPECT_GT(c.qty_lots.value, 0);
        if ((c.flags & kOrderOpens) != 0) {
          EXPECT_TRUE(valid_[i]) << "an open on an invalid book";
          EXPECT_GT(c.expires_ns, 0);
        } else {
          // a reduce never exceeds what risk holds
          EXPECT_LE(c.qty_lots.value, std::abs(h.position(i)));
        }
        orders_[c.id.decision] = Live{c};
      }
      pending_.push_back(c);
    }
  }
  /// Answers one command or invents a fill for a live order.
  void report() {
    if (!pending_.empty()) {
      const std::size_t at = draw(pending_.size());
      const OrderCommand c = pending_[at];
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(at));
      answer(c);
      return;
    }
    for (auto& [decision, live] : orders_) {
      if (!live.closed && draw(2) == 0) return fill(live);
    }
  }
  void answer(const OrderCommand& c) {
    Live& live = orders_.at(c.id.decision);
    if (c.kind == CommandKind::kCancel) {
      if (live.closed) {
        ExecReport r = h.answer(c, ExecKind::kCancelRejected, OrderState::kFilled);
        r.cumulative_lots = QtyLots(live.filled);
        return h.deliver(r);
      }
      return close(live, ExecKind::kCancelled, c.number);
    }
    if (live.closed) {  // cancelled before it was accepted
      return h.accept(c);
    }
    const std::uint64_t what = draw(10);
    if (what == 0) return close(live, ExecKind::kRejected, c.number);
    h.accept(c);
    if (what < 7) fill(live);
    if (c.tif == TimeInForce::kIoc && !live.closed) close(live, ExecKind::kExpired, 0);
  }
  void fill(Live& live) {
    const std::int64_t left = live.command.qty_lots.value - live.filled;
    const auto n = static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(left))) + 1;
    live.filled += n;
    const ExecReport r = h.make_fill(live.command, n, live.filled);
    live.closed = live.filled == live.command.qty_lots.value;
    held_[live.command.h.instrument] += sign_of(live.command.h.side()) * n;
    cash_fees_ += r.fee_e8.value;
    h.deliver(r);
    if (draw(4) == 0) h.deliver(r);  // reported twice
  }
  void close(Live& live, ExecKind kind, std::uint64_t answers) {
    live.closed = true;
    ExecReport r = h.answer(live.command, kind, OrderState::kCancelled);
    r.answers = answers;
    r.cumulative_lots = QtyLots(live.filled);
    h.deliver(r);
  }

  void check() {
    const Ledger& ledger = h.sut.core().ledger();
    std::int64_t net = 0;
    std::int64_t fees = 0;
    for (std::uint16_t i = 0; i < bid_.size(); ++i) {
      ASSERT_EQ(h.position(i), held_[i]) << "position is the sum of the fills";
      const InstrumentMoney& m = ledger.money(i);
      net += m.net_e8();
      fees += m.fees_e8;
      const InstrumentState& st = h.state(i);
      ASSERT_GE(st.buy_leaves, 0);
      ASSERT_GE(st.sell_leaves, 0);
      if (held_[i] != 0) {
        ASSERT_GT(st.stop_ticks, 0) << "a position without a stop";
      }
      // worst case of position and working orders, at the price it was opened, within the limit
      const double notional = static_cast<double>(std::abs(held_[i])) * 0.001 *
                              static_cast<double>(bid_[i]) * 0.1;
      ASSERT_LE(notional, 1'000 * 1.25) << "the position limit was passed";
    }
    ASSERT_EQ(fees, cash_fees_);
    ASSERT_EQ(ledger.accounts()[0].equity_e8(), 1'000'000'000'000 + net) << "money is conserved";
  }

  std::mt19937_64 random_;
  std::vector<std::int64_t> bid_;
  std::vector<bool> valid_;
  std::vector<std::int64_t> held_;
  std::map<std::uint64_t, Live> orders_;
  std::deque<OrderCommand> pending_;
  std::size_t seen_ = 0;
  std::int64_t cash_fees_ = 0;
};

TEST(RiskProperties, HoldOverRandomMarketsSignalsAndAnswers) {
  RiskConfig config = Harness::base_config();
  config.instruments.push_back(testing::linear_instrument("TEST:BTCUSDC", "BTC"));
  config.instruments.push_back(testing::linear_instrument("TEST:ETHUSDT", "ETH"));
  config.limits.breaker_losses = 0;
  config.limits.breaker_rejects = 0;
  std::int64_t opens = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomWorld world(seed, config);
    for (int n = 0; n < 400 && !::testing::Test::HasFailure(); ++n) world.step();
    if (::testing::Test::HasFailure()) break;
    opens += world.h.sut.counters()[kRcOpens];
    world.settle();
  }
  EXPECT_GT(opens, 1'000);  // the worlds do trade
}

TEST(RiskProperties, TheSameInputsGiveTheSameState) {
  std::uint64_t first = 0;
  for (int n = 0; n < 2; ++n) {
    RandomWorld world(99, Harness::base_config());
    for (int k = 0; k < 500; ++k) world.step();
    if (n == 0) first = world.h.sut.state_hash();
    EXPECT_EQ(world.h.sut.state_hash(), first);
  }
}

}  // namespace
}  // namespace pinstripe
