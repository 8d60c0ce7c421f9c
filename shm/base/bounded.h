// Containers whose memory is taken once: a fixed-capacity vector, in place.
#pragma once

#include <array>
#include <cstddef>

#include "shm/base/check.h"

namespace pinstripe {

/// At most N elements, stored in the object. Pushing past N is a broken promise, not an event.
template <class T, std::size_t N>
class BoundedVector {
 public:
  void push_back(const T& v) noexcept {
    PINSTRIPE_CHECK(size_ < N, "bounded vector is full");
    items_[size_++] = v;
  }
  /// Removes the element at `i`, keeping the order of the others.
  void erase_at(std::size_t i) noexcept {
    PINSTRIPE_CHECK(i < size_, "erase past the end");
    for (std::size_t k = i + 1; k < size_; ++k) items_[k - 1] = items_[k];
    --size_;
  }
  void clear() noexcept { size_ = 0; }
  bool full() const noexcept { return size_ == N; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  static constexpr std::size_t capacity() noexcept { return N; }
  T& operator[](std::size_t i) noexcept { return items_[i]; }
  const T& operator[](std::size_t i) const noexcept { return items_[i]; }
  T* begin() noexcept { return items_.data(); }
  T* end() noexcept { return items_.data() + size_; }
  const T* begin() const noexcept { return items_.data(); }
  const T* end() const noexcept { return items_.data() + size_; }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

}  // namespace pinstripe
