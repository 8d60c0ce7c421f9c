// The life of one order, from the set of its reports (trading.md 6).
//
// Reports of a venue come in any order and sometimes twice: a fill before the acceptance, a
// cancellation before the last fill. So nothing here depends on the order of arrival:
//   - the life state moves by a transition table that is commutative, associative and idempotent
//     (a join; the test checks every pair and triple), so any permutation ends in the same state;
//   - a fill is the stretch [cumulative - last, cumulative) of the order's quantity; stretches join
//     into a set, so a fill that comes twice or late counts once;
//   - requests of ours (cancel, amend) stay outstanding until the report that `answers` them.
// Filled is not an event: the order is filled when the stretches cover its quantity.
#pragma once

#include <array>
#include <cstdint>

#include "shm/base/bounded.h"
#include "shm/base/state_io.h"
#include "shm/market/money.h"
#include "shm/msg/exec_report.h"

namespace pinstripe {

/// What can happen in the life of an order, filling up and pending requests apart.
enum class LifeEvent : std::uint8_t {
  kSent = 0, kAccepted = 1, kFill = 2, kCancelled = 3, kExpired = 4, kRejected = 5, kUnknown = 6,
  kNotSent = 7,
};
inline constexpr std::size_t kLifeEventCount = 8;

/// The transition table: `life`, then `event`, gives the next life. Lives are the OrderStates
/// without filled and the two pending ones.
OrderState next_life(OrderState life, LifeEvent event) noexcept;

/// What a report told us.
enum class Applied : std::uint8_t {
  kNews = 0,
  kRepeated = 1,       // everything in it was known
  kContradiction = 2,  // cannot be true together with an earlier report; the state stays defined
};

class OrderMachine {
 public:
  OrderMachine() = default;
  explicit OrderMachine(QtyLots qty) noexcept : qty_(qty) {}

  void sent() noexcept { move(LifeEvent::kSent); }
  /// Our own requests, by command number. At most kRequestsMax are outstanding; more are refused.
  bool request_cancel(std::uint64_t number) noexcept { return request(cancels_, number); }
  bool request_amend(std::uint64_t number) noexcept { return request(amends_, number); }
  Applied apply(const ExecReport& report) noexcept;

  OrderState state() const noexcept;
  /// Why it closed; kNone while it lives or when it was filled.
  ExecReason reason() const noexcept;
  bool closed() const noexcept;
  /// Closed, and every fill that the closing report counted is here.
  bool settled() const noexcept { return closed() && filled_.value >= stated_.value; }
  QtyLots qty() const noexcept { return qty_; }
  QtyLots filled() const noexcept { return filled_; }
  QtyLots leaves() const noexcept { return closed() ? QtyLots(0) : qty_ - filled_; }
  MoneyE8 fees_settle() const noexcept { return fees_settle_; }
  MoneyE8 fees_base() const noexcept { return fees_base_; }
  /// Sum of price x quantity over the fills, ticks x lots.
  Int128 turnover_ticks_lots() const noexcept { return turnover_; }
  bool contradicted() const noexcept { return contradicted_; }

  void save(StateWriter& w) const noexcept;
  /// False where the saved state is not one that `save` wrote.
  bool load(StateReader& r);

  static constexpr std::size_t kRequestsMax = 8;
  static constexpr std::size_t kStretchesMax = 32;

 private:
  struct Stretch {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  /// Command numbers asked for and not answered yet.
  struct Requests {
    BoundedVector<std::uint64_t, kRequestsMax> open;
  };

  bool request(Requests& requests, std::uint64_t number) noexcept;
  void answer(std::uint64_t number) noexcept;
  void move(LifeEvent event) noexcept;
  Applied add_fill(const ExecReport& report) noexcept;
  bool join_stretch(Stretch s) noexcept;

  QtyLots qty_;
  QtyLots filled_;
  QtyLots stated_;  // largest cumulative quantity that any report named
  MoneyE8 fees_settle_;
  MoneyE8 fees_base_;
  Int128 turnover_ = 0;
  std::uint64_t amended_by_ = 0;  // highest amend command whose quantity is in force
  BoundedVector<Stretch, kStretchesMax> stretches_;
  Requests cancels_;
  Requests amends_;
  std::uint32_t seen_ = 0;  // bit per LifeEvent
  OrderState life_ = OrderState::kNew;
  ExecReason reason_ = ExecReason::kNone;
  bool contradicted_ = false;
};

}  // namespace pinstripe
