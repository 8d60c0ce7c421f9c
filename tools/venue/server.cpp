#include "tools/venue/server.h"

#include <csignal>
#include <vector>

#include "tools/venue/wire.h"

namespace pinstripe::venue {
namespace {

constexpr auto kGoodbyeTime = std::chrono::milliseconds(500);
using beast::error_code;

void accept_next(ServerWire& wire) {
  wire.acceptor.async_accept([&wire](error_code e, asio::ip::tcp::socket socket) {
    if (wire.is_ending) return;
    if (!e) begin_http_session(wire, std::move(socket));
    accept_next(wire);
  });
}

void tick_on(ServerWire& wire) {
  wire.ticker.expires_after(std::chrono::milliseconds(wire.setup.tick_ms));
  wire.ticker.async_wait([&wire](error_code e) {
    if (e || wire.is_ending) return;
    wire.setup.tick(wire.setup.clock());
    tick_on(wire);
  });
}

void end(ServerWire& wire) {
  if (wire.is_ending) return;
  wire.is_ending = true;
  error_code ignored;
  wire.acceptor.close(ignored);
  wire.ticker.cancel();
  wire.life_timer.cancel();
  wire.signals.cancel(ignored);
  const std::vector<OpenStream*> open(wire.streams.begin(), wire.streams.end());
  for (OpenStream* stream : open) stream->go_away();
  wire.end_timer.expires_after(open.empty() ? std::chrono::milliseconds(0) : kGoodbyeTime);
  wire.end_timer.async_wait([&wire](error_code) { wire.context.stop(); });
}

}  // namespace

struct VenueServer::Wire : ServerWire {};

VenueServer::VenueServer() : wire_(std::make_unique<Wire>()) {}
VenueServer::~VenueServer() { wire_->frozen.clear(); }

Result<void> VenueServer::listen(ServerSetup setup) {
  ServerWire& wire = *wire_;
  wire.setup = std::move(setup);
  const auto refused = [&](const char* what, const error_code& e) {
    return fail("cannot serve on " + wire.setup.address + ":" +
                std::to_string(wire.setup.port) + ": " + what + ": " + e.message() +
                "; choose another address or port in the venue's config");
  };
  error_code e;
  const auto buffer = [](const std::string& text) {
    return asio::buffer(text.data(), text.size());
  };
  wire.tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                       asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1);
  const Authority& a = wire.setup.authority;
  if (wire.tls.use_certificate_chain(buffer(a.leaf_pem + a.ca_pem), e)) {
    return refused("certificate", e);
  }
  if (wire.tls.use_private_key(buffer(a.leaf_key_pem), asio::ssl::context::pem, e)) {
    return refused("private key", e);
  }
  const auto address = asio::ip::make_address(wire.setup.address, e);
  if (e) return refused("address", e);
  const asio::ip::tcp::endpoint place(address, wire.setup.port);
  if (wire.acceptor.open(place.protocol(), e)) return refused("socket", e);
  if (wire.acceptor.set_option(asio::socket_base::reuse_address(true), e)) {
    return refused("socket", e);
  }
  if (wire.acceptor.bind(place, e)) return refused("bind", e);
  if (wire.acceptor.listen(asio::socket_base::max_listen_connections, e)) {
    return refused("listen", e);
  }
  wire.signals.add(SIGINT);
  wire.signals.add(SIGTERM);
  wire.signals.async_wait([&wire](error_code failed, int) {
    if (!failed) end(wire);
  });
  return {};
}

std::uint16_t VenueServer::port() const {
  error_code ignored;
  return wire_->acceptor.local_endpoint(ignored).port();
}

void VenueServer::run(std::int64_t for_ms) {
  accept_next(*wire_);
  tick_on(*wire_);
  if (for_ms > 0) {
    wire_->life_timer.expires_after(std::chrono::milliseconds(for_ms));
    wire_->life_timer.async_wait([this](error_code e) {
      if (!e) end(*wire_);
    });
  }
  wire_->context.run();
}

void VenueServer::each_stream(const std::string& protocol, StreamFate fate) {
  const std::vector<OpenStream*> open(wire_->streams.begin(), wire_->streams.end());
  for (OpenStream* stream : open) {
    if (!protocol.empty() && stream->protocol().name() != protocol) continue;
    wire_->setup.faults->met(fate == StreamFate::kCut      ? FaultKind::kCut
                             : fate == StreamFate::kFreeze ? FaultKind::kHalfOpen
                                                           : FaultKind::kMaintenance);
    if (fate == StreamFate::kCut) stream->cut();
    if (fate == StreamFate::kFreeze) stream->freeze();
    if (fate == StreamFate::kGoAway) stream->go_away();
  }
}

}  // namespace pinstripe::venue
