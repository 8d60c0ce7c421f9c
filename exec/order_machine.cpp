#include "exec/order_machine.h"

#include <algorithm>

namespace pinstripe {
namespace {

using S = OrderState;
using Row = std::array<OrderState, kLifeEventCount>;

// Rows: life now. Columns: sent, accepted, fill, cancelled, expired, rejected, unknown, not_sent.
// Each entry is the later of the two in the order new < sent < unknown < accepted < partly filled <
// rejected < expired < cancelled; that is what makes the table a join. kFilled and the pending
// states are no lives: they follow from the fills and the open requests.
constexpr OrderState kSent = S::kSent, kUnkn = S::kUnknown, kAccd = S::kAccepted,
                     kPart = S::kPartlyFilled, kFull = S::kFilled, kRejd = S::kRejected,
                     kExpd = S::kExpired, kCand = S::kCancelled, kPenC = S::kPendingCancel,
                     kPenA = S::kPendingAmend;

constexpr std::array<Row, 11> kNextLife{{
    /* new            */ {kSent, kAccd, kPart, kCand, kExpd, kRejd, kUnkn, kRejd},
    /* sent           */ {kSent, kAccd, kPart, kCand, kExpd, kRejd, kUnkn, kRejd},
    /* accepted       */ {kAccd, kAccd, kPart, kCand, kExpd, kRejd, kAccd, kRejd},
    /* partly         */ {kPart, kPart, kPart, kCand, kExpd, kRejd, kPart, kRejd},
    /* filled         */ {kFull, kFull, kFull, kFull, kFull, kFull, kFull, kFull},
    /* pending_cancel */ {kPenC, kPenC, kPenC, kPenC, kPenC, kPenC, kPenC, kPenC},
    /* pending_amend  */ {kPenA, kPenA, kPenA, kPenA, kPenA, kPenA, kPenA, kPenA},
    /* cancelled      */ {kCand, kCand, kCand, kCand, kCand, kCand, kCand, kCand},
    /* expired        */ {kExpd, kExpd, kExpd, kCand, kExpd, kExpd, kExpd, kExpd},
    /* rejected       */ {kRejd, kRejd, kRejd, kCand, kExpd, kRejd, kRejd, kRejd},
    /* unknown        */ {kUnkn, kAccd, kPart, kCand, kExpd, kRejd, kUnkn, kRejd},
}};

constexpr std::uint32_t bit(LifeEvent e) noexcept {
  return 1U << static_cast<unsigned>(e);
}

/// Events that cannot all be true of one order, whatever came first.
bool impossible(std::uint32_t seen) noexcept {
  const std::uint32_t refused = seen & (bit(LifeEvent::kRejected) | bit(LifeEvent::kNotSent));
  const std::uint32_t alive = seen & (bit(LifeEvent::kAccepted) | bit(LifeEvent::kFill));
  const std::uint32_t closings = seen & (bit(LifeEvent::kCancelled) | bit(LifeEvent::kExpired));
  const bool closed_twice = (closings & (closings - 1)) != 0;
  return closed_twice || (refused != 0 && (alive != 0 || closings != 0));
}

}  // namespace

OrderState next_life(OrderState life, LifeEvent event) noexcept {
  return kNextLife[static_cast<std::size_t>(life)][static_cast<std::size_t>(event)];
}

void OrderMachine::move(LifeEvent event) noexcept {
  life_ = next_life(life_, event);
  seen_ |= bit(event);
  contradicted_ = contradicted_ || impossible(seen_);
}

bool OrderMachine::request(Requests& requests, std::uint64_t number) noexcept {
  if (requests.open.full()) return false;
  requests.open.push_back(number);
  return true;
}

void OrderMachine::answer(std::uint64_t number) noexcept {
  if (number == 0) return;
  for (Requests* r : {&cancels_, &amends_}) {
    for (std::size_t i = 0; i < r->open.size(); ++i) {
      if (r->open[i] == number) return r->open.erase_at(i);
    }
  }
}

/// Adds a stretch to the set; false where any of it is there already or there is no room.
bool OrderMachine::join_stretch(Stretch s) noexcept {
  std::size_t at = 0;
  while (at < stretches_.size() && stretches_[at].end <= s.begin) ++at;
  const bool touches_left = at > 0 && stretches_[at - 1].end == s.begin;
  if (at < stretches_.size() && stretches_[at].begin < s.end) return false;
  const bool touches_right = at < stretches_.size() && stretches_[at].begin == s.end;
  if (touches_left && touches_right) {
    stretches_[at - 1].end = stretches_[at].end;
    stretches_.erase_at(at);
  } else if (touches_left) {
    stretches_[at - 1].end = s.end;
  } else if (touches_right) {
    stretches_[at].begin = s.begin;
  } else {
    if (stretches_.full()) return false;
    stretches_.push_back(s);
    std::rotate(stretches_.begin() + at, stretches_.end() - 1, stretches_.end());
  }
  return true;
}

Applied OrderMachine::add_fill(const ExecReport& r) noexcept {
  const Stretch s{(r.cumulative_lots - r.last_lots).value, r.cumulative_lots.value};
  if (s.begin < 0 || s.end <= s.begin) {
    contradicted_ = true;
    return Applied::kContradiction;
  }
  if (!join_stretch(s)) return Applied::kRepeated;
  filled_ += r.last_lots;
  (r.fee_in_base != 0 ? fees_base_ : fees_settle_) += r.fee_e8;
  turnover_ += static_cast<Int128>(r.last_ticks.value) * r.last_lots.value;
  return Applied::kNews;
}

Applied OrderMachine::apply(const ExecReport& r) noexcept {
  const std::uint32_t seen_before = seen_;
  const bool contradicted_before = contradicted_;
  bool news = r.cumulative_lots > stated_;
  stated_ = std::max(stated_, r.cumulative_lots);
  switch (r.kind) {
    case ExecKind::kAccepted: move(LifeEvent::kAccepted); break;
    case ExecKind::kFill: {
      const Applied added = add_fill(r);
      if (added == Applied::kContradiction) return added;
      news = added == Applied::kNews;
      move(LifeEvent::kFill);
      break;
    }
    case ExecKind::kCancelled: move(LifeEvent::kCancelled); break;
    case ExecKind::kExpired: move(LifeEvent::kExpired); break;
    case ExecKind::kRejected: move(LifeEvent::kRejected); break;
    case ExecKind::kUnknown: move(LifeEvent::kUnknown); break;
    case ExecKind::kNotSent: move(LifeEvent::kNotSent); break;
    case ExecKind::kAmended:
      move(LifeEvent::kAccepted);
      if (r.answers > amended_by_) {
        amended_by_ = r.answers;
        qty_ = r.cumulative_lots + r.leaves_lots;
        news = true;
      }
      break;
    case ExecKind::kCancelRejected:
    case ExecKind::kAmendRejected:
      break;  // says only that the request failed; the order is what other reports say
    default: break;
  }
  const bool closing = r.kind == ExecKind::kCancelled || r.kind == ExecKind::kExpired ||
                       r.kind == ExecKind::kRejected || r.kind == ExecKind::kNotSent;
  if (closing && r.reason > reason_) reason_ = r.reason;  // the largest, so that order is no matter
  answer(r.answers);
  if (contradicted_ && !contradicted_before) return Applied::kContradiction;
  return news || seen_ != seen_before ? Applied::kNews : Applied::kRepeated;
}

bool OrderMachine::closed() const noexcept {
  return (qty_.value > 0 && filled_ >= qty_) || life_ == OrderState::kCancelled ||
         life_ == OrderState::kExpired || life_ == OrderState::kRejected;
}

OrderState OrderMachine::state() const noexcept {
  if (qty_.value > 0 && filled_ >= qty_) return OrderState::kFilled;
  if (closed() || life_ == OrderState::kUnknown) return life_;
  if (!cancels_.open.empty()) return OrderState::kPendingCancel;
  if (!amends_.open.empty()) return OrderState::kPendingAmend;
  return life_;
}

ExecReason OrderMachine::reason() const noexcept {
  return closed() && state() != OrderState::kFilled ? reason_ : ExecReason::kNone;
}

void OrderMachine::save(StateWriter& w) const noexcept {
  w.unit(qty_);
  w.unit(filled_);
  w.unit(stated_);
  w.unit(fees_settle_);
  w.unit(fees_base_);
  w.u64(static_cast<std::uint64_t>(turnover_));
  w.u64(static_cast<std::uint64_t>(turnover_ >> 64));
  w.u64(amended_by_);
  w.u64(stretches_.size());
  for (const Stretch& s : stretches_) {
    w.i64(s.begin);
    w.i64(s.end);
  }
  for (const Requests* q : {&cancels_, &amends_}) {
    w.u64(q->open.size());
    for (const std::uint64_t n : q->open) w.u64(n);
  }
  w.u64(seen_);
  w.u64(static_cast<std::uint64_t>(life_));
  w.u64(static_cast<std::uint64_t>(reason_));
  w.boolean(contradicted_);
}

bool OrderMachine::load(StateReader& r) {
  qty_ = r.unit<QtyLots>();
  filled_ = r.unit<QtyLots>();
  stated_ = r.unit<QtyLots>();
  fees_settle_ = r.unit<MoneyE8>();
  fees_base_ = r.unit<MoneyE8>();
  const std::uint64_t low = r.u64();
  const std::uint64_t high = r.u64();
  turnover_ = static_cast<Int128>((static_cast<unsigned __int128>(high) << 64) | low);
  amended_by_ = r.u64();
  stretches_.clear();
  const std::uint64_t stretches = r.u64();
  if (stretches > kStretchesMax) return false;
  for (std::uint64_t i = 0; i < stretches; ++i) {
    const std::int64_t begin = r.i64();
    stretches_.push_back({begin, r.i64()});
  }
  for (Requests* q : {&cancels_, &amends_}) {
    q->open.clear();
    const std::uint64_t open = r.u64();
    if (open > kRequestsMax) return false;
    for (std::uint64_t i = 0; i < open; ++i) q->open.push_back(r.u64());
  }
  seen_ = static_cast<std::uint32_t>(r.u64());
  life_ = static_cast<OrderState>(r.u64());
  reason_ = static_cast<ExecReason>(r.u64());
  contradicted_ = r.boolean();
  return !r.failed();
}

}  // namespace pinstripe
