#include "tools/rest/venue_hosts.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "shm/limits/limits_file.h"
#include "shm/ring/session_dir.h"

namespace pinstripe {
namespace {

constexpr RestVenue kVenues[] = {
    {"BINANCE_SPOT", "BINANCE", "api.binance.com"},
    {"BINANCE_USDM", "BINANCE_USDM", "fapi.binance.com"},
    {"BYBIT", "BYBIT", "api.bybit.com"},
    {"BYBIT_LINEAR", "BYBIT_LINEAR", "api.bybit.com"},
    {"OKX", "OKX", "www.okx.com"},
    {"OKX_SWAP", "OKX_SWAP", "www.okx.com"},
};

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

const RestVenue* find_rest_venue(std::string_view venue) noexcept {
  for (const RestVenue& v : kVenues) {
    if (v.venue == venue) return &v;
  }
  return nullptr;
}

std::string rest_venue_names() {
  std::string names;
  for (const RestVenue& v : kVenues) names += (names.empty() ? "" : ", ") + std::string(v.venue);
  return names;
}

Result<net::Endpoint> rest_endpoint(const RestVenue& venue, const RestTarget& target) {
  if (target.address.empty()) return net::resolve(std::string(venue.host), 443);
  auto endpoint = resolve_address(target.address);
  if (endpoint) endpoint->host = venue.host;
  return endpoint;
}

Result<LimiterOptions> rest_limiter_options(const RestTarget& target) {
  if (target.address.empty()) return LimiterOptions{};
  LimiterOptions apart;
  apart.shm_folder = session_root() + "/pinstripe-simulated." + std::to_string(::getuid());
  apart.state_folder = limits_state_folder() + "/simulated";
  std::error_code error;
  std::filesystem::create_directories(apart.shm_folder, error);
  if (error) {
    return fail("cannot make '" + apart.shm_folder + "', where requests to a simulated exchange "
                "are counted: " + error.message());
  }
  return apart;
}

LimitCharge rest_charge(const RestVenue& venue, std::string_view target, std::uint32_t weight,
                        std::string& key) {
  if (!venue.venue.starts_with("OKX")) return {{venue.limit, LimitKind::kRequests}, weight};
  key = "GET " + std::string(target.substr(0, target.find('?')));
  return {{venue.limit, LimitKind::kEndpoint, key}, 1};
}

}  // namespace pinstripe
