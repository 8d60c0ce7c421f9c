// WebSocket frames of arbitrary bytes. The first byte sets the terms: compression, window, limit.
// However the stream is cut, the same events come out; none is larger than the limit; text is UTF-8
// as a plain second check finds.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "shm/net/frame_parser.h"

namespace {

using namespace pinstripe::net;

struct Kept {
  FrameKind kind;
  FrameFault fault;
  std::uint16_t code;
  std::string payload;
  bool operator==(const Kept&) const = default;
};

/// The textbook definition: decode each character and look at its number.
bool is_plain_utf8(const std::string& s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto b = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
    const unsigned n = b(i) < 0x80 ? 1 : b(i) >> 5 == 6 ? 2 : b(i) >> 4 == 14 ? 3
                       : b(i) >> 3 == 30 ? 4 : 0;
    if (n == 0 || i + n > s.size()) return false;
    std::uint32_t code = n == 1 ? b(i) : b(i) & (0x7Fu >> n);
    for (unsigned k = 1; k < n; ++k) {
      if (b(i + k) >> 6 != 2) return false;
      code = code << 6 | (b(i + k) & 0x3F);
    }
    const std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    i += n;
  }
  return true;
}

std::vector<Kept> run(const FrameParser::Options& options, const std::uint8_t* data,
                      std::size_t size, std::size_t piece) {
  const auto parser = FrameParser::open(options).value();
  std::vector<Kept> kept;
  unsigned sum = 0;
  while (size != 0) {
    const std::size_t n = piece < size ? piece : size;
    const std::span<char> room = parser->writable();
    if (room.size() < n) __builtin_trap();
    std::memcpy(room.data(), data, n);
    parser->commit(n);
    data += n;
    size -= n;
    for (FrameEvent e = parser->next(); e.kind != FrameKind::kNeedMore; e = parser->next()) {
      const bool is_message = e.kind == FrameKind::kText || e.kind == FrameKind::kBinary;
      if (e.payload.size() > (is_message ? options.message_bytes_max : 125)) __builtin_trap();
      kept.push_back({e.kind, e.fault, e.close_code, std::string(e.payload)});
      if (e.kind == FrameKind::kText && !is_plain_utf8(kept.back().payload)) __builtin_trap();
      if (is_message) {  // the padding may be read
        for (std::size_t i = 0; i < kMessagePadding; ++i) {
          sum += static_cast<unsigned char>(*(e.payload.data() + e.payload.size() + i));
        }
      }
      if (e.kind == FrameKind::kFault) return kept;
    }
  }
  static volatile unsigned sink = 0;
  sink = sum;
  return kept;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 16'000) return 0;
  const unsigned terms = data[0];
  FrameParser::Options options;
  options.message_bytes_max = (terms & 1) != 0 ? 200 : 20'000;
  options.deflate.is_on = (terms & 2) != 0;
  options.deflate.server_no_context_takeover = (terms & 4) != 0;
  options.deflate.server_window_bits = 8 + static_cast<int>(terms >> 3 & 7);
  const auto whole = run(options, data + 1, size - 1, size);
  for (const std::size_t piece : {1, 3, 100}) {
    if (run(options, data + 1, size - 1, piece) != whole) __builtin_trap();
  }
  return 0;
}
