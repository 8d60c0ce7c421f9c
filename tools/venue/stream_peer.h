// One open stream, as a protocol sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace pinstripe::venue {

/// A text that several streams send; encoded once.
using SharedText = std::shared_ptr<const std::string>;

/// One open WebSocket, as a protocol sees it. Lives until the protocol's `closed` has returned.
class StreamPeer {
 public:
  virtual ~StreamPeer() = default;
  /// Market data: what message faults act on.
  virtual void send(SharedText text) = 0;
  /// An answer to what the client said: acknowledgements, pongs, refusals.
  virtual void reply(std::string text) = 0;
  /// Close handshake with this code.
  virtual void close(unsigned code, const std::string& reason) = 0;
  virtual const std::string& path() const = 0;   // "/ws/btcusdt@trade", without what follows '?'
  virtual const std::string& query() const = 0;  // "streams=a/b", as it came
};

}  // namespace pinstripe::venue
