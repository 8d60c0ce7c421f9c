// What risk remembers of one instrument beside its money: the touch, the working orders, the plan.
#pragma once

#include <cstdint>

#include "shm/base/state_io.h"
#include "shm/msg/market_event.h"
#include "shm/msg/order_command.h"

namespace pinstripe {

struct InstrumentState {
  // the market, from touch, mark and state events
  std::int64_t bid_ticks = 0;
  std::int64_t ask_ticks = 0;
  std::int64_t mark_e8 = 0;
  std::int64_t valid_bid_ticks = 0;     // last touch of a valid book
  std::int64_t valid_ask_ticks = 0;
  std::int64_t invalid_since_ns = 0;    // meaningful while the book is not valid
  BookState book = BookState::kEmpty;
  bool was_valid = false;               // after the last whole update
  // orders
  std::uint64_t entry = 0;              // decision of the working entry; 0: none
  std::uint64_t exit = 0;               // decision of the working exit; 0: none
  std::int64_t buy_leaves = 0;          // what all working orders may still fill, lots
  std::int64_t sell_leaves = 0;
  std::int64_t working = 0;             // unfinished orders
  std::int64_t unknown = 0;             // orders of unknown fate among them
  bool alarm = false;                   // liquidation, ADL or an external fill: no opens
  // the plan: fixed at the entry's signal
  std::int64_t entry_due_ns = 0;        // when the working entry is taken back
  std::int64_t horizon_ns = 0;
  double stop_bps = 0;
  double take_profit_bps = 0;
  // the plan: fixed by fills
  std::int64_t stop_ticks = 0;          // exit-side touch at or beyond: stop
  std::int64_t take_profit_ticks = 0;
  std::int64_t time_stop_ns = 0;
  // the exit under way
  Purpose closing{};                    // kNone (0): not closing
  std::int64_t exit_due_ns = 0;         // when a passive exit turns into an IOC
  std::int64_t retry_ns = 0;            // no exit order before this
  bool requote_next = false;            // the next entry follows the touch of a taken-back one
  std::int64_t due_ns = INT64_MAX;      // the next moment at which time alone makes it act

  bool two_sided() const noexcept { return bid_ticks > 0 && ask_ticks > bid_ticks; }
  bool valid() const noexcept { return book == BookState::kValid && two_sided(); }
  double mid_ticks() const noexcept {
    return 0.5 * (static_cast<double>(bid_ticks) + static_cast<double>(ask_ticks));
  }

  /// The one list of fields for save and load.
  template <class Self, class Visit>
  static void visit(Self& s, Visit&& v) noexcept {
    v(s.bid_ticks), v(s.ask_ticks), v(s.mark_e8), v(s.valid_bid_ticks), v(s.valid_ask_ticks);
    v(s.invalid_since_ns), v(s.book), v(s.was_valid), v(s.entry), v(s.exit), v(s.buy_leaves);
    v(s.sell_leaves), v(s.working), v(s.unknown), v(s.alarm), v(s.entry_due_ns), v(s.horizon_ns);
    v(s.stop_bps), v(s.take_profit_bps), v(s.stop_ticks), v(s.take_profit_ticks), v(s.time_stop_ns);
    v(s.closing), v(s.exit_due_ns), v(s.retry_ns), v(s.requote_next), v(s.due_ns);
  }
};

}  // namespace pinstripe
