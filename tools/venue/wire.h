// What the server's sessions share. Only server.cpp, http_session.cpp and stream_session.cpp, the
// files that know Boost.Beast, include this.
#pragma once

#include <utility>  // asio of Boost 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <set>

#include "tools/venue/server.h"

namespace pinstripe::venue {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using TlsSocket = beast::ssl_stream<beast::tcp_stream>;
using UpgradeRequest = http::request<http::string_body>;

/// An open WebSocket, as the server sees it.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  virtual const VenueProtocol& protocol() const = 0;
  virtual void go_away() = 0;  // close handshake with 1001
  virtual void cut() = 0;      // TCP reset
  virtual void freeze() = 0;   // silent from now on, the connection open
};

struct ServerWire {
  asio::io_context context{1};
  asio::ssl::context tls{asio::ssl::context::tls_server};
  asio::ip::tcp::acceptor acceptor{context};
  asio::steady_timer ticker{context};
  asio::steady_timer life_timer{context};
  asio::steady_timer end_timer{context};
  asio::signal_set signals{context};
  ServerSetup setup;
  std::set<OpenStream*> streams;
  std::vector<std::shared_ptr<OpenStream>> frozen;  // half-open ones, kept to the end
  bool is_ending = false;

  /// Null where no protocol serves the path.
  VenueProtocol* protocol_of(std::string_view path) const {
    for (VenueProtocol* p : setup.protocols) {
      if (p->serves(path)) return p;
    }
    return nullptr;
  }
  FaultBoard& faults() const { return *setup.faults; }
};

/// Serves one TCP connection until its end; it keeps itself alive.
void begin_http_session(ServerWire& wire, asio::ip::tcp::socket socket);
/// Goes on with a connection that asked for a WebSocket.
void begin_stream(ServerWire& wire, VenueProtocol& protocol, TlsSocket socket,
                  UpgradeRequest request);

}  // namespace pinstripe::venue
