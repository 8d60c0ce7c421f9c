// What makes the updates so far worth nothing to a book without the venue's sequence saying so: the
// instrument is halted or no longer what the session took it for.
#include "feed/book_keeper.h"

namespace pinstripe {

/// The next update and ticker are taken as the first.
void BookKeeper::forget_ids() noexcept {
  has_depth_ = false;
  depth_id_ = 0;
  ticker_ = {};
  ahead_.clear();
  ahead_head_ = 0;
}

void BookKeeper::on_halt(Halt why, OutQueue& out) noexcept {
  if (halt_ == Halt::kChanged || halt_ == why) return;
  const bool was_halted = is_halted();
  halt_ = why;
  if (was_halted && is_halted()) return;  // only the reason is another: no reader knows it
  if (is_halted()) {
    forget_ids();
    is_seen_ = {};  // who is halted is silent without being stale
    is_stale_ = {};
    start_over(BookState::kHalted, out);
  } else {
    ++counts_.gaps;
    start_over(BookState::kGap, out);
  }
  finish(out, 0);
}

}  // namespace pinstripe
