// The last entries of a stream, numbered from 0, in a power-of-two ring whose memory is taken once.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/market/money.h"

namespace pinstripe {

/// T consists of 64-bit words only, so that its bytes are canonical.
template <class T>
class EventRing {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>);

  explicit EventRing(std::uint32_t capacity) : items_(capacity), mask_(capacity - 1) {
    PINSTRIPE_CHECK(std::has_single_bit(capacity), "a ring's capacity is a power of two");
  }
  std::uint64_t begin() const noexcept { return begin_; }
  std::uint64_t end() const noexcept { return end_; }
  bool full() const noexcept { return end_ - begin_ == items_.size(); }
  const T& at(std::uint64_t n) const noexcept { return items_[n & mask_]; }
  /// The caller has made room (`drop_before`).
  void push(const T& v) noexcept { items_[end_++ & mask_] = v; }
  void drop_before(std::uint64_t n) noexcept { begin_ = n; }
  void clear() noexcept { begin_ = end_; }

  void save(StateWriter& w) const noexcept {
    w.u64(begin_);
    w.u64(end_);
    for (std::uint64_t n = begin_; n != end_; ++n) w.bytes(&at(n), sizeof(T));
  }
  bool load(StateReader& r) noexcept {
    const std::uint64_t begin = r.u64();
    const std::uint64_t end = r.u64();
    if (r.failed() || end < begin || end - begin > items_.size()) return false;
    begin_ = begin;
    end_ = end;
    for (std::uint64_t n = begin; n != end; ++n) r.bytes(&items_[n & mask_], sizeof(T));
    return !r.failed();
  }

 private:
  std::vector<T> items_;
  std::uint64_t mask_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

/// The nearest double. Sums of lots are 128 bits wide so that no stream of legal quantities can
/// wrap them; nearly all fit 64 bits, whose conversion is one instruction.
inline double to_double(Int128 v) noexcept {
  const auto narrow = static_cast<std::int64_t>(v);
  return narrow == v ? static_cast<double>(narrow) : static_cast<double>(v);
}
inline void save_wide(StateWriter& w, Int128 v) noexcept {
  w.u64(static_cast<std::uint64_t>(v));
  w.u64(static_cast<std::uint64_t>(static_cast<unsigned __int128>(v) >> 64));
}
inline Int128 load_wide(StateReader& r) noexcept {
  const std::uint64_t low = r.u64();
  const std::uint64_t high = r.u64();
  return static_cast<Int128>(static_cast<unsigned __int128>(high) << 64 | low);
}

}  // namespace pinstripe
