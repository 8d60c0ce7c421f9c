// A WebSocket client (RFC 6455) over TLS, on a Loop.
//
//   idle -> connecting -> handshake -> open -> closing -> idle
//
// Pings are answered by themselves. Messages go to the owner as spans of the parser's buffer: no
// copy, no allocation. A peer that breaks the protocol is told why (1002, 1007, 1009) and left.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shm/net/frame_parser.h"
#include "shm/net/frame_writer.h"
#include "shm/net/http_parser.h"
#include "shm/net/tls_stream.h"
#include "shm/net/ws_handshake.h"

namespace pinstripe::net {

/// One message; followed by kMessagePadding readable bytes, gone when the handler returns.
struct WsMessage {
  std::string_view payload;
  std::int64_t receive_ns = 0;  // of its last byte's arrival, CLOCK_REALTIME
  bool is_text = true;
};

/// Status codes that never go over the wire.
inline constexpr std::uint16_t kClosedAbnormally = 1006;

struct WsClosed {
  std::uint16_t code = kClosedAbnormally;  // the peer's, ours where it broke the protocol, or 1006
  bool was_open = false;                   // the handshake had succeeded
  bool is_certificate = false;             // the peer is not whom it should be
  std::string_view reason;                 // the peer's words
  std::string text;                        // what happened, for people
};

class WebSocketEvents {
 public:
  virtual void on_ws_open() noexcept = 0;
  virtual void on_ws_message(const WsMessage& message) noexcept = 0;
  virtual void on_ws_pong(std::string_view) noexcept {}
  /// A ping has come; its answer is sent already.
  virtual void on_ws_ping(std::string_view) noexcept {}
  /// Once for each connect(). The socket may connect again from here.
  virtual void on_ws_closed(const WsClosed& closed) noexcept = 0;

 protected:
  ~WebSocketEvents() = default;
};

struct WsOptions {
  std::size_t message_bytes_max = 16u << 20;
  std::size_t send_bytes_max = 64u << 10;         // of one message that is sent
  std::int64_t open_ns_max = 10'000'000'000;      // TCP, TLS and handshake together
  std::int64_t close_ns_max = 2'000'000'000;      // the peer's answer to a close
  std::int64_t ping_after_ns = 0;                 // of silence; 0: never
  std::int64_t silence_ns_max = 0;                // then it counts as dead; 0: for ever
  TlsStream::Options tls;
};

class WebSocket final : private StreamEvents {
 public:
  WebSocket(Loop& loop, const TlsContext& context, WebSocketEvents& events,
            const WsOptions& options);

  /// Begins; must be idle. `request.host` may be empty: it is made from the endpoint.
  void connect(const Endpoint& endpoint, const WsRequest& request, std::int64_t now_ns) noexcept;
  /// False where it is not open or the queue is full; nothing was sent then.
  bool send_text(std::string_view payload) noexcept;
  bool send_binary(std::string_view payload) noexcept;
  bool send_ping(std::string_view payload) noexcept;
  /// From within on_ws_message: the message's span stays valid, and no event but on_time's follows,
  /// until resume(). The loop must not be polled meanwhile. So an owner takes messages one at a
  /// time, without a copy.
  void pause() noexcept;
  /// Goes on; the next message may come from within.
  void resume() noexcept;
  /// Begins the closing handshake; on_ws_closed follows. Before it is open: ends it at once.
  void close(std::uint16_t code, std::string_view reason, std::int64_t now_ns) noexcept;
  /// Deadlines, pings, silence; call it a few times a second. `now_ns`: Loop::now_ns().
  void on_time(std::int64_t now_ns) noexcept;

  bool is_open() const noexcept { return state_ == State::kOpen; }
  bool is_idle() const noexcept { return state_ == State::kIdle; }
  bool is_compressed() const noexcept { return terms_.is_on; }
  const TlsStream& tls() const noexcept { return stream_; }

 private:
  enum class State : std::uint8_t { kIdle, kConnecting, kHandshake, kOpen, kClosing };

  void on_stream_open() noexcept override;
  std::span<char> read_room() noexcept override;
  void on_read(std::size_t bytes, std::int64_t realtime_ns) noexcept override;
  void on_stream_end(const StreamEnd& end) noexcept override;

  void read_handshake() noexcept;
  bool open_parser(const Result<DeflateTerms>& terms) noexcept;
  void read_frames(std::int64_t realtime_ns) noexcept;
  void take(const FrameEvent& event, std::int64_t realtime_ns) noexcept;
  void take_close(const FrameEvent& event) noexcept;
  bool send(SendOpcode opcode, std::string_view payload) noexcept;
  void send_close(std::uint16_t code, std::string_view reason) noexcept;
  void finish(WsClosed closed) noexcept;

  WebSocketEvents& events_;
  WsOptions options_;
  TlsStream stream_;
  HttpParser http_;
  std::unique_ptr<FrameParser> parser_;
  std::vector<char> outgoing_;
  MaskSource masks_;
  WsRequest request_;
  std::string key_;
  DeflateTerms terms_;
  State state_ = State::kIdle;
  bool was_open_ = false;
  bool has_close_ = false;           // the peer's close has come
  bool has_sent_close_ = false;
  std::uint16_t close_code_ = 0;     // its code
  std::string close_reason_;
  std::int64_t deadline_ns_ = 0;     // of the handshake or of the close
  bool is_paused_ = false;
  std::int64_t paused_ns_ = 0;       // when the paused message came
  bool has_heard_ = false;           // something came since the last on_time()
  bool has_pinged_ = false;          // since something came
  std::int64_t heard_ns_ = 0;        // about when something came last
};

}  // namespace pinstripe::net
