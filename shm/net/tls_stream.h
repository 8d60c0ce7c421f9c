// One TLS connection over a Loop: TCP connect, handshake with the host's name verified, records.
//
// OpenSSL reads from the loop's receive buffer and decrypts into the space that the owner offers
// (read_room), so a byte is copied by the kernel and by TLS and by nobody else. What it wants to
// send lies in a queue of fixed size until the socket has taken it.
//
// Opening allocates (OpenSSL does); reading and sending afterwards does not.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "shm/net/loop.h"
#include "shm/net/tls_context.h"

struct bio_st;
struct bio_method_st;
struct ssl_session_st;

namespace pinstripe::net {

enum class EndKind : std::uint8_t {
  kNotReached,   // no address took the connection
  kTimedOut,     // not open within the time given
  kCertificate,  // not the host that was asked for, not trusted, or out of date
  kTls,          // an alert or rubbish
  kReset,
  kCut,          // the stream ended without TLS's own end: what came may be cut short
  kClosed,       // properly
};

/// How a connection ended, and a sentence that says so.
struct StreamEnd {
  EndKind kind = EndKind::kClosed;
  std::string text;
};

/// What a stream tells its owner, from poll(), wait(), on_time() and (an end only) connect(). The
/// owner may send and close within each, but not destroy the stream.
class StreamEvents {
 public:
  virtual void on_stream_open() noexcept = 0;
  /// Where the next bytes go; not empty.
  virtual std::span<char> read_room() noexcept = 0;
  virtual void on_read(std::size_t bytes, std::int64_t realtime_ns) noexcept = 0;
  /// Once a connection, unless the owner closed it. The stream may connect again.
  virtual void on_stream_end(const StreamEnd& end) noexcept = 0;

 protected:
  ~StreamEvents() = default;
};

class TlsStream final : private SocketEvents {
 public:
  struct Options {
    std::int64_t open_ns_max = 10'000'000'000;  // for TCP and the handshake together
    std::size_t queue_bytes = 256 * 1024;       // encrypted bytes that wait for the socket
  };

  TlsStream(Loop& loop, const TlsContext& context, StreamEvents& events, const Options& options);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Begins; the stream must be idle. What fails comes through on_stream_end.
  void connect(const Endpoint& endpoint, std::int64_t now_ns) noexcept;
  /// Takes all of it or, where the queue has no room or the stream is not open, nothing (false).
  bool send(std::string_view bytes) noexcept;
  /// From within on_read: no further on_read before resume(). What of the receive at hand is still
  /// encrypted is kept; the owner must not poll the loop meanwhile.
  void pause() noexcept { is_paused_ = true; }
  /// Goes on with what was kept; on_read, even an end, may follow from within.
  void resume() noexcept;
  /// Says goodbye and closes; no event follows.
  void close() noexcept;
  /// Looks at the deadline; call it a few times a second. `now_ns`: Loop::now_ns().
  void on_time(std::int64_t now_ns) noexcept;

  bool is_open() const noexcept { return state_ == State::kOpen; }
  bool is_idle() const noexcept { return state_ == State::kIdle; }
  /// The handshake went on with a session of an earlier connection.
  bool is_resumed() const noexcept { return is_resumed_; }
  /// Version and cipher of the open connection, for people.
  std::string description() const;

 private:
  friend class TlsContext;
  enum class State : std::uint8_t { kIdle, kConnecting, kHandshake, kOpen };

  void on_connected(int error) noexcept override;
  void on_received(std::string_view bytes, std::int64_t realtime_ns) noexcept override;
  void on_writable() noexcept override;
  void on_ended(int error) noexcept override;

  void try_next_address(int last_error) noexcept;
  bool start_tls() noexcept;
  void shake_hands() noexcept;
  void read_records(std::int64_t realtime_ns) noexcept;
  void keep_rest(std::int64_t realtime_ns) noexcept;
  void flush() noexcept;
  void end_by_tls(int result) noexcept;
  void end(EndKind kind, const std::string& text) noexcept;
  void tear_down() noexcept;

  static int keep_session(ssl_st* ssl, ssl_session_st* session) noexcept;
  static int bio_read(bio_st* bio, char* out, int bytes) noexcept;
  static int bio_write(bio_st* bio, const char* bytes, int count) noexcept;
  static long bio_control(bio_st* bio, int command, long number, void* pointer) noexcept;
  static bio_method_st* bio_method() noexcept;

  Loop& loop_;
  const TlsContext& context_;
  StreamEvents& events_;
  Options options_;
  Endpoint endpoint_;
  std::size_t next_address_ = 0;
  SocketId socket_;
  State state_ = State::kIdle;
  bool is_resumed_ = false;
  std::int64_t deadline_ns_ = 0;
  ssl_st* ssl_ = nullptr;
  ssl_session_st* session_ = nullptr;  // of the last connection, for the next
  std::string_view incoming_;          // of the receive at hand, not yet read by TLS
  bool is_paused_ = false;
  std::unique_ptr<char[]> kept_;       // room for one receive
  std::string_view rest_;              // of a paused one, in kept_
  std::int64_t rest_ns_ = 0;           // when it came
  std::unique_ptr<char[]> queue_;
  std::size_t queued_ = 0;
};

}  // namespace pinstripe::net
