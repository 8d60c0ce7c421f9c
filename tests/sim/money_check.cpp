#include "tests/sim/money_check.h"

#include <cmath>

namespace pinstripe::sim {
namespace {

std::string text(std::int64_t v) { return std::to_string(v); }

}  // namespace

/// Linear contracts: lots x price in 1e-8 of the quote.
__int128 MoneyCheck::value_e8(std::int64_t lots, std::int64_t price_e8) const {
  const Instrument& i = terms_.risk.instruments.front();
  const __int128 base_e8 = static_cast<__int128>(lots) * i.lot_e8 * i.multiplier_e8 / 100'000'000;
  return base_e8 * price_e8 / 100'000'000;
}
__int128 MoneyCheck::value_at_ticks(std::int64_t lots, std::int64_t ticks) const {
  return value_e8(lots, ticks * terms_.risk.instruments.front().tick_e8);
}

void MoneyCheck::market(const MarketEvent& e) {
  if (e.h.type == MsgType::kBookState) books_.push_back({e.h.event_ns, e.book_state()});
  if (e.h.type != MsgType::kTouch || e.a <= 0) return;
  (e.h.side() == Side::kSell ? last_ask_ : last_bid_) = e.a;
}

/// Of what risk had seen by `now`; at the very instant of a change both sides of it count.
bool MoneyCheck::book_may_be_valid(TimeNs now) const {
  bool valid = false;
  for (const BookAt& b : books_) {
    if (b.at > now) break;
    if (b.at < now) valid = false;
    valid = valid || b.state == BookState::kValid;
  }
  return valid;
}

void MoneyCheck::command(std::uint64_t number, const OrderCommand& c) {
  ++commands_;
  if (c.number != number + 1) {
    tell("command " + text(c.number) + " has the place " + text(number + 1));
  }
  const TimeNs now = c.h.event_ns - TimeNs(terms_.risk_delay_ns);
  if (c.kind == CommandKind::kNew && !orders_.insert(c.id.decision * 16 + c.id.leg).second) {
    tell("command " + text(c.number) + " uses an order's id again");
  }
  if (c.kind == CommandKind::kNew && (c.flags & kOrderOpens) != 0) {
    opening(now, c);
  } else if (!book_may_be_valid(now)) {
    ++exits_on_invalid_book_;
  }
}

void MoneyCheck::opening(TimeNs now, const OrderCommand& c) {
  ++opens_;
  const std::string which = "opening command " + text(c.number);
  if (!book_may_be_valid(now)) tell(which + " on a book that is not valid");
  last_open_ = now;
  const std::int64_t age = (now - c.h.origin_ns).value;
  if (age > terms_.risk.budget_ns) {
    tell(which + " is " + text(age) + " ns old, budget " + text(terms_.risk.budget_ns));
  }
  const std::int64_t side = c.h.side() == Side::kBuy ? 1 : -1;
  const std::int64_t after = position_ + side * c.qty_lots.value;
  const std::int64_t price = c.price_ticks.value > 0 ? c.price_ticks.value : last_ask_;
  const auto notional = static_cast<double>(value_at_ticks(std::abs(after), price));
  // Equity moves between the onlooker's look and risk's: two per cent are left for that.
  const double equity = terms_.risk.opening_cash * 1e8 +
                        static_cast<double>(traded_e8_ - fees_e8_ + funding_e8_) +
                        static_cast<double>(value_at_ticks(position_, last_bid_));
  if (notional > 1.02 * terms_.risk.limits.position_max * equity) {
    tell(which + " would take the position past its limit");
  }
}

void MoneyCheck::report(const ExecReport& r) {
  if (r.answers != 0) {
    if (r.answers > commands_) tell("an answer to command " + text(r.answers) + ", never sent");
    if (!answered_.insert(r.answers).second) {
      tell("command " + text(r.answers) + " is answered twice");
    }
  }
  if (r.kind == ExecKind::kFunding) funding_e8_ += r.cash_e8.value;
  if (r.kind != ExecKind::kFill || !fill_ids_.insert(r.exec_id).second) return;
  ++fills_;
  const std::int64_t side = r.h.side() == Side::kBuy ? 1 : -1;
  position_ += side * r.last_lots.value;
  traded_e8_ -= side * value_at_ticks(r.last_lots.value, r.last_ticks.value);
  fees_e8_ += r.fee_e8.value;
}

std::string MoneyCheck::at_end(const RiskCore& risk, const PaperVenue& venue,
                               const Halt& halt) const {
  if (!wrong_.empty()) return wrong_;
  if (last_open_ > halt.at) return "an opening command after the halt";
  if (answered_.size() != commands_) {
    return text(commands_) + " commands, " + text(answered_.size()) + " answers";
  }
  const InstrumentMoney& money = risk.ledger().money(0);
  if (money.lots() != position_ || venue.position(0).value != position_) {
    return "position: " + text(position_) + " lots by the fills, " + text(money.lots()) +
           " in risk, " + text(venue.position(0).value) + " at the venue";
  }
  const SettleAccount& account = risk.ledger().account_of(0);
  const auto opening = static_cast<__int128>(std::llround(terms_.risk.opening_cash * 1e8));
  // Valued where risk valued it last; a fill's rounding is less than one unit each.
  const __int128 held = value_e8(position_, money.valued_at_e8);
  const __int128 equity = opening + traded_e8_ - fees_e8_ + funding_e8_ + held;
  const auto gap = static_cast<std::int64_t>(equity - account.equity_e8());
  if (std::abs(gap) > static_cast<std::int64_t>(fills_) + 1) {
    return "money: risk's equity is off by " + text(gap) + "e-8 from what the fills say";
  }
  if (halt.must_be_flat && position_ != 0) {
    return "position " + text(position_) + " is left after the halt";
  }
  return {};
}

}  // namespace pinstripe::sim
