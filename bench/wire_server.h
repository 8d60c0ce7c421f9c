// The server of the wire bench: one process that sends recorded frames over TLS at given times, by
// plain OpenSSL and blocking sockets. What it sends is encrypted beforehand; the stamp is taken
// right before the bytes are given to the kernel.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "bench/venue_frames.h"

namespace pinstripe::bench {

/// One turn: what the next connection gets.
struct WirePlan {
  std::uint64_t frames = 0;
  std::int64_t interval_ns = 0;  // between two; 0: as fast as it goes, many to one send
  bool is_bare = false;          // plain bytes behind a 4-byte length, no TLS, no WebSocket
};

/// The server's process and what it shares with this one.
class WireServer {
 public:
  static constexpr std::uint64_t kFramesMax = 4'000'000;

  /// Forks; the server runs on `core`. `folder` gets the certificate.
  WireServer(const Frames& frames, const std::string& folder, int core);
  ~WireServer();
  WireServer(const WireServer&) = delete;

  /// To be set before the connection of the turn is made.
  void plan(const WirePlan& plan) noexcept;
  std::uint16_t port() const noexcept;
  const std::string& ca_file() const noexcept { return ca_file_; }
  /// Counter (read_counter) right before frame `n` of this turn was given to the kernel.
  std::uint64_t sent_at(std::uint64_t n) const noexcept;

 private:
  struct Shared;
  void serve(const Frames& frames, int listener, int core);

  Shared* shared_;
  std::string ca_file_;
  pid_t pid_ = 0;
};

}  // namespace pinstripe::bench
