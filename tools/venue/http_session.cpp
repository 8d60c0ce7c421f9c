// One connection: TLS handshake, then requests and answers in turn, until it ends or becomes a
// WebSocket.
#include <boost/beast/websocket.hpp>

#include "tools/venue/venue_text.h"
#include "tools/venue/wire.h"

namespace pinstripe::venue {
namespace {

constexpr auto kHandshakeTime = std::chrono::seconds(10);
constexpr auto kIdleTime = std::chrono::seconds(75);
constexpr std::uint64_t kBodyMax = 1 << 20;
constexpr std::int64_t kFaultRetryS = 2;

using beast::error_code;

std::string text_of(beast::string_view view) { return {view.data(), view.size()}; }

void read_query(std::string_view query, HttpAsk& ask) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t is = std::min(pair.find('='), pair.size());
    if (is > 0) {
      ask.query[unescaped(pair.substr(0, is))] =
          unescaped(is < pair.size() ? pair.substr(is + 1) : std::string_view{});
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

HttpAsk ask_of(const UpgradeRequest& request, const std::string& address) {
  HttpAsk ask;
  ask.method = text_of(request.method_string());
  const std::string target = text_of(request.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  ask.path = target.substr(0, mark);
  if (mark < target.size()) read_query(std::string_view(target).substr(mark + 1), ask);
  ask.body = request.body();
  ask.address = address;
  return ask;
}

bool is_about_books(std::string_view path) {
  return path.ends_with("/depth") || path.ends_with("/orderbook") || path.ends_with("/books") ||
         path.ends_with("/books-full");
}

/// The answer that a running fault gives in place of the protocol's.
std::optional<HttpAnswer> faulty_answer(FaultBoard& faults, std::string_view name,
                                        const std::string& path) {
  const auto body = [](const char* what) {
    return Json{{"code", -1}, {"msg", std::string("fault injection: ") + what}}.dump();
  };
  if (faults.use(FaultKind::kMaintenance, name, path)) {
    return HttpAnswer{503, body("system maintenance"), {}, 0};
  }
  if (faults.use(FaultKind::kServerError, name, path)) {
    return HttpAnswer{503, body("service unavailable"), {}, 0};
  }
  const bool is_binance = name.starts_with("binance");
  if (faults.use(FaultKind::kBanned, name, path)) {
    HttpAnswer banned{is_binance ? 418U : 403U, body("this address is banned"), {}, 0};
    banned.headers.emplace_back("Retry-After", std::to_string(kFaultRetryS));
    return banned;
  }
  if (faults.use(FaultKind::kTooMany, name, path)) {
    HttpAnswer wait{429, body("too many requests"), {}, 0};
    wait.headers.emplace_back("Retry-After", std::to_string(kFaultRetryS));
    return wait;
  }
  return std::nullopt;
}

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(ServerWire& wire, asio::ip::tcp::socket socket)
      : wire_(wire), stream_(std::move(socket), wire.tls), delay_(wire.context) {
    error_code ignored;
    const auto peer = beast::get_lowest_layer(stream_).socket().remote_endpoint(ignored);
    address_ = peer.address().to_string();
  }

  void begin() {
    beast::get_lowest_layer(stream_).expires_after(kHandshakeTime);
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this()](error_code e) {
                              if (!e) self->read();
                            });
  }

 private:
  void read() {
    parser_.emplace();
    parser_->body_limit(kBodyMax);
    beast::get_lowest_layer(stream_).expires_after(kIdleTime);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code e, std::size_t) {
                       if (e == http::error::end_of_stream) return self->finish();
                       if (!e) self->taken();
                     });
  }

  void taken() {
    UpgradeRequest request = parser_->release();
    const HttpAsk ask = ask_of(request, address_);
    VenueProtocol* protocol = wire_.protocol_of(ask.path);
    if (beast::websocket::is_upgrade(request) && protocol != nullptr && !wire_.is_ending &&
        wire_.faults().find(FaultKind::kMaintenance, protocol->name(), ask.path) == nullptr) {
      if (auto refused = protocol->refuse_stream(address_, wire_.setup.clock())) {
        keep_alive_ = false;
        return send_later(std::move(*refused));
      }
      beast::get_lowest_layer(stream_).expires_never();
      return begin_stream(wire_, *protocol, std::move(stream_), std::move(request));
    }
    HttpAnswer answer;
    if (ask.path.starts_with("/venue/")) {
      answer = wire_.setup.control(ask);
    } else if (protocol == nullptr) {
      answer = {404, Json{{"msg", "no venue serves " + ask.path}}.dump(), {}, 0};
    } else {
      answer = answer_of(*protocol, ask);
    }
    version_ = request.version();
    keep_alive_ = request.keep_alive();
    send_later(std::move(answer));
  }

  HttpAnswer answer_of(VenueProtocol& protocol, const HttpAsk& ask) {
    if (auto faulty = faulty_answer(wire_.faults(), protocol.name(), ask.path)) return *faulty;
    HttpAnswer answer = protocol.answer(ask, wire_.setup.clock());
    const Fault* late = wire_.faults().find(FaultKind::kLateSnapshot, protocol.name(), ask.path);
    if (late != nullptr && is_about_books(ask.path)) {
      wire_.faults().met(FaultKind::kLateSnapshot);
      answer.delay_ms = late->amount_ms;
    }
    return answer;
  }

  void send_later(HttpAnswer answer) {
    if (answer.delay_ms <= 0) return send(answer);
    beast::get_lowest_layer(stream_).expires_never();
    delay_.expires_after(std::chrono::milliseconds(answer.delay_ms));
    delay_.async_wait([self = shared_from_this(), answer = std::move(answer)](error_code e) {
      if (!e) self->send(answer);
    });
  }

  void send(const HttpAnswer& answer) {
    response_ = {};
    response_.result(answer.status);
    response_.version(version_);
    response_.keep_alive(keep_alive_);
    response_.set(http::field::content_type, "application/json;charset=UTF-8");
    for (const auto& [name, value] : answer.headers) response_.set(name, value);
    response_.body() = answer.body;
    response_.prepare_payload();
    beast::get_lowest_layer(stream_).expires_after(kIdleTime);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](error_code e, std::size_t) {
                        if (e) return;
                        if (self->keep_alive_) return self->read();
                        self->finish();
                      });
  }

  void finish() {
    beast::get_lowest_layer(stream_).expires_after(kHandshakeTime);
    stream_.async_shutdown([self = shared_from_this()](error_code) {});
  }

  ServerWire& wire_;
  TlsSocket stream_;
  asio::steady_timer delay_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::string address_;
  unsigned version_ = 11;
  bool keep_alive_ = true;
};

}  // namespace

void begin_http_session(ServerWire& wire, asio::ip::tcp::socket socket) {
  std::make_shared<HttpSession>(wire, std::move(socket))->begin();
}

}  // namespace pinstripe::venue
