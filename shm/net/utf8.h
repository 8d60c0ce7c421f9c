// UTF-8 by pieces: a text message is checked as its bytes arrive, so that a bad one is known before
// its end (RFC 6455 8.1), and a character may be cut anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pinstripe::net {

/// Accepts exactly the sequences of RFC 3629: no surrogates, nothing overlong, at most U+10FFFF.
class Utf8Checker {
 public:
  void reset() noexcept { *this = Utf8Checker{}; }

  /// False at the first byte that no valid text has; afterwards only reset() is of use.
  bool feed(std::string_view bytes) noexcept {
    const char* p = bytes.data();
    const char* const end = p + bytes.size();
    while (p != end) {
      if (missing_ == 0) p = past_ascii(p, end);
      if (p == end) break;
      if (!take(static_cast<std::uint8_t>(*p++))) return false;
    }
    return true;
  }
  /// No character is half read: the text may end here.
  bool is_complete() const noexcept { return missing_ == 0; }

 private:
  static const char* past_ascii(const char* p, const char* end) noexcept {
    constexpr std::uint64_t kHigh = 0x8080'8080'8080'8080;
    while (end - p >= 32) {
      std::uint64_t w[4];
      std::memcpy(w, p, sizeof(w));
      if (((w[0] | w[1] | w[2] | w[3]) & kHigh) != 0) break;
      p += 32;
    }
    while (p != end && (static_cast<std::uint8_t>(*p) & 0x80) == 0) ++p;
    return p;
  }
  bool take(std::uint8_t b) noexcept {
    if (missing_ != 0) {
      if (b < lowest_ || b > highest_) return false;
      lowest_ = 0x80;
      highest_ = 0xBF;
      --missing_;
      return true;
    }
    return begin(b);
  }
  /// First byte of a character that is not ASCII; sets what its second byte may be.
  bool begin(std::uint8_t b) noexcept {
    lowest_ = 0x80;
    highest_ = 0xBF;
    if (b < 0xC2 || b > 0xF4) return false;
    missing_ = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
    if (b == 0xE0) lowest_ = 0xA0;   // overlong
    if (b == 0xED) highest_ = 0x9F;  // surrogates
    if (b == 0xF0) lowest_ = 0x90;   // overlong
    if (b == 0xF4) highest_ = 0x8F;  // above U+10FFFF
    return true;
  }

  std::uint8_t missing_ = 0;     // bytes to come of the character that is half read
  std::uint8_t lowest_ = 0x80;   // bounds of the next of them
  std::uint8_t highest_ = 0xBF;
};

}  // namespace pinstripe::net
