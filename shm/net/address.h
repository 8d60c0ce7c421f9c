// Where a venue is: resolved at open only, so that a name server that hangs never stops a running
// session; reconnects use the addresses that were found.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

/// A server, by the name that its certificate must bear.
struct Endpoint {
  std::string host;  // a name, or an IP address in digits
  std::uint16_t port = 443;
  std::vector<Address> addresses;  // tried in order
  bool is_given = false;  // addresses of the operator's, in place of the host's own

  /// "host:port", for messages.
  std::string name() const { return host + ":" + std::to_string(port); }
};

/// Asks the system's resolver; blocks, so at open only. Addresses in digits need no name server.
Result<Endpoint> resolve(const std::string& host, std::uint16_t port);

/// Whether `host` is an IPv4 or IPv6 address in digits.
bool is_ip_address(const std::string& host) noexcept;

}  // namespace pinstripe::net
