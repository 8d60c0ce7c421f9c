// Frames to a server: masked, never fragmented, never compressed (a client may always choose so).
#pragma once

#include <sys/random.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace pinstripe::net {

enum class SendOpcode : std::uint8_t { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// Bytes of a header in front of the payload, at most.
inline constexpr std::size_t kSendHeaderMax = 14;

/// Writes one frame; `out` must have kSendHeaderMax bytes more than the payload. Its size.
inline std::size_t write_frame(std::span<char> out, SendOpcode opcode, std::string_view payload,
                               const std::array<char, 4>& mask) noexcept {
  const std::uint64_t n = payload.size();
  const unsigned extra = n < 126 ? 0 : n < 65'536 ? 2 : 8;
  std::size_t at = 0;
  out[at++] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  out[at++] = static_cast<char>(0x80 | (extra == 0 ? n : extra == 2 ? 126 : 127));
  for (unsigned i = extra; i-- > 0;) out[at++] = static_cast<char>(n >> (8 * i));
  std::memcpy(out.data() + at, mask.data(), mask.size());
  at += mask.size();
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out[at + i] = static_cast<char>(payload[i] ^ mask[i & 3]);
  }
  return at + payload.size();
}

/// Masks that nobody can foresee (RFC 6455 10.3): the kernel's random bytes, 64 masks at a time.
class MaskSource {
 public:
  std::array<char, 4> next() noexcept {
    if (used_ == pool_.size()) {
      // Cannot fail for so few bytes once the kernel is up; old ones are the only alternative.
      static_cast<void>(::getrandom(pool_.data(), sizeof(pool_), 0));
      used_ = 0;
    }
    return pool_[used_++];
  }

 private:
  std::array<std::array<char, 4>, 64> pool_{};  // getrandom gives up to 256 bytes uninterrupted
  std::size_t used_ = 64;
};

}  // namespace pinstripe::net
