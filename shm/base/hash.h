// One 64-bit hash for digests, state hashes, layout hashes and counter-based random draws.
//
// Not cryptographic. Word-at-a-time multiply-fold (the 128-bit product's halves xored, as in
// wyhash by Wang Yi); the same on every machine because it only uses integer arithmetic.
#pragma once

#include <array>
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

/// Running hash of messages in four independent lanes, where one lane's chain of multiplications
/// would set the pace (feed's and features' outputs). Another value than Hasher's for the same
/// bytes; order matters as much. Sizes are multiples of 8.
class LaneHasher {
 public:
  static constexpr std::size_t kLanes = 4;
  using State = std::array<std::uint64_t, kLanes>;

  /// One message, whole: its words are dealt to the lanes in turn, from the first lane on.
  void bytes(const void* data, std::size_t size) noexcept {
    const auto* p = static_cast<const unsigned char*>(data);
    std::size_t word = 0;
    for (; (word + kLanes) * 8 <= size; word += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, load(p + 8 * (word + lane)));
    }
    for (std::size_t lane = 0; word * 8 < size; ++word, ++lane) add(lane, load(p + 8 * word));
  }
  std::uint64_t value() const noexcept {
    Hasher h;
    for (const std::uint64_t lane : state_) h.add(lane);
    return h.value();
  }
  /// The raw running state, for checkpoints.
  const State& state() const noexcept { return state_; }
  void restore(const State& state) noexcept { state_ = state; }

 private:
  static std::uint64_t load(const unsigned char* p) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    return word;
  }
  void add(std::size_t lane, std::uint64_t word) noexcept {
    state_[lane] = hash_fold(state_[lane] ^ word ^ kMultiplier1, kMultiplier2) + word;
  }
  static constexpr std::uint64_t kMultiplier1 = 0xA0761D6478BD642FULL;
  static constexpr std::uint64_t kMultiplier2 = 0xE7037ED1A0B428DBULL;
  State state_{0x9E3779B97F4A7C15ULL, 0xC2B2AE3D27D4EB4FULL, 0x165667B19E3779F9ULL,
               0x85EBCA77C2B2AE63ULL};
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
