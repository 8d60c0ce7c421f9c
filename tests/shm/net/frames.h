// Frames as a server would send them, written plainly, and a parser fed in pieces.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "shm/net/frame_parser.h"

namespace pinstripe::net {

enum Op : unsigned { kOpContinue = 0, kOpText = 1, kOpBinary = 2, kOpClose = 8, kOpPing = 9,
                     kOpPong = 10 };

/// One unmasked frame. `flags`: 0x80 FIN, 0x40 / 0x20 / 0x10 the reserved bits.
inline std::string server_frame(unsigned op, const std::string& payload, unsigned flags = 0x80) {
  std::string f(1, static_cast<char>(flags | op));
  const std::uint64_t n = payload.size();
  const unsigned bytes = n < 126 ? 0 : n < 65'536 ? 2 : 8;
  f += static_cast<char>(bytes == 0 ? n : bytes == 2 ? 126 : 127);
  for (unsigned i = bytes; i-- > 0;) f += static_cast<char>(n >> (8 * i));
  return f + payload;
}

inline std::string close_frame(unsigned code, const std::string& reason = "") {
  return server_frame(kOpClose, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} +
                                    reason);
}

/// permessage-deflate's sending half over plain zlib; keeps its window from message to message.
class Deflater {
 public:
  explicit Deflater(int window_bits = 15, int flush = Z_SYNC_FLUSH) : flush_(flush) {
    deflateInit2(&z_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
  }
  ~Deflater() { deflateEnd(&z_); }
  Deflater(const Deflater&) = delete;

  std::string operator()(const std::string& plain) {
    std::string out(plain.size() * 2 + 1024, '\0');
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    z_.avail_in = static_cast<uInt>(plain.size());
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    z_.avail_out = static_cast<uInt>(out.size());
    deflate(&z_, flush_);
    out.resize(out.size() - z_.avail_out);
    if (flush_ == Z_FINISH) {
      deflateReset(&z_);
      return out + std::string(1, '\0');  // RFC 7692 7.2.3.4
    }
    return out.substr(0, out.size() - 4);
  }
  void forget() { deflateReset(&z_); }

 private:
  z_stream z_{};
  int flush_;
};

/// An event with its payload copied.
struct Seen {
  FrameKind kind = FrameKind::kNeedMore;
  std::string payload;
  unsigned code = 0;
  FrameFault fault = FrameFault::kNone;
  bool operator==(const Seen&) const = default;
  friend void PrintTo(const Seen& s, std::ostream* out) {
    *out << "kind " << static_cast<int>(s.kind) << " code " << s.code << " '"
         << s.payload.substr(0, 80) << "' " << text_of(s.fault);
  }
};

inline Seen text(std::string s) { return {FrameKind::kText, std::move(s)}; }
inline Seen binary(std::string s) { return {FrameKind::kBinary, std::move(s)}; }
inline Seen ping(std::string s) { return {FrameKind::kPing, std::move(s)}; }
inline Seen pong(std::string s) { return {FrameKind::kPong, std::move(s)}; }
inline Seen closed(unsigned code, std::string s = "") {
  return {FrameKind::kClose, std::move(s), code};
}
inline Seen fault(FrameFault f) { return {FrameKind::kFault, "", 0, f}; }

/// Everything that comes out of `bytes`, given in pieces of `piece` bytes. Ends at a fault.
inline std::vector<Seen> feed_in_pieces(FrameParser& sut, std::string_view bytes,
                                        std::size_t piece) {
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    const std::size_t n = std::min({piece, bytes.size(), sut.writable().size()});
    std::memcpy(sut.writable().data(), bytes.data(), n);
    sut.commit(n);
    bytes.remove_prefix(n);
    for (FrameEvent e = sut.next(); e.kind != FrameKind::kNeedMore; e = sut.next()) {
      seen.push_back({e.kind, std::string(e.payload), e.close_code, e.fault});
      if (e.kind == FrameKind::kFault) return seen;
    }
  }
  return seen;
}

}  // namespace pinstripe::net
