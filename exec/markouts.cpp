#include "exec/markouts.h"

namespace pinstripe {

void MarkoutQueue::save(StateWriter& w) const noexcept {
  w.u64(size());
  for (std::size_t i = head_; i != tail_; ++i) {
    const PendingMarkout& m = entries_[i % entries_.size()];
    w.unit(m.due);
    w.i64(m.mid_twice_ticks);
    w.u64(m.instrument);
    w.u64(static_cast<std::uint64_t>(m.side));
    w.boolean(m.maker);
  }
}

bool MarkoutQueue::load(StateReader& r) {
  const std::uint64_t n = r.u64();
  if (n > entries_.size()) return false;
  head_ = 0;
  tail_ = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    PendingMarkout& m = entries_[tail_++];
    m.due = r.unit<TimeNs>();
    m.mid_twice_ticks = r.i64();
    m.instrument = static_cast<std::uint32_t>(r.u64());
    m.side = static_cast<Side>(r.u64());
    m.maker = r.boolean();
  }
  return !r.failed();
}

}  // namespace pinstripe
