// HTTP responses of arbitrary bytes: however the stream is cut, the same response or the same
// fault, bodies within the limit; and the answer to a WebSocket handshake is judged without harm.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "shm/net/http_parser.h"
#include "shm/net/ws_handshake.h"

namespace {

using namespace pinstripe::net;

constexpr HttpParser::Options kLimits{.head_bytes_max = 2'000, .body_bytes_max = 4'000};

struct Kept {
  int status;
  HttpFault fault;
  bool keeps_alive;
  std::string fields, body;
  bool operator==(const Kept&) const = default;
};

/// The first response of the stream, which ends behind its bytes.
Kept run(const std::uint8_t* data, std::size_t size, std::size_t piece) {
  static HttpParser parser(kLimits);
  parser.begin_stream();
  HttpStep step = HttpStep::kNeedMore;
  while (size != 0 && step == HttpStep::kNeedMore) {
    const std::size_t n = piece < size ? piece : size;
    const std::span<char> room = parser.writable();
    if (room.size() < n) __builtin_trap();
    std::memcpy(room.data(), data, n);
    parser.commit(n);
    data += n;
    size -= n;
    step = parser.next();
  }
  if (step == HttpStep::kNeedMore) step = parser.end_of_stream();
  if (step == HttpStep::kFault) return {0, parser.fault(), false, "", ""};
  const HttpResponse& r = parser.response();
  if (r.body.size() > kLimits.body_bytes_max) __builtin_trap();
  if (r.status < 100 || r.status > 999) __builtin_trap();
  static const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  const auto terms = check_ws_response(r, key, true);
  if (terms && (terms->server_window_bits < 8 || terms->server_window_bits > 15)) __builtin_trap();
  return {r.status, HttpFault::kNone, r.keeps_alive, std::string(r.fields), std::string(r.body)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 30'000) return 0;
  const Kept whole = run(data, size, size + 1);
  for (const std::size_t piece : {1, 7, 500}) {
    if (!(run(data, size, piece) == whole)) __builtin_trap();
  }
  return 0;
}
