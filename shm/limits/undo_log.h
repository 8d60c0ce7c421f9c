// A change of the shared state that kill -9 cannot leave half made.
//
// `edit` copies a record into the undo area and then lets it be changed; `commit` forgets the
// copies. Who takes the lock of a dead process finds copies that were never forgotten and puts them
// back, the newest first: the state is as before the change, whose caller never heard an answer and
// so never sent anything.
//
// Bad schedules. (1) The copy counts before it is whole, and a torn record comes back: the data is
// written first, `used` after it. (2) The record changes before its copy counts: `used` is written
// before `edit` returns. (3) A kill while copies are put back: they are put back again, to the same
// end. The stores of a dead process that the kernel has let go of are all visible to whoever gets
// its lock, in program order; so a compiler barrier (SYNC POINT undo) is all that each step needs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>

#include "shm/base/check.h"
#include "shm/limits/limit_state.h"

namespace pinstripe {

/// For tests: called between any two steps of a change, where a kill may strike.
struct UndoStep {
  void (*at)(void* context) = nullptr;
  void* context = nullptr;
};

class UndoLog {
 public:
  explicit UndoLog(LimitState& state, UndoStep step = {}) noexcept : state_(state), step_(step) {}

  /// The record, to be changed; it must lie in the state and outside the undo area.
  template <class T>
  T& edit(T& record) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    copy(reinterpret_cast<std::byte*>(&record), sizeof(T));
    return record;
  }
  /// The change is whole.
  void commit() noexcept {
    step();
    barrier();
    state_.undo.used = 0;
    barrier();
    step();
  }
  /// Puts back what a killed process had begun to change. True where there was something.
  bool recover() noexcept {
    UndoArea& undo = state_.undo;
    if (undo.used == 0) return false;
    PINSTRIPE_CHECK(undo.used <= UndoArea::kBytes, "undo area: more used than it holds");
    std::size_t end = undo.used;
    while (end > 0) {
      Entry entry;
      end -= sizeof(Entry);
      std::memcpy(&entry, undo.data + end, sizeof(entry));
      end -= entry.bytes;
      std::memcpy(reinterpret_cast<std::byte*>(&state_) + entry.offset, undo.data + end,
                  entry.bytes);
      step();
    }
    commit();
    return true;
  }

 private:
  struct Entry {  // stands behind its data, so that the newest is found first
    std::uint32_t offset, bytes;
  };

  static void barrier() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
  void step() noexcept {
    if (step_.at != nullptr) step_.at(step_.context);
  }

  void copy(const std::byte* record, std::size_t bytes) noexcept {
    UndoArea& undo = state_.undo;
    const Entry entry{
        static_cast<std::uint32_t>(record - reinterpret_cast<const std::byte*>(&state_)),
        static_cast<std::uint32_t>(bytes)};
    PINSTRIPE_CHECK(entry.offset + bytes <= offsetof(LimitState, undo), "edit outside the state");
    PINSTRIPE_CHECK(undo.used + bytes + sizeof(entry) <= UndoArea::kBytes, "undo area is full");
    step();
    std::memcpy(undo.data + undo.used, record, bytes);
    std::memcpy(undo.data + undo.used + bytes, &entry, sizeof(entry));
    barrier();  // SYNC POINT undo: the copy is whole before it counts
    step();
    undo.used += static_cast<std::uint32_t>(bytes + sizeof(entry));
    barrier();  // SYNC POINT undo: it counts before the record changes
    step();
  }

  LimitState& state_;
  UndoStep step_;
};

}  // namespace pinstripe
