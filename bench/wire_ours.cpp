// Our client, and the bare TCP path below both.
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "bench/machine.h"
#include "bench/wire_clients.h"
#include "shm/net/websocket.h"

namespace pinstripe::bench {
namespace {

struct Receiver final : net::WebSocketEvents {
  explicit Receiver(WireSink& s) : sink(s) {}
  void on_ws_open() noexcept override {}
  void on_ws_message(const net::WsMessage& m) noexcept override { sink.take(m.payload); }
  void on_ws_closed(const net::WsClosed& c) noexcept override {
    std::fprintf(stderr, "pinstripe-bench-wire: our client: %s\n", c.text.c_str());
    is_closed = true;
  }
  WireSink& sink;
  bool is_closed = false;
};

bool receive(const WireServer& server, std::uint64_t frames, WireSink& sink,
             const net::Loop::Options& options) {
  auto loop = net::Loop::open(options);
  auto tls = net::TlsContext::open({server.ca_file()});
  auto endpoint = net::resolve("127.0.0.1", server.port());
  for (const Error* e : {loop ? nullptr : &loop.error(), tls ? nullptr : &tls.error(),
                         endpoint ? nullptr : &endpoint.error()}) {
    if (e == nullptr) continue;
    std::fprintf(stderr, "pinstripe-bench-wire: our client: %s\n", e->message.c_str());
    return false;
  }
  Receiver receiver(sink);
  net::WebSocket socket(**loop, **tls, receiver, {});
  socket.connect(*endpoint, {}, net::Loop::now_ns());
  unsigned turns = 0;
  while (!receiver.is_closed && sink.arrived_at.size() < frames) {
    (*loop)->poll();
    if (++turns % 65'536 == 0) socket.on_time(net::Loop::now_ns());
  }
  return !receiver.is_closed;
}

}  // namespace

bool receive_ours(const WireServer& server, std::uint64_t frames, WireSink& sink) {
  return receive(server, frames, sink, {});
}

bool receive_ours_kernel_acks(const WireServer& server, std::uint64_t frames, WireSink& sink) {
  return receive(server, frames, sink, {.late_acks = false});
}

bool receive_bare(const WireServer& server, std::uint64_t frames, WireSink& sink) {
  const auto endpoint = net::resolve("127.0.0.1", server.port());
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const net::Address& a = endpoint->addresses.front();
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&a.storage), a.bytes) != 0) {
    std::perror("pinstripe-bench-wire: bare TCP");
    ::close(fd);
    return false;
  }
  std::vector<char> buffer(1 << 20);
  std::size_t held = 0;
  while (sink.arrived_at.size() < frames) {
    const ssize_t n =
        ::recv(fd, buffer.data() + held, buffer.size() - held, MSG_DONTWAIT);
    if (n == 0) break;
    if (n < 0) continue;
    const std::uint64_t now = read_counter();
    held += static_cast<std::size_t>(n);
    std::size_t at = 0;
    for (std::uint32_t size = 0; held - at >= sizeof(size); at += sizeof(size) + size) {
      std::memcpy(&size, buffer.data() + at, sizeof(size));
      if (held - at < sizeof(size) + size) break;
      sink.arrived_at.push_back(now);
    }
    std::memmove(buffer.data(), buffer.data() + at, held - at);
    held -= at;
  }
  ::close(fd);
  return sink.arrived_at.size() >= frames;
}

}  // namespace pinstripe::bench
