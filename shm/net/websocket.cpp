#include "shm/net/websocket.h"

#include <array>
#include <cstring>

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

constexpr HttpParser::Options kHandshakeLimits{.head_bytes_max = 16'384,
                                               .body_bytes_max = 65'536};
constexpr std::size_t kReasonMax = 123;
constexpr std::int64_t kNever = INT64_MAX;

TlsStream::Options stream_options(const WsOptions& options) {
  TlsStream::Options tls = options.tls;
  tls.open_ns_max = options.open_ns_max;
  return tls;
}

}  // namespace

WebSocket::WebSocket(Loop& loop, const TlsContext& context, WebSocketEvents& events,
                     const WsOptions& options)
    : events_(events),
      options_(options),
      stream_(loop, context, *this, stream_options(options)),
      http_(kHandshakeLimits),
      outgoing_(options.send_bytes_max + kSendHeaderMax) {
  close_reason_.reserve(kReasonMax);
}

void WebSocket::connect(const Endpoint& endpoint, const WsRequest& request,
                        std::int64_t now_ns) noexcept {
  PINSTRIPE_CHECK(state_ == State::kIdle, "connect on a WebSocket that is in use");
  request_ = request;
  if (request_.host.empty()) {
    const bool is_bare_v6 = endpoint.host.find(':') != std::string::npos;
    request_.host = is_bare_v6 ? "[" + endpoint.host + "]" : endpoint.host;
    if (endpoint.port != 443) request_.host += ":" + std::to_string(endpoint.port);
  }
  http_.begin_stream();
  was_open_ = has_close_ = has_sent_close_ = has_heard_ = has_pinged_ = is_paused_ = false;
  close_code_ = 0;
  close_reason_.clear();
  terms_ = {};
  deadline_ns_ = now_ns + options_.open_ns_max;
  heard_ns_ = now_ns;
  state_ = State::kConnecting;
  stream_.connect(endpoint, now_ns);
}

void WebSocket::on_stream_open() noexcept {
  state_ = State::kHandshake;
  key_ = make_ws_key();
  stream_.send(ws_request_text(request_, key_));
}

std::span<char> WebSocket::read_room() noexcept {
  return state_ == State::kHandshake ? http_.writable() : parser_->writable();
}

void WebSocket::on_read(std::size_t bytes, std::int64_t realtime_ns) noexcept {
  has_heard_ = true;
  if (state_ == State::kHandshake) {
    http_.commit(bytes);
    read_handshake();
  } else {
    parser_->commit(bytes);
  }
  if (state_ == State::kOpen || state_ == State::kClosing) read_frames(realtime_ns);
}

void WebSocket::read_handshake() noexcept {
  const HttpStep step = http_.next();
  if (step == HttpStep::kNeedMore) return;
  if (step == HttpStep::kFault) {
    stream_.close();
    return finish({.reason = {}, .text = std::string("the answer to the handshake is no HTTP: ") +
                                         text_of(http_.fault())});
  }
  if (!open_parser(check_ws_response(http_.response(), key_, request_.offers_deflate))) return;
  // Frames may have come with the answer.
  const std::string_view rest = http_.rest();
  PINSTRIPE_CHECK(rest.size() <= kReadRoom * 2, "more behind a handshake than it may take");
  for (std::string_view left = rest; !left.empty();) {
    const std::span<char> room = parser_->writable();
    const std::size_t n = std::min(room.size(), left.size());
    std::memcpy(room.data(), left.data(), n);
    parser_->commit(n);
    left.remove_prefix(n);
  }
  was_open_ = true;
  state_ = State::kOpen;
  deadline_ns_ = kNever;
  events_.on_ws_open();
}

bool WebSocket::open_parser(const Result<DeflateTerms>& terms) noexcept {
  std::string problem = terms ? "" : terms.error().message;
  if (terms) {
    terms_ = *terms;
    auto parser = FrameParser::open({options_.message_bytes_max, terms_});
    if (parser) {
      parser_ = std::move(*parser);
      return true;
    }
    problem = parser.error().message;
  }
  stream_.close();
  finish({.reason = {}, .text = problem});
  return false;
}

void WebSocket::read_frames(std::int64_t realtime_ns) noexcept {
  while ((state_ == State::kOpen || state_ == State::kClosing) && !is_paused_) {
    const FrameEvent event = parser_->next();
    if (event.kind == FrameKind::kNeedMore) return;
    take(event, realtime_ns);
  }
}

void WebSocket::pause() noexcept {
  is_paused_ = true;
  stream_.pause();
}

void WebSocket::resume() noexcept {
  is_paused_ = false;
  if (state_ == State::kIdle) return;
  read_frames(paused_ns_);
  if (!is_paused_ && state_ != State::kIdle) stream_.resume();
}

