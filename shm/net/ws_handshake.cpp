#include "shm/net/ws_handshake.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <span>

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

std::string base64(std::span<const unsigned char> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the function adds a zero
  const int n = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                  static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::unexpected<Error> refused(const std::string& why) {
  return fail("the server opens no WebSocket: " + why);
}

/// One `name` or `name=value` of an extension; true where it may stand.
bool take_deflate_term(std::string_view term, DeflateTerms& terms) {
  const std::size_t equals = term.find('=');
  const std::string_view name = without_blanks(term.substr(0, equals));
  std::string_view value =
      equals == std::string_view::npos ? "" : without_blanks(term.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  // We never compress, so what it says of our window holds by itself.
  if (name == "client_no_context_takeover") return value.empty();
  if (name == "server_no_context_takeover") {
    const bool is_new = !terms.server_no_context_takeover;
    terms.server_no_context_takeover = true;
    return is_new && value.empty();
  }
  if (name != "server_max_window_bits") return false;  // nothing else was offered
  int& bits = terms.server_window_bits;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
  return error == std::errc{} && end == value.data() + value.size() && bits >= 8 && bits <= 15;
}

Result<DeflateTerms> read_extensions(std::string_view list, bool offered_deflate) {
  DeflateTerms terms;
  if (list.empty()) return terms;
  const std::string quoted = "'" + std::string(list) + "'";
  std::size_t semicolon = list.find(';');
  const std::string_view name = without_blanks(list.substr(0, semicolon));
  if (!offered_deflate || name != "permessage-deflate") {
    return refused("it takes up the extension " + quoted + ", which was not offered");
  }
  terms.is_on = true;
  while (semicolon != std::string_view::npos) {
    list.remove_prefix(semicolon + 1);
    semicolon = list.find(';');
    if (!take_deflate_term(list.substr(0, semicolon), terms)) {
      return refused("the terms of its compression cannot be met: " + quoted);
    }
  }
  return terms;
}

}  // namespace

std::string make_ws_key() {
  std::array<unsigned char, 16> bytes{};
  PINSTRIPE_CHECK(::RAND_bytes(bytes.data(), bytes.size()) == 1, "OpenSSL has no randomness");
  return base64(bytes);
}

std::string ws_accept_of(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64(digest);
}

std::string ws_request_text(const WsRequest& request, const std::string& key) {
  return "GET " + request.target + " HTTP/1.1\r\nHost: " + request.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
         "\r\nSec-WebSocket-Version: 13\r\n" +
         (request.offers_deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") +
         request.fields + "\r\n";
}

Result<DeflateTerms> check_ws_response(const HttpResponse& response, const std::string& key,
                                       bool offered_deflate) {
  if (response.status != 101) {
    return refused("status " + std::to_string(response.status) + " '" +
                   std::string(response.body.substr(0, 200)) +
                   "'; the host did not take the request for a stream: 403 and 429 are its limits "
                   "or a block of this address, 200 and 404 another server (check live.address)");
  }
  if (!equal_in_any_case(response.field("Upgrade"), "websocket") ||
      !list_holds(response.field("Connection"), "upgrade")) {
    return refused("it upgrades to something else");
  }
  if (response.field("Sec-WebSocket-Accept") != ws_accept_of(key)) {
    return refused("Sec-WebSocket-Accept does not answer the key of this request");
  }
  if (!response.field("Sec-WebSocket-Protocol").empty()) {
    return refused("it chose a sub-protocol, and none was offered");
  }
  if (!response.field("Sec-WebSocket-Extensions", 1).empty()) {
    return refused("it names extensions twice");
  }
  return read_extensions(response.field("Sec-WebSocket-Extensions"), offered_deflate);
}

}  // namespace pinstripe::net
