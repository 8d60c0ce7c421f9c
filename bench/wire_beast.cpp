// The peers: Boost.Beast's WebSocket over Asio's TLS, as its examples write them, with an executor
// known at compile time and one thread announced, so that neither costs it anything.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>

#include "bench/wire_clients.h"

namespace pinstripe::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Ws = beast::websocket::stream<beast::ssl_stream<Tcp>>;

struct Connection {
  explicit Connection(const WireServer& server) : io(1), tls(asio::ssl::context::tls_client),
                                                  ws(io.get_executor(), tls) {
    tls.load_verify_file(server.ca_file());
    ws.next_layer().set_verify_mode(asio::ssl::verify_peer);
    ws.next_layer().set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    Tcp& socket = ws.next_layer().next_layer();
    socket.connect({asio::ip::address_v4::loopback(), server.port()});
    socket.set_option(asio::ip::tcp::no_delay(true));
    ws.next_layer().handshake(asio::ssl::stream_base::client);
    ws.handshake("127.0.0.1", "/");
    buffer.reserve(4u << 20);  // with room behind every message
  }
  std::string_view message() const {
    const auto data = buffer.data();
    return {static_cast<const char*>(data.data()), data.size()};
  }

  asio::io_context io;
  asio::ssl::context tls;
  Ws ws;
  beast::flat_buffer buffer;
};

/// Reads on for ever: one read begins where another ends.
void read_next(Connection& c, WireSink& sink, bool& is_broken) {
  c.ws.async_read(c.buffer, [&](beast::error_code error, std::size_t) {
    if (error) {
      is_broken = true;
      return;
    }
    sink.take(c.message());
    c.buffer.consume(c.buffer.size());
    read_next(c, sink, is_broken);
  });
}

bool failed(const std::exception& e) {
  std::fprintf(stderr, "pinstripe-bench-wire: Boost.Beast: %s\n", e.what());
  return false;
}

}  // namespace

bool receive_beast_polling(const WireServer& server, std::uint64_t frames, WireSink& sink) try {
  Connection c(server);
  bool is_broken = false;
  read_next(c, sink, is_broken);
  while (!is_broken && sink.arrived_at.size() < frames) c.io.poll();
  return !is_broken;
} catch (const std::exception& e) {
  return failed(e);
}

bool receive_beast_blocking(const WireServer& server, std::uint64_t frames, WireSink& sink) try {
  Connection c(server);
  while (sink.arrived_at.size() < frames) {
    c.ws.read(c.buffer);
    sink.take(c.message());
    c.buffer.consume(c.buffer.size());
  }
  return true;
} catch (const std::exception& e) {
  return failed(e);
}

}  // namespace pinstripe::bench
