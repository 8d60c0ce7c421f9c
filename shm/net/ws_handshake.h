// The opening handshake of RFC 6455 4.1, client side: the request and the check of its answer.
#pragma once

#include <string>

#include "shm/base/result.h"
#include "shm/net/http_parser.h"
#include "shm/net/inflater.h"

namespace pinstripe::net {

struct WsRequest {
  std::string host;           // Host field: name, with the port where it is not 443
  std::string target = "/";   // path and query
  std::string fields;         // more field lines, each with its CR LF
  bool offers_deflate = false;
};

/// 16 random bytes in base64.
std::string make_ws_key();
/// What the server must answer to a key.
std::string ws_accept_of(const std::string& key);
std::string ws_request_text(const WsRequest& request, const std::string& key);
/// The agreed compression, or why this answer opens no WebSocket.
Result<DeflateTerms> check_ws_response(const HttpResponse& response, const std::string& key,
                                       bool offered_deflate);

}  // namespace pinstripe::net
