// TLS, HTTP/1.1 and WebSockets of the simulated exchange, by Boost.Beast: one thread, one port for
// all protocols; the path says which one serves. It shares no code with shm/net, whose peer it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/venue/authority.h"
#include "tools/venue/faults.h"
#include "tools/venue/protocol.h"
#include "tools/venue/send_stamps.h"

namespace pinstripe::venue {

/// Milliseconds since 1970; the server's only clock.
using WallClock = std::function<std::int64_t()>;

struct ServerSetup {
  std::string address;
  std::uint16_t port = 0;
  std::int64_t tick_ms = 5;
  Authority authority;
  WallClock clock;
  std::vector<VenueProtocol*> protocols;
  FaultBoard* faults = nullptr;
  SendStamps* stamps = nullptr;  // null: nobody asks when messages left
  /// Answers what is asked below /venue/: the control of the simulation itself.
  std::function<HttpAnswer(const HttpAsk&)> control;
  /// Called every tick_ms with the time.
  std::function<void(std::int64_t)> tick;
};

enum class StreamFate { kCut, kFreeze, kGoAway };  // TCP reset, silence, close handshake

class VenueServer {
 public:
  VenueServer();
  ~VenueServer();
  Result<void> listen(ServerSetup setup);
  std::uint16_t port() const;
  /// Until SIGINT, SIGTERM or, where `for_ms` is above 0, so long; streams are closed in order
  /// (1001) before it returns.
  void run(std::int64_t for_ms);
  /// Ends every stream of the protocol this way; all streams where it is "".
  void each_stream(const std::string& protocol, StreamFate fate);

 private:
  struct Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace pinstripe::venue
