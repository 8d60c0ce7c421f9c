// One host's HTTP connection, asked and waited for: what `VenueRest` keeps of each host.
#pragma once

#include <cstdint>
#include <string>

#include "shm/net/http_client.h"

namespace pinstripe {

/// What came of one request.
struct RestReply {
  int status = 0;               // 0: no whole answer came, `text` says why
  bool is_certificate = false;  // the server is not who it should be
  bool is_not_reached = false;  // no address took the connection
  bool may_have_arrived = false;
  std::string text;             // body, or what went wrong
  std::string fields;           // the header lines as they came
};

class RestConnection final : private net::HttpEvents {
 public:
  RestConnection(net::Loop& loop, const net::TlsContext& tls, const net::Endpoint& endpoint,
                 std::int64_t request_ns_max);

  /// Sends a GET and turns the loop until its answer or failure.
  RestReply get(const std::string& target);

 private:
  void on_http_response(const net::HttpResponse& response) noexcept override;
  void on_http_failure(const net::HttpFailure& failure) noexcept override;

  net::Loop& loop_;
  net::HttpClient client_;
  RestReply reply_;
};

}  // namespace pinstripe
