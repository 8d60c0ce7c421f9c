// What lies between the wire (tools/venue/server.h) and a venue's protocol: requests, answers,
// streams. Nothing here knows sockets, TLS or a venue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/venue/connection_life.h"
#include "tools/venue/stream_peer.h"

namespace pinstripe::venue {

struct HttpAsk {
  std::string method;                        // "GET"
  std::string path;                          // "/api/v3/depth"
  std::map<std::string, std::string> query;  // decoded
  std::string body;
  std::string address;                       // of the client: limits count by it

  std::string value(const std::string& key, const std::string& otherwise = "") const {
    const auto at = query.find(key);
    return at == query.end() ? otherwise : at->second;
  }
  /// A whole number brought into [1, most]; `otherwise` where the key is absent.
  std::int64_t number(const char* key, std::int64_t otherwise, std::int64_t most) const {
    const std::string text = value(key);
    const std::int64_t found = text.empty() ? otherwise : std::strtoll(text.c_str(), nullptr, 10);
    return std::clamp<std::int64_t>(found, 1, most);
  }
};

struct HttpAnswer {
  unsigned status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t delay_ms = 0;  // sent so much later
};

/// Heartbeat of a venue's streams; 0: the server sends no pings and waits for none.
struct StreamRule {
  std::int64_t ping_every_ms = 0;
  std::int64_t pong_within_ms = 0;    // silence that ends the stream
  std::int64_t client_within_ms = 0;  // a client that says nothing for so long is cut
};

class VenueProtocol {
 public:
  virtual ~VenueProtocol() = default;
  virtual std::string_view name() const = 0;  // "binance": what faults are aimed at
  /// True where this protocol serves the path, over HTTP or as a stream.
  virtual bool serves(std::string_view path) const = 0;
  virtual StreamRule rule(std::string_view path) const = 0;
  virtual HttpAnswer answer(const HttpAsk& ask, std::int64_t now_ms) = 0;
  /// The answer to an address that opens streams too often; nothing where it may open one now.
  virtual std::optional<HttpAnswer> refuse_stream(const std::string& address,
                                                  std::int64_t now_ms) = 0;
  virtual void opened(StreamPeer& peer, std::int64_t now_ms) = 0;
  virtual void received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) = 0;
  virtual void closed(StreamPeer& peer) = 0;
  /// Sends what has become due.
  virtual void tick(std::int64_t now_ms) = 0;
  /// The service behind the books of topics that hold this text begins anew, where the venue's
  /// streams show that; how many topics told of it.
  virtual std::size_t restart_books(const std::string& /*holds*/, std::int64_t /*now_ms*/) {
    return 0;
  }
  std::int64_t skew_ms = 0;  // the venue's clock is so far ahead of the time that it is given
  ConnectionLife life;       // planned end of streams, where the venue has one
};

}  // namespace pinstripe::venue
