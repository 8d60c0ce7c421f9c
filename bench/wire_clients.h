// The contestants of the wire bench. Each connects, takes the frames of one turn, gives each to the
// same decoder and ring, and notes the counter when the last event of a frame is in the ring.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/decode_to_ring.h"
#include "bench/wire_server.h"
#include "shm/run/clock.h"

namespace pinstripe::bench {

/// What a turn's frames go into.
class WireSink {
 public:
  WireSink(const Frames& frames, std::uint64_t wanted) : frames_(frames), decode_(frames) {
    arrived_at.reserve(wanted);
  }
  /// One message; kFramePadding bytes behind it are readable. Its content must be the next frame's.
  void take(std::string_view payload) noexcept {
    FeedFrame frame = frames_.frames[arrived_at.size() % frames_.frames.size()];
    is_sound = is_sound && payload.size() == frame.bytes.size();
    frame.bytes = payload;
    is_sound = is_sound && decode_.take(frame);
    arrived_at.push_back(read_counter());
  }

  std::vector<std::uint64_t> arrived_at;
  bool is_sound = true;

 private:
  const Frames& frames_;
  DecodeOnly decode_;
};

/// False where the connection failed; standard error says why.
bool receive_ours(const WireServer& server, std::uint64_t frames, WireSink& sink);
/// The same, but the kernel sends TCP's acknowledgements when it likes (shm/net/loop.h).
bool receive_ours_kernel_acks(const WireServer& server, std::uint64_t frames, WireSink& sink);
/// Boost.Beast: io_context::poll in a loop, or blocking reads.
bool receive_beast_polling(const WireServer& server, std::uint64_t frames, WireSink& sink);
bool receive_beast_blocking(const WireServer& server, std::uint64_t frames, WireSink& sink);
/// Bare TCP, recv in a loop, nothing decoded: what the kernel alone takes.
bool receive_bare(const WireServer& server, std::uint64_t frames, WireSink& sink);

}  // namespace pinstripe::bench
