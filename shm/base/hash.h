// One 64-bit hash for digests, state hashes, layout hashes and counter-based random draws.
//
// Not cryptographic. Word-at-a-time multiply-fold (the 128-bit product's halves xored, as in
// wyhash by Wang Yi); the same on every machine because it only uses integer arithmetic.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pinstripe {

static_assert(std::endian::native == std::endian::little, "the byte layout is little-endian");

constexpr std::uint64_t hash_fold(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Running hash. Order matters; `add` takes whole 64-bit words, `bytes` any length.
class Hasher {
 public:
  constexpr explicit Hasher(std::uint64_t seed = 0) noexcept : state_(seed ^ kStart) {}

  constexpr void add(std::uint64_t word) noexcept {
    state_ = hash_fold(state_ ^ word ^ kMultiplier1, kMultiplier2) + word;
  }
  constexpr void text(std::string_view s) noexcept {
    add(s.size());
    for (const char c : s) add(static_cast<unsigned char>(c));
  }
  void bytes(const void* data, std::size_t size) noexcept {
    const auto* p = static_cast<const unsigned char*>(data);
    for (; size >= 8; p += 8, size -= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, 8);
      add(word);
    }
    if (size > 0) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, size);
      add(word | (static_cast<std::uint64_t>(size) << 56));
    }
  }
  constexpr std::uint64_t value() const noexcept {
    return hash_fold(state_ ^ kMultiplier2, kMultiplier1);
  }
  /// The raw running state, for checkpoints.
  constexpr std::uint64_t state() const noexcept { return state_; }
  constexpr void restore(std::uint64_t state) noexcept { state_ = state; }

 private:
  static constexpr std::uint64_t kStart = 0x9E3779B97F4A7C15ULL;
  static constexpr std::uint64_t kMultiplier1 = 0xA0761D6478BD642FULL;
  static constexpr std::uint64_t kMultiplier2 = 0xE7037ED1A0B428DBULL;
  std::uint64_t state_;
};

/// Counter-based random draw (trading.md 3): depends on its four arguments alone, so it does not
/// depend on call order and survives restarts.
constexpr std::uint64_t random_draw(std::uint64_t seed, std::uint64_t stream, std::uint64_t id,
                                    std::uint64_t n) noexcept {
  Hasher h(seed);
  h.add(stream);
  h.add(id);
  h.add(n);
  return h.value();
}

/// Maps a draw to [0, 1) with 53 bits.
constexpr double to_unit_interval(std::uint64_t draw) noexcept {
  return static_cast<double>(draw >> 11) * 0x1.0p-53;
}

}  // namespace pinstripe