void WebSocket::take(const FrameEvent& event, std::int64_t realtime_ns) noexcept {
  switch (event.kind) {
    case FrameKind::kText:
    case FrameKind::kBinary:
      if (state_ != State::kOpen) return;  // behind our close nothing counts
      paused_ns_ = realtime_ns;
      events_.on_ws_message({event.payload, realtime_ns, event.kind == FrameKind::kText});
      return;
    case FrameKind::kPing:
      if (state_ != State::kOpen) return;
      send(SendOpcode::kPong, event.payload);
      events_.on_ws_ping(event.payload);
      return;
    case FrameKind::kPong:
      events_.on_ws_pong(event.payload);
      return;
    case FrameKind::kClose:
      return take_close(event);
    case FrameKind::kFault: {
      const std::uint16_t code = close_code_of(event.fault);
      send_close(code, text_of(event.fault));
      stream_.close();
      return finish({.code = code, .reason = {},
                     .text = std::string("the peer broke the protocol: ") + text_of(event.fault)});
    }
    case FrameKind::kNeedMore: return;
  }
}

/// Answers, and leaves it to the peer to end the connection, for a while.
void WebSocket::take_close(const FrameEvent& event) noexcept {
  has_close_ = true;
  close_code_ = event.close_code;
  close_reason_.assign(event.payload);
  send_close(event.close_code == kCloseWithoutCode ? std::uint16_t{1000} : event.close_code, "");
  if (state_ == State::kOpen) deadline_ns_ = 0;  // set by the next on_time
  state_ = State::kClosing;
}

bool WebSocket::send(SendOpcode opcode, std::string_view payload) noexcept {
  if (payload.size() > options_.send_bytes_max || has_sent_close_) return false;
  const std::size_t bytes = write_frame(outgoing_, opcode, payload, masks_.next());
  return stream_.send({outgoing_.data(), bytes});
}

bool WebSocket::send_text(std::string_view payload) noexcept {
  return state_ == State::kOpen && send(SendOpcode::kText, payload);
}

bool WebSocket::send_binary(std::string_view payload) noexcept {
  return state_ == State::kOpen && send(SendOpcode::kBinary, payload);
}

bool WebSocket::send_ping(std::string_view payload) noexcept {
  return state_ == State::kOpen && payload.size() <= 125 && send(SendOpcode::kPing, payload);
}

void WebSocket::send_close(std::uint16_t code, std::string_view reason) noexcept {
  std::array<char, 2 + kReasonMax> payload{};
  reason = reason.substr(0, kReasonMax);
  payload[0] = static_cast<char>(code >> 8);
  payload[1] = static_cast<char>(code);
  std::memcpy(payload.data() + 2, reason.data(), reason.size());
  send(SendOpcode::kClose, {payload.data(), 2 + reason.size()});
  has_sent_close_ = true;
}

void WebSocket::close(std::uint16_t code, std::string_view reason, std::int64_t now_ns) noexcept {
  if (state_ == State::kIdle || state_ == State::kClosing) return;
  if (state_ != State::kOpen) {
    stream_.close();
    return finish({.reason = {}, .text = "closed by this side before it was open"});
  }
  send_close(code, reason);
  state_ = State::kClosing;
  deadline_ns_ = now_ns + options_.close_ns_max;
}

void WebSocket::on_stream_end(const StreamEnd& end) noexcept {
  if (has_close_) {
    return finish({.code = close_code_, .reason = close_reason_, .text = "closed"});
  }
  WsClosed closed{.reason = {}, .text = end.text};
  closed.is_certificate = end.kind == EndKind::kCertificate;
  finish(std::move(closed));
}

void WebSocket::finish(WsClosed closed) noexcept {
  closed.was_open = was_open_;
  state_ = State::kIdle;
  events_.on_ws_closed(closed);
}

void WebSocket::on_time(std::int64_t now_ns) noexcept {
  stream_.on_time(now_ns);
  if (state_ == State::kIdle) return;
  if (state_ == State::kClosing && deadline_ns_ == 0) deadline_ns_ = now_ns + options_.close_ns_max;
  if (now_ns >= deadline_ns_) {
    stream_.close();
    if (has_close_) {
      return finish({.code = close_code_, .reason = close_reason_, .text = "closed"});
    }
    return finish({.reason = {}, .text = state_ == State::kClosing
                                             ? "the peer did not answer the close"
                                             : "the handshake did not end within the time given"});
  }
  if (has_heard_) {
    has_heard_ = has_pinged_ = false;
    heard_ns_ = now_ns;
  }
  if (state_ != State::kOpen) return;
  const std::int64_t silence_ns = now_ns - heard_ns_;
  if (options_.silence_ns_max != 0 && silence_ns >= options_.silence_ns_max) {
    stream_.close();
    return finish({.reason = {}, .text = "the peer has been silent for too long"});
  }
  if (options_.ping_after_ns != 0 && silence_ns >= options_.ping_after_ns && !has_pinged_) {
    has_pinged_ = send_ping("");
  }
}

}  // namespace pinstripe::net
