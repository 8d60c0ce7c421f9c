// A certificate authority made at start, and the server's certificate signed by it: EC P-256, valid
// for a year, for "localhost", 127.0.0.1, ::1 and the venues' own host names, so that a client that
// is sent here under such a name verifies it as ever. Clients trust the authority's PEM file;
// nothing of it is kept, so that no secret lies on disk.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "shm/base/result.h"

namespace pinstripe::venue {

struct Authority {
  std::string ca_pem;       // what clients trust
  std::string leaf_pem;     // the server's certificate
  std::string leaf_key_pem;
};

/// Hosts of the protocols that are served, as the venues name them.
inline constexpr std::array<std::string_view, 8> kVenueHosts{
    "stream.binance.com", "api.binance.com", "fstream.binance.com", "fapi.binance.com",
    "stream.bybit.com",   "api.bybit.com",   "ws.okx.com",          "www.okx.com"};

/// How the server's certificate is wrong, for tests of clients.
enum class LeafFault { kNone, kOtherHost, kExpired, kUntrusted };

Result<Authority> make_authority(LeafFault fault);

}  // namespace pinstripe::venue
