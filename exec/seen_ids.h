// Which order ids have been used: a duplicate must never reach a venue twice.
//
// Exact over the last kGeneration to 2 x kGeneration orders, in memory taken once (two generations,
// the older is forgotten as a whole). Ids older than that count as used: refusing is the safe
// mistake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "shm/base/hash.h"
#include "shm/base/state_io.h"
#include "shm/msg/order_command.h"

namespace pinstripe {

class SeenIds {
 public:
  static constexpr std::size_t kGeneration = 16'384;

  SeenIds() { newer_.prepare(), older_.prepare(); }

  bool contains(const OrderId& id) const noexcept {
    const bool forgotten = id.epoch == forgotten_.epoch && id.decision <= forgotten_.decision &&
                           forgotten_.decision > 0;
    return newer_.contains(id) || older_.contains(id) || forgotten;
  }
  /// The caller has looked at `contains`.
  void insert(const OrderId& id) noexcept {
    if (newer_.ids.size() == kGeneration) [[unlikely]] turn_over();
    newer_.insert(id);
  }

  void save(StateWriter& w) const noexcept {
    write_id(w, forgotten_);
    for (const Generation* g : {&older_, &newer_}) {
      w.u64(g->ids.size());
      for (const OrderId& id : g->ids) write_id(w, id);
    }
  }
  bool load(StateReader& r) {
    forgotten_ = read_id(r);
    for (Generation* g : {&older_, &newer_}) {
      g->clear();
      const std::uint64_t n = r.u64();
      if (n > kGeneration) return false;
      for (std::uint64_t i = 0; i < n; ++i) g->insert(read_id(r));
    }
    return !r.failed();
  }

 private:
  static constexpr std::size_t kSlots = 2 * kGeneration;

  struct Generation {
    std::vector<OrderId> ids;          // in order of insertion
    std::vector<std::uint16_t> slots;  // index + 1 into ids, 0: free; linear probing
    void prepare() {
      ids.reserve(kGeneration);
      slots.assign(kSlots, 0);
    }
    static std::size_t home(const OrderId& id) noexcept {
      return random_draw(id.epoch, id.leg, id.decision, 0) % kSlots;
    }
    bool contains(const OrderId& id) const noexcept {
      for (std::size_t at = home(id); slots[at] != 0; at = (at + 1) % kSlots) {
        if (ids[slots[at] - 1U] == id) return true;
      }
      return false;
    }
    void insert(const OrderId& id) noexcept {
      ids.push_back(id);
      std::size_t at = home(id);
      while (slots[at] != 0) at = (at + 1) % kSlots;
      slots[at] = static_cast<std::uint16_t>(ids.size());
    }
    void clear() noexcept {
      ids.clear();
      slots.assign(kSlots, 0);
    }
  };

  void turn_over() noexcept {
    for (const OrderId& id : older_.ids) {
      if (id.epoch > forgotten_.epoch) forgotten_ = OrderId{id.decision, id.epoch, 0};
      if (id.epoch == forgotten_.epoch && id.decision > forgotten_.decision) {
        forgotten_.decision = id.decision;
      }
    }
    std::swap(older_, newer_);
    newer_.clear();
  }
  static void write_id(StateWriter& w, const OrderId& id) noexcept {
    w.u64(id.decision);
    w.u64(id.epoch);
    w.u64(id.leg);
  }
  static OrderId read_id(StateReader& r) noexcept {
    OrderId id;
    id.decision = r.u64();
    id.epoch = static_cast<std::uint32_t>(r.u64());
    id.leg = static_cast<std::uint32_t>(r.u64());
    return id;
  }

  Generation newer_;
  Generation older_;
  OrderId forgotten_;  // every decision up to this one, in this epoch, counts as used
};

}  // namespace pinstripe
