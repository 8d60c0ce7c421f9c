#include "feed/live/venue_endpoint.h"

#include <charconv>

namespace pinstripe {
namespace {

Result<net::Endpoint> resolve_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const char* end = address.data() + address.size();
  std::uint16_t port = 0;
  const auto read = std::from_chars(colon == std::string::npos ? end : address.data() + colon + 1,
                                    end, port);
  if (host.empty() || read.ec != std::errc() || read.ptr != end || port == 0) {
    return fail_usage("live.address is '" + address +
                      "', it must be an address and a port, as in 127.0.0.1:8443; without it "
                      "venues are reached at their own hosts");
  }
  return net::resolve(host, port);
}

}  // namespace

Result<net::Endpoint> venue_endpoint(std::string_view host, std::uint16_t port,
                                     const std::string& address) {
  if (address.empty()) return net::resolve(std::string(host), port);
  auto endpoint = resolve_address(address);
  if (!endpoint) return endpoint;
  endpoint->host = host;
  endpoint->is_given = true;
  return endpoint;
}

}  // namespace pinstripe
