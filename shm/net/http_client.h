// An HTTP/1.1 client over TLS, on a Loop: one connection kept alive, one request at a time.
//
// A request that fails is reported, never sent again from here: only its author knows whether that
// is safe. Compression is not offered. Sizes and time are bounded, so a server that drips bytes
// costs no more than one that says nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shm/net/http_parser.h"
#include "shm/net/tls_stream.h"

namespace pinstripe::net {

struct HttpRequest {
  std::string_view method = "GET";
  std::string_view target = "/";  // path and query
  std::string_view fields = {};   // more field lines, each with its CR LF
  std::string_view body = {};
};

struct HttpFailure {
  bool may_have_arrived = false;  // the server may have seen the request
  bool is_certificate = false;
  bool is_not_reached = false;    // no address took the connection
  std::string text;
};

class HttpEvents {
 public:
  /// The response's spans hold until the handler returns. The next request may be sent from here.
  virtual void on_http_response(const HttpResponse& response) noexcept = 0;
  virtual void on_http_failure(const HttpFailure& failure) noexcept = 0;

 protected:
  ~HttpEvents() = default;
};

class HttpClient final : private StreamEvents {
 public:
  struct Options {
    HttpParser::Options limits;
    std::int64_t request_ns_max = 30'000'000'000;  // from send to the last byte, connect included
    std::size_t request_bytes_max = 64u << 10;
    TlsStream::Options tls;
  };

  HttpClient(Loop& loop, const TlsContext& context, const Endpoint& endpoint, HttpEvents& events,
             const Options& options);

  /// Sends it, over the open connection or a new one; must be idle. False where it is too large.
  bool send(const HttpRequest& request, std::int64_t now_ns) noexcept;
  /// Deadlines; call it a few times a second. `now_ns`: Loop::now_ns().
  void on_time(std::int64_t now_ns) noexcept;
  /// Drops the connection and the request under way; no event follows.
  void close() noexcept;

  bool is_idle() const noexcept { return !is_busy_; }
  /// Connections opened so far; fewer than requests where they were kept alive.
  std::uint64_t connections() const noexcept { return connections_; }

 private:
  void on_stream_open() noexcept override;
  std::span<char> read_room() noexcept override;
  void on_read(std::size_t bytes, std::int64_t realtime_ns) noexcept override;
  void on_stream_end(const StreamEnd& end) noexcept override;

  void take(HttpStep step) noexcept;
  void fail_request(HttpFailure failure) noexcept;

  Endpoint endpoint_;
  HttpEvents& events_;
  Options options_;
  TlsStream stream_;
  HttpParser parser_;
  std::string host_;
  std::string outgoing_;  // the request, until it is sent
  bool is_busy_ = false;
  bool is_sent_ = false;
  std::int64_t deadline_ns_ = 0;
  std::uint64_t connections_ = 0;
};

}  // namespace pinstripe::net
