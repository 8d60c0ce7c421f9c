// Checkpoint writing and reading. A stage writes its state once, in a canonical order (values only:
// no addresses, capacities or free lists); the same function feeds the checkpoint and the state
// hash.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "shm/base/hash.h"
#include "shm/base/result.h"
#include "shm/base/units.h"

namespace pinstripe {

/// Takes values in order; hashes them (`aside` apart) and copies them to `target` while there is
/// room. `overflowed()` tells that the target was too small; the hash is right even then.
class StateWriter {
 public:
  /// Hash only.
  StateWriter() noexcept = default;
  explicit StateWriter(std::span<std::byte> target) noexcept : target_(target), copy_(true) {}

  void u64(std::uint64_t v) noexcept { put(v); }
  void i64(std::int64_t v) noexcept { put(static_cast<std::uint64_t>(v)); }
  void boolean(bool v) noexcept { put(v ? 1 : 0); }
  void f64(double v) noexcept { put(std::bit_cast<std::uint64_t>(v)); }
  void f32(float v) noexcept { put(std::bit_cast<std::uint32_t>(v)); }
  template <class Tag>
  void unit(Unit<Tag> v) noexcept { i64(v.value); }
  /// A raw block; its type must have no padding.
  void bytes(const void* data, std::size_t size) noexcept {
    hash_.bytes(data, size);
    copy_out(data, size);
  }

  /// A word that a checkpoint needs and the hash must not see: what is kept for people alone and
  /// names where the data came from.
  void aside(std::uint64_t v) noexcept { copy_out(&v, sizeof(v)); }

  std::uint64_t hash() const noexcept { return hash_.value(); }
  std::size_t size() const noexcept { return size_; }
  bool overflowed() const noexcept { return copy_ && size_ > target_.size(); }

 private:
  void put(std::uint64_t word) noexcept {
    hash_.add(word);
    copy_out(&word, sizeof(word));
  }
  void copy_out(const void* data, std::size_t size) noexcept {
    if (copy_ && size_ + size <= target_.size()) std::memcpy(target_.data() + size_, data, size);
    size_ += size;
  }

  std::span<std::byte> target_{};
  std::size_t size_ = 0;
  Hasher hash_;
  bool copy_ = false;
};

/// Reads what StateWriter wrote, in the same order. Reading past the end yields zeros and sets
/// `failed()`, which `load` must turn into an error.
class StateReader {
 public:
  explicit StateReader(std::span<const std::byte> source) noexcept : source_(source) {}

  std::uint64_t u64() noexcept { return take(); }
  std::int64_t i64() noexcept { return static_cast<std::int64_t>(take()); }
  bool boolean() noexcept { return take() != 0; }
  double f64() noexcept { return std::bit_cast<double>(take()); }
  float f32() noexcept { return std::bit_cast<float>(static_cast<std::uint32_t>(take())); }
  template <class U>
  U unit() noexcept { return U(i64()); }
  void bytes(void* target, std::size_t size) noexcept {
    if (failed_ || at_ + size > source_.size()) {
      std::memset(target, 0, size);
      failed_ = true;
      return;
    }
    std::memcpy(target, source_.data() + at_, size);
    at_ += size;
  }
  bool failed() const noexcept { return failed_; }
  bool exhausted() const noexcept { return at_ == source_.size(); }

 private:
  std::uint64_t take() noexcept {
    std::uint64_t word = 0;
    bytes(&word, sizeof(word));
    return word;
  }
  std::span<const std::byte> source_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace pinstripe
